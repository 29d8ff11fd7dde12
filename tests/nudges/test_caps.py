"""Never more than one a day and four in seven days, over all dogs; less where it does not help; some left out by lot."""

import datetime as dt
from collections import Counter
from decimal import Decimal
from uuid import UUID

import pytest
from django.db import connection
from pytest_django.fixtures import Settings

from accounts.models import Clinic, User
from rehab.lib.ids import new_id
from rehab.nudges import lot
from rehab.nudges.actions import plan
from rehab.nudges.kinds import BY_CODE, KINDS
from rehab.nudges.models import ClinicNudges, Heartbeat, Nudge, NudgePreference
from rehab.patients.models import Patient
from rehab.programs.models import Program
from tests import make
from tests.make import TODAY
from tests.nudges.families import another_dog, make_families

DAY = dt.timedelta(days=1)
HOUR = dt.timedelta(hours=1)


def send(at: dt.datetime, *, followed: bool | None = None) -> None:
    """All that is waiting goes out."""
    Nudge.objects.filter(state="planned").update(state="sent", finished_at=at, followed=followed)


def evenings(patient: Patient, first: dt.datetime, count: int, *, followed: bool | None = None) -> list[str]:
    """What becomes of the reminder on so many evenings; each day somebody says how the dog is, and does nothing."""
    found = []
    NudgePreference.objects.update(week_enabled=False)
    for number in range(count):
        at = first + number * DAY
        if number:
            make.make_pain(patient, at.date())
        plan(at=at)
        row = Nudge.objects.get(kind="unfinished_day", patient=patient, local_day=at.date())
        found.append(row.reason or row.state)
        send(at)
        # What came of it is known a day later.
        Nudge.objects.filter(local_day__lt=at.date(), state="sent").update(followed=followed)
    return found


def past(patient: Patient, user: User, days_ago: int, kind: str = "unfinished_day", state: str = "sent") -> None:
    at = make.NOW - days_ago * DAY
    Nudge.objects.create(
        clinic=patient.clinic,
        patient=patient,
        user=user,
        kind=kind,
        subject_id=new_id() if kind == "call_clinic" else None,
        local_day=TODAY - days_ago * DAY,
        time_zone="UTC",
        state=state,
        p_send=Decimal("0.80") if state == "withheld" else None,
        planned_at=at,
        next_attempt_at=at,
        expires_at=at + 3 * HOUR,
        finished_at=None if state in Nudge.OPEN_STATES else at,
    )


def test_four_in_any_seven_days(program: Program, evening: dt.datetime) -> None:
    four, none = ["planned"] * 4, ["enough"] * 3
    assert evenings(program.patient, evening, 11) == [*four, *none, *four]


def test_two_dogs_share_the_four(
    program: Program, clinic: Clinic, vet: User, owner: User, evening: dt.datetime
) -> None:
    luna = another_dog(clinic, vet, owner)
    NudgePreference.objects.update(week_enabled=False)
    for number in range(8):
        at = evening + number * DAY
        for patient in (program.patient, luna):
            make.make_pain(patient, at.date())
        plan(at=at)
        send(at)
    sent = Counter(Nudge.objects.filter(state="sent").values_list("local_day", flat=True))
    assert sent == {TODAY + n * DAY: 1 for n in (0, 1, 2, 3, 7)}
    # On its third day Luna is welcomed instead.
    assert Nudge.objects.filter(reason="combined").count() == 4
    assert Nudge.objects.filter(reason="enough").count() == 6


@pytest.mark.parametrize("state", ["planned", "sending", "retry", "sent", "withheld"])
def test_every_state_that_has_had_its_turn_counts(
    program: Program, owner: User, evening: dt.datetime, state: str
) -> None:
    for days_ago in (1, 3, 5, 6):
        past(program.patient, owner, days_ago, kind="next_morning", state=state)
    plan(at=evening)
    assert Nudge.objects.get(local_day=TODAY).reason == "enough"


@pytest.mark.parametrize(
    ("days_ago", "kind", "reason"),
    [
        ((1, 2, 3), "unfinished_day", ""),
        ((1, 2, 3, 7), "unfinished_day", ""),
        ((1, 2, 3, 6), "unfinished_day", "enough"),
        ((1, 2, 3, -1), "checkpoint", "enough"),  # from further east, where it was tomorrow
        ((1, 2, 3, 6), "reply", ""),  # news, safety and the week are not counted
        ((1, 2, 3, 6), "call_clinic", ""),
        ((1, 2, 3, 6), "week", ""),
    ],
)
def test_what_counts_is_prompts_of_seven_days(
    program: Program, owner: User, evening: dt.datetime, days_ago: tuple[int, ...], kind: str, reason: str
) -> None:
    for ago in days_ago:
        past(program.patient, owner, ago, kind=kind)
    plan(at=evening)
    assert Nudge.objects.get(local_day=TODAY).reason == reason


@pytest.mark.parametrize("state", ["suppressed", "expired", "failed"])
def test_what_was_not_sent_does_not_count(program: Program, owner: User, evening: dt.datetime, state: str) -> None:
    for days_ago in (1, 2, 3, 4, 5):
        past(program.patient, owner, days_ago, state="sent")
    Nudge.objects.update(state=state, reason="done")
    plan(at=evening)
    assert Nudge.objects.get(local_day=TODAY).state == "planned"


def test_prompt_of_the_morning_takes_the_evenings_place(program: Program, evening: dt.datetime) -> None:
    make.make_tick(program.prescriptions.order_by("pk")[0], TODAY - DAY)
    plan(at=evening.replace(hour=8, minute=30))
    plan(at=evening)
    assert list(Nudge.objects.order_by("planned_at").values_list("kind", "state", "reason")) == [
        ("next_morning", "planned", ""),
        ("unfinished_day", "suppressed", "one_a_day"),
    ]


def test_lowest_rank_carries_the_day(
    program: Program, owner: User, clinic: Clinic, vet: User, evening: dt.datetime
) -> None:
    """A new dog beside one that is long at it: its welcome, and the rest is told why not."""
    luna = make.make_patient(clinic, vet, owner=owner, name="Luna")
    make.make_program(luna, vet, starts_on=TODAY)
    plan(at=evening)
    assert set(Nudge.objects.filter(user=owner).values_list("kind", "patient__name", "state", "reason")) >= {
        ("welcome", "Luna", "planned", ""),
        ("unfinished_day", "Bruno", "suppressed", "one_a_day"),
        ("unfinished_day", "Luna", "suppressed", "one_a_day"),
    }
    ranks = [kind.rank for kind in KINDS if kind.is_prompt]
    assert len(set(ranks)) == len(ranks)
    assert max(ranks) == BY_CODE[Nudge.Kind.UNFINISHED_DAY].rank


def test_week_comes_although_there_were_four(program: Program, owner: User, evening: dt.datetime) -> None:
    sunday = evening + 4 * DAY
    for days_ago in (0, -1, -2, -3):
        past(program.patient, owner, days_ago)
    make.make_pain(program.patient, sunday.date() - DAY)
    plan(at=sunday)
    rows = dict(Nudge.objects.filter(local_day=sunday.date()).values_list("kind", "reason"))
    assert rows == {"week": "", "unfinished_day": "enough"}


def test_after_three_without_effect_every_other_day(program: Program, evening: dt.datetime) -> None:
    """What came of yesterday's is known only today: so the fourth goes, and the rest begins after it."""
    assert evenings(program.patient, evening, 11, followed=False) == [
        *("planned", "planned", "planned", "planned", "enough", "enough", "enough"),
        *("planned", "every_other_day", "planned", "every_other_day"),
    ]


@pytest.mark.parametrize(("last", "reason"), [((False, False, False), "every_other_day"), ((True, False, False), "")])
def test_one_that_helped_ends_the_rest(
    program: Program, owner: User, evening: dt.datetime, last: tuple[bool, ...], reason: str
) -> None:
    for days_ago, followed in enumerate(last, start=1):
        past(program.patient, owner, days_ago)
        Nudge.objects.filter(local_day=TODAY - days_ago * DAY).update(followed=followed)
    plan(at=evening)
    assert Nudge.objects.get(local_day=TODAY).reason == reason


@pytest.mark.parametrize("kind", [kind.code.value for kind in KINDS if not kind.is_one_a_day])
def test_news_and_safety_are_not_capped(kind: str) -> None:
    found = BY_CODE[Nudge.Kind(kind)]
    assert (found.is_prompt, found.is_by_lot) == (False, False)
    assert kind in {"plan_changed", "phase_reached", "reply", "call_clinic", "clinic_week"}


def test_news_comes_beside_the_prompt_and_after_the_fourth(
    program: Program, owner: User, vet: User, evening: dt.datetime
) -> None:
    for days_ago in (1, 2, 3, 4):
        past(program.patient, owner, days_ago)
    Program.objects.update(created_at=evening - HOUR)
    plan(at=evening)
    assert set(Nudge.objects.filter(local_day=TODAY).values_list("kind", "state", "p_send")) == {
        ("plan_changed", "planned", None),
        ("unfinished_day", "suppressed", None),
    }


def test_one_in_five_is_left_out_and_it_is_written_down(
    clinic: Clinic, vet: User, evening: dt.datetime, settings: Settings
) -> None:
    settings.NUDGE_WITHHELD_PERCENT = 20
    make_families(clinic, vet, 150, dogs=1)
    assert plan(at=evening) == 150
    expected = {
        pk: "withheld" if lot.is_left_out(user_id=pk, day=TODAY, percent=20) else "planned"
        for pk in User.objects.filter(email__startswith="family").values_list("pk", flat=True)
    }
    assert dict(Nudge.objects.values_list("user", "state")) == expected
    assert set(Nudge.objects.values_list("p_send", flat=True)) == {Decimal("0.80")}
    withheld = Nudge.objects.filter(state="withheld")
    assert 15 <= withheld.count() <= 50  # five standard deviations
    assert set(withheld.values_list("reason", "finished_at", "attempts", "channel")) == {("", evening, 0, "")}


def test_same_person_and_day_always_have_the_same_arm(
    clinic: Clinic, vet: User, evening: dt.datetime, settings: Settings
) -> None:
    settings.NUDGE_WITHHELD_PERCENT = 50
    make_families(clinic, vet, 40, dogs=2)
    plan(at=evening)
    before = dict(Nudge.objects.exclude(state="suppressed").values_list("user", "state"))
    assert set(before.values()) == {"planned", "withheld"}
    Nudge.objects.all().delete()
    Heartbeat.objects.all().delete()
    plan(at=evening + HOUR)
    assert dict(Nudge.objects.exclude(state="suppressed").values_list("user", "state")) == before
    # The other dog of a person who is left out gets no message instead.
    assert Nudge.objects.filter(reason="combined").count() == 40


@pytest.mark.parametrize(
    ("measures", "chances"), [(None, {Decimal("0.50")}), (True, {Decimal("0.50")}), (False, {Decimal("1.00")})]
)
def test_clinic_decides_whether_it_measures(
    clinic: Clinic,
    vet: User,
    evening: dt.datetime,
    settings: Settings,
    measures: bool | None,
    chances: set[Decimal],
) -> None:
    settings.NUDGE_WITHHELD_PERCENT = 50
    if measures is not None:
        ClinicNudges.objects.create(clinic=clinic, measures=measures)
    make_families(clinic, vet, 30, dogs=1)
    plan(at=evening)
    assert set(Nudge.objects.values_list("p_send", flat=True)) == chances
    assert Nudge.objects.filter(state="withheld").exists() is (measures is not False)


def test_only_the_frequent_kinds_are_left_to_chance(
    clinic: Clinic, vet: User, evening: dt.datetime, settings: Settings
) -> None:
    settings.NUDGE_WITHHELD_PERCENT = 50
    assert {kind.code.value for kind in KINDS if kind.is_by_lot} == {"unfinished_day", "next_morning"}
    make_families(clinic, vet, 20, dogs=1)
    Program.objects.update(starts_on=TODAY)  # a first day: everybody is welcomed
    plan(at=evening)
    assert set(Nudge.objects.filter(kind="welcome").values_list("state", "p_send")) == {("planned", None)}
    assert not Nudge.objects.filter(state="withheld").exists()


def test_who_is_left_out_has_had_the_turn(program: Program, evening: dt.datetime, settings: Settings) -> None:
    make.make_tick(program.prescriptions.order_by("pk")[0], TODAY - DAY)
    plan(at=evening.replace(hour=8, minute=30))
    Nudge.objects.update(state="withheld", p_send="0.80", finished_at=evening)
    plan(at=evening)
    assert Nudge.objects.get(kind="unfinished_day").reason == "one_a_day"


def test_shares_of_the_lot_are_what_they_are_said_to_be() -> None:
    people = [new_id() for _ in range(2000)]
    days = [TODAY + n * DAY for n in range(10)]
    out = Counter(person for person in people for day in days if lot.is_left_out(user_id=person, day=day, percent=20))
    assert 0.185 < out.total() / 20_000 < 0.215
    # Independent from day to day: of two thousand, ten times one in five all or none is rare.
    assert sum(out[person] == 0 for person in people) < 320
    assert max(out.values()) < 10
    assert not any(lot.is_left_out(user_id=person, day=TODAY, percent=0) for person in people)
    steps = Counter(lot.step(user_id=person, day=TODAY) for person in people)
    assert set(steps) == set(range(16))


def test_messages_are_spread_over_ten_minutes_by_person_and_day(
    clinic: Clinic, vet: User, evening: dt.datetime, settings: Settings
) -> None:
    settings.NUDGE_SPREAD_SECONDS = 600
    make_families(clinic, vet, 60, dogs=1)
    plan(at=evening)
    put_off: dict[UUID, dt.datetime] = dict(Nudge.objects.values_list("user", "next_attempt_at"))
    assert put_off == {user: evening + lot.step(user_id=user, day=TODAY) * dt.timedelta(seconds=40) for user in put_off}
    assert len(set(put_off.values())) > 8


def test_nothing_is_put_off_towards_the_night_nor_is_news(
    clinic: Clinic, vet: User, evening: dt.datetime, settings: Settings
) -> None:
    settings.NUDGE_SPREAD_SECONDS = 600
    make_families(clinic, vet, 30, dogs=1)
    late = evening.replace(hour=20, minute=45)
    NudgePreference.objects.update(remind_minute=20 * 60 + 40)
    Program.objects.update(created_at=late - HOUR)
    plan(at=late)
    assert Counter(Nudge.objects.values_list("kind", "next_attempt_at")) == {
        ("unfinished_day", late): 30,
        ("plan_changed", late): 30,
    }


def test_keys_are_of_version_7_and_of_the_moment(clinic: Clinic, vet: User, evening: dt.datetime) -> None:
    make_families(clinic, vet, 60)
    plan(at=evening)
    keys = list(Nudge.objects.values_list("pk", flat=True))
    assert len(keys) == 120
    assert {(key.version, key.variant) for key in keys} == {(7, "specified in RFC 4122")}
    assert {key.int >> 80 for key in keys} == {int(evening.timestamp() * 1000)}
    assert len({key.int & (1 << 62) - 1 for key in keys}) == 120
    assert {key.hex[16] for key in keys} == set("89ab")


@pytest.mark.postgres
def test_people_are_found_through_the_index(clinic: Clinic, vet: User, evening: dt.datetime) -> None:
    """Among 20,000 a tick reads those of its minute: no plan of it goes through all of their preferences."""
    from rehab.nudges.actions import planning

    zones = ["UTC", "Europe/Madrid", "America/New_York", "Asia/Kolkata"]
    User.objects.bulk_create(User(email=f"p{n}@example.test", time_zone=zones[n % 4]) for n in range(20_000))
    NudgePreference.objects.filter(user__email__endswith="7@example.test").update(remind_minute=19 * 60)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE nudges_nudgepreference, accounts_user")
        cursor.execute(
            f"EXPLAIN {planning.capped_statement()}",
            planning.parameters(evening, last=evening - dt.timedelta(minutes=1)),
        )
        steps = [line for (line,) in cursor.fetchall()]
    assert any("preference_by_zone_and_minute" in step for step in steps)
    assert any("preference_by_zone_and_morning" in step for step in steps)
    assert [step for step in steps if "Seq Scan on nudges_nudgepreference" in step] == []
    assert [step for step in steps if "Seq Scan on accounts_user" in step] == []
