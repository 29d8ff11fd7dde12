"""A clinic's own hours, phones and order of telling: set, refused, kept, and told in words by the same rules."""

import datetime as dt
import re
from collections.abc import Callable, Iterator
from functools import partial
from html import unescape
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from accounts.models import AuditEvent, Clinic, Membership, User
from rehab.guidance.alerting import chain
from rehab.guidance.alerting.chain import EMERGENCY, REVIEW, TODAY, Place, Who
from rehab.guidance.alerting.escalating import escalate
from rehab.guidance.alerting.foretelling import foretell
from rehab.guidance.alerting.settings import (
    AlertSettings,
    BadChainError,
    NotTreatingHereError,
    SettingsChangedError,
    Step,
    set_alert_settings,
    settings_of,
    staff_of,
    warnings_about,
)
from rehab.guidance.models import AlertDelivery, AlertStep, EscalationStep
from rehab.guidance.settings_forms import rearranged
from rehab.lib.opening_hours import BadHoursError, OpeningHours
from rehab.patients.models import Patient
from tests import make
from tests.guidance.alerting.conftest import MINUTE, Raised, raised
from tests.guidance.alerting.test_chain import ALWAYS, ANNA, BEN, CARA, PEOPLE, WEEKDAYS
from tests.make import NOW
from tests.nudges.families import statements

__all__ = ["raised"]

AsUser = Callable[[User], Client]
SATURDAY_NIGHT = dt.datetime(2026, 3, 21, 22, 10, tzinfo=dt.UTC)
WEEK = {str(day): [["08:00", "12:30"], ["14:00", "18:00"]] for day in range(5)}


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOW, tick=False) as clock:
        yield clock


def url(clinic: Clinic, query: str = "") -> str:
    return reverse("guidance:alert-settings", args=[clinic.pk]) + query


def text_of(answer: Any) -> str:
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", answer.content.decode()))).strip()


def now(clinic: Clinic) -> AlertSettings:
    return settings_of(Clinic.objects.get(pk=clinic.pk))


def put(clinic: Clinic, by: User, **changes: Any) -> frozenset[str]:
    before = now(clinic)
    kept = {name: getattr(before, name) for name in ("week", "phone", "emergency_name", "emergency_phone", "chain")}
    wanted = AlertSettings(**{**kept, **changes})
    return set_alert_settings(clinic=clinic, wanted=wanted, seen=before.fingerprint, by=by, at=NOW)


def person(user: User, minutes: int = 5) -> Step:
    return Step(who=Who.PERSON, user=user.pk, minutes=minutes)


# --- Setting them ------------------------------------------------------------------------------------------------------


def test_what_is_set_is_stored_in_its_order_and_audited_once_each(clinic: Clinic, vet: User, admin: User) -> None:
    steps = (person(vet), Step(who=Who.THERAPISTS, minutes=10), Step(who=Who.VETS))
    assert put(clinic, admin, chain=steps, week=WEEK, phone="+1 555 0101") == {"chain", "week", "phones"}
    found = now(clinic)
    assert (found.chain, found.week, found.phone) == (steps, WEEK, "+1 555 0101")
    events = {event.kind: event for event in AuditEvent.objects.filter(actor=admin)}
    assert {kind: event.details for kind, event in events.items()} == {
        "escalation.changed": {"chain": [["person", str(vet.pk), 5], ["therapists", None, 10], ["vets", None, 15]]},
        "opening_hours.changed": {"hours": WEEK},
        "clinic_phones.changed": {"changes": {"phone": "+1 555 0101"}},
    }
    assert {(event.subject_id, event.clinic_id, event.at) for event in events.values()} == {(clinic.pk, clinic.pk, NOW)}


def test_same_again_is_no_change(clinic: Clinic, vet: User) -> None:
    put(clinic, vet, chain=(person(vet),), week=WEEK)
    AuditEvent.objects.all().delete()
    assert put(clinic, vet) == frozenset()
    assert not AuditEvent.objects.exists()


def test_second_of_two_people_at_once_overwrites_nothing(clinic: Clinic, vet: User, admin: User) -> None:
    seen = now(clinic).fingerprint
    put(clinic, vet, chain=(person(vet),))
    with pytest.raises(SettingsChangedError):
        set_alert_settings(clinic=clinic, wanted=AlertSettings(), seen=seen, by=admin, at=NOW)
    assert now(clinic).chain == (person(vet),)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"chain": (Step(who=Who.VETS, minutes=16),)}, BadChainError),
        ({"chain": (Step(who=Who.VETS, minutes=0),)}, BadChainError),
        ({"chain": (Step(who=Who.PERSON),)}, BadChainError),
        ({"chain": (Step(who=Who.VETS),) * 11}, BadChainError),
        ({"week": {"0": [["18:00", "08:00"]]}}, BadHoursError),
        ({"week": {"7": [["08:00", "18:00"]]}}, BadHoursError),
        ({"week": {"0": []}}, BadHoursError),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_kept(
    clinic: Clinic, vet: User, changes: dict[str, Any], error: type[Exception]
) -> None:
    before = now(clinic)
    with pytest.raises(error):
        put(clinic, vet, phone="+1 555 0101", **changes)
    assert now(clinic) == before
    assert not AuditEvent.objects.exists()


@pytest.mark.parametrize("persona", ["outside_vet", "admin", "owner"])
def test_only_who_treats_dogs_here_can_be_told(
    request: pytest.FixtureRequest, clinic: Clinic, vet: User, persona: str
) -> None:
    with pytest.raises(NotTreatingHereError):
        put(clinic, vet, chain=(person(request.getfixturevalue(persona)),))


def test_who_has_left_may_stay_where_they_stood_but_not_come_anew(clinic: Clinic, vet: User, colleague: User) -> None:
    put(clinic, vet, chain=(person(colleague), Step(who=Who.VETS)))
    Membership.objects.filter(user=colleague).update(ended_at=NOW)
    put(clinic, vet, phone="+1 555 0101")
    assert now(clinic).chain[0] == person(colleague)
    put(clinic, vet, chain=(Step(who=Who.VETS),))
    with pytest.raises(NotTreatingHereError):
        put(clinic, vet, chain=(person(colleague),))


def test_alerts_follow_the_chain_that_was_set(
    clinic: Clinic, vet: User, colleague: User, therapist: User, raised: Raised
) -> None:
    put(clinic, vet, chain=(person(therapist, 5), person(colleague, 15)))
    alert = raised("RF01")

    def told() -> list[str]:
        found = AlertDelivery.objects.filter(alert=alert).order_by("level", "user__email")
        return [one.user.email for one in found.select_related("user")]

    assert told() == [therapist.email]
    assert escalate(at=NOW + 4 * MINUTE) == 0
    assert escalate(at=NOW + 5 * MINUTE) == 1
    assert told() == [therapist.email, colleague.email]


# --- What is amiss -----------------------------------------------------------------------------------------------------


def codes(clinic: Clinic) -> list[tuple[str, Any]]:
    found = now(clinic)
    return [(code, about.get("number")) for code, about in warnings_about(found, staff_of(clinic, found))]


def test_warnings_name_places_that_tell_nobody(clinic: Clinic, vet: User, colleague: User, therapist: User) -> None:
    steps = (person(vet), person(colleague), Step(who=Who.THERAPISTS), Step(who=Who.ASSIGNED_VET))
    put(clinic, vet, chain=steps)
    assert codes(clinic) == []
    Membership.objects.filter(user__in=[colleague, therapist]).update(ended_at=NOW)
    User.objects.filter(pk=vet.pk).update(email="nowhere")
    assert codes(clinic) == [("no_address", 1), ("gone", 2), ("no_therapist", 3)]
    User.objects.filter(pk=vet.pk).update(is_active=False)
    Clinic.objects.filter(pk=clinic.pk).update(emergency_phone="")
    assert codes(Clinic.objects.get(pk=clinic.pk)) == [
        *[("gone", 1), ("gone", 2), ("no_therapist", 3), ("no_vet", 4)],
        *[("nobody", None), ("no_emergency_phone", None)],
    ]


# --- What would happen -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("hours", [ALWAYS, WEEKDAYS])
def test_emergency_tells_the_family_when_its_time_is_over(hours: OpeningHours) -> None:
    turns, again = foretell(EMERGENCY, (), PEOPLE, at=SATURDAY_NIGHT, hours=hours)
    assert [((one.at - SATURDAY_NIGHT) // MINUTE, one.is_family_asked) for one in turns] == [
        (0, False),
        (15, True),
        (30, False),
    ]
    assert turns[-1].place is None
    assert (again - SATURDAY_NIGHT) // MINUTE == 45


def test_own_minutes_hurry_the_places_and_the_family_waits_no_longer() -> None:
    own = tuple(Place(who=(Who.PERSON,), person=one, minutes=5) for one in (ANNA, BEN, CARA))
    turns, _again = foretell(EMERGENCY, own, PEOPLE, at=SATURDAY_NIGHT, hours=ALWAYS)
    assert [((one.at - SATURDAY_NIGHT) // MINUTE, one.is_family_asked) for one in turns] == [
        (0, False),
        (5, False),
        (10, False),
        (15, True),
    ]
    assert [one.place and one.place.person for one in turns] == [ANNA, BEN, CARA, None]


def test_less_urgent_signs_wait_for_the_opening_and_a_review_asks_no_family() -> None:
    turns, _again = foretell(TODAY, (), PEOPLE, at=SATURDAY_NIGHT, hours=WEEKDAYS)
    assert [one.at.isoformat() for one in turns[:2]] == ["2026-03-21T22:10:00+00:00", "2026-03-23T12:00:00+00:00"]
    turns, _again = foretell(REVIEW, (), PEOPLE, at=SATURDAY_NIGHT, hours=WEEKDAYS)
    assert not any(one.is_family_asked for one in turns)


def test_clinic_without_people_tells_nobody() -> None:
    [turn], _again = foretell(EMERGENCY, (), chain.People(), at=SATURDAY_NIGHT, hours=ALWAYS)
    assert (turn.is_nobody, turn.is_family_asked, turn.place) == (True, True, None)


def test_what_is_foretold_is_what_happens(
    clinic: Clinic, patient: Patient, vet: User, colleague: User, therapist: User, raised: Raised
) -> None:
    """The story against the log of an alert that nobody takes over."""
    put(clinic, vet, chain=(person(therapist, 5), person(colleague, 7), Step(who=Who.VETS, minutes=15)), week=WEEK)
    alert = raised("RF01")
    for minute in range(1, 40):
        escalate(at=NOW + minute * MINUTE)
    kinds = [AlertStep.Kind.ESCALATED, AlertStep.Kind.FAMILY_TOLD]
    logged = [
        ((one.at - NOW) // MINUTE, one.kind)
        for one in AlertStep.objects.filter(alert=alert, kind__in=kinds, at__lt=NOW + 40 * MINUTE).order_by("at", "pk")
    ]
    found = now(clinic)
    turns, again = foretell(
        EMERGENCY, found.places, staff_of(clinic, found).people, at=NOW, hours=Clinic.objects.get(pk=clinic.pk).hours
    )
    told = [(one.at - NOW) // MINUTE for one in turns[1:]]
    assert [at for at, kind in logged if kind == "escalated"] == told == [5, 12, 27]
    assert [at for at, kind in logged if kind == "family_told"] == [
        (one.at - NOW) // MINUTE for one in turns if one.is_family_asked
    ]
    assert (again - NOW) // MINUTE == 42


# --- The page ----------------------------------------------------------------------------------------------------------


def typed(clinic: Clinic, **changes: str) -> dict[str, str]:
    """What the page of the stored settings would send."""
    found = now(clinic)
    data = {
        "seen": found.fingerprint,
        "phone": found.phone,
        "emergency_name": found.emergency_name,
        "emergency_phone": found.emergency_phone,
        "steps": str(len(found.chain)),
    }
    for day, periods in found.week.items():
        for number, (opens, closes) in enumerate(periods):
            data |= {f"d{day}-{number}-opens": opens, f"d{day}-{number}-closes": closes}
    for number, step in enumerate(found.chain):
        data[f"step-{number}-who"] = f"person:{step.user}" if step.user else step.who.value
        data[f"step-{number}-minutes"] = str(step.minutes)
    return data | {name.replace("__", "-"): value for name, value in changes.items()}


@pytest.mark.parametrize("persona", ["vet", "therapist", "admin"])
def test_who_works_in_the_clinic_sets_hours_and_chain(
    request: pytest.FixtureRequest, as_user: AsUser, clinic: Clinic, vet: User, persona: str
) -> None:
    browser = as_user(request.getfixturevalue(persona))
    assert "No order of your own: the usual one holds." in text_of(browser.get(url(clinic)))
    data = typed(clinic, steps="1", step__0__who=f"person:{vet.pk}", step__0__minutes="5")
    data |= {"d0-0-opens": "08:00", "d0-0-closes": "12:30", "d0-1-opens": "14:00", "d0-1-closes": "00:00"}
    assert browser.post(url(clinic), data).status_code == 302
    found = now(clinic)
    assert found.chain == (person(vet),)
    assert found.week == {"0": [["08:00", "12:30"], ["14:00", "24:00"]]}
    page = browser.get(url(clinic))
    assert "At once: Dr. Vera Lind, by e-mail." in text_of(page)
    assert 'name="d0-1-closes" class="input" value="00:00"' in page.content.decode()


@pytest.mark.parametrize(("persona", "status"), [("outside_vet", 404), ("owner", 404), ("stranger", 404)])
def test_nobody_else_sees_or_sets_them(
    request: pytest.FixtureRequest, as_user: AsUser, clinic: Clinic, persona: str, status: int
) -> None:
    browser = as_user(request.getfixturevalue(persona))
    assert browser.get(url(clinic)).status_code == status
    assert browser.post(url(clinic), typed(clinic, phone="1")).status_code == status
    assert now(clinic).phone == "+1 555 0100"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"d0__0__opens": "08:00"}, "A period has a beginning and an end: write both times."),
        ({"d0__0__opens": "18:00", "d0__0__closes": "08:00"}, "It must close after it opens."),
        (
            {"d0__0__opens": "08:00", "d0__0__closes": "13:00", "d0__1__opens": "12:00", "d0__1__closes": "18:00"},
            "It must open again after it has closed.",
        ),
        ({"d0__0__opens": "soon"}, "Write a time such as 08:30."),
        ({"d0__closed": "on"}, "A clinic that is closed on every day never answers."),
        ({"d0__closed": "on", "d0__0__opens": "08:00", "d0__0__closes": "13:00"}, "Is it closed or open?"),
        ({"steps": "1", "step__0__who": "vets", "step__0__minutes": "16"}, "An emergency waits at most 15 minutes."),
        ({"steps": "1", "step__0__who": "vets", "step__0__minutes": "0"}, "Wait at least 1 minute."),
        ({"steps": "1", "step__0__who": "person:1", "step__0__minutes": "5"}, "Choose somebody who treats dogs here."),
        ({"steps": "1"}, "This field is required."),
        ({"phone": "ask Ben"}, "Write a phone number"),
        ({"emergency_name": "Night\x00"}, "Null characters are not allowed."),
    ],
)
def test_what_cannot_be_is_said_and_what_was_typed_stays(
    as_user: AsUser, clinic: Clinic, vet: User, changes: dict[str, str], said: str
) -> None:
    answer = as_user(vet).post(url(clinic), typed(clinic, **{"emergency_phone": "+1 555 0777", **changes}))
    assert answer.status_code == 422
    assert said in text_of(answer)
    assert 'value="+1 555 0777"' in answer.content.decode()
    assert now(clinic).emergency_phone == "+1 555 0199"


def test_tick_of_closed_closes_a_day_that_was_open(as_user: AsUser, clinic: Clinic, vet: User) -> None:
    put(clinic, vet, week=WEEK)
    as_user(vet).post(url(clinic), typed(clinic, d2__closed="on"))
    assert now(clinic).week == {day: periods for day, periods in WEEK.items() if day != "2"}


def test_second_of_two_people_keeps_what_was_typed_and_decides(
    as_user: AsUser, clinic: Clinic, vet: User, admin: User
) -> None:
    data = typed(clinic, emergency_phone="+1 555 0777")
    put(clinic, vet, chain=(person(vet),), emergency_phone="+1 555 0300")
    browser = as_user(admin)
    answer = browser.post(url(clinic), data)
    assert answer.status_code == 409
    assert "Somebody else changed these settings while you were typing" in text_of(answer)
    assert "1. Dr. Vera Lind (5 min)" in text_of(answer)
    assert "+1 555 0300" in text_of(answer)
    assert 'value="+1 555 0777"' in answer.content.decode()
    assert now(clinic).emergency_phone == "+1 555 0300"
    [seen] = re.findall(r'name="seen" value="(\w+)"', answer.content.decode())
    assert browser.post(url(clinic), {**data, "seen": seen}).status_code == 302
    assert now(clinic).emergency_phone == "+1 555 0777"


def test_buttons_that_change_the_form_save_nothing_and_lose_nothing(
    as_user: AsUser, clinic: Clinic, vet: User, therapist: User
) -> None:
    browser = as_user(vet)
    data = typed(clinic, steps="2", step__0__who="vets", step__0__minutes="x", phone="ask")
    data |= {"step-1-who": f"person:{therapist.pk}", "step-1-minutes": "5"}
    answer = browser.post(url(clinic), {**data, "do": "up-1"})
    page = answer.content.decode()
    assert answer.status_code == 200
    assert "Not saved yet." in text_of(answer)
    chosen = re.findall(r'<option value="([^"]+)" selected', page)
    assert chosen[:2] == [f"person:{therapist.pk}", "vets"]
    assert 'name="phone" class="input" value="ask"' in page
    assert now(clinic) == settings_of(clinic)
    assert not EscalationStep.objects.exists()


ROWS = {
    "steps": "3",
    **{f"step-{n}-{part}": f"{who}{part[0]}" for n, who in enumerate("abc") for part in ("who", "minutes")},
}


@pytest.mark.parametrize(
    ("do", "expected"),
    [
        ("up-1", "bac"),
        ("up-0", "abc"),
        ("down-0", "bac"),
        ("down-2", "abc"),
        ("remove-1", "ac"),
        ("remove-9", "abc"),
        ("up-x", "abc"),
        ("up--1", "abc"),
        ("up-" + "9" * 5000, "abc"),
        ("", "abc"),
        ("shuffle", "abc"),
    ],
)
def test_places_are_moved_and_removed(do: str, expected: str) -> None:
    found = rearranged(ROWS, do)
    assert found["steps"] == str(len(expected))
    rows = [(found[f"step-{n}-who"], found[f"step-{n}-minutes"]) for n in range(len(expected))]
    assert rows == [(f"{one}w", f"{one}m") for one in expected]
    assert f"step-{len(expected)}-who" not in found


def test_places_are_added_up_to_ten() -> None:
    data: dict[str, Any] = {"steps": "9"}
    found = rearranged(data, "add")
    assert (found["steps"], found["step-9-who"], found["step-9-minutes"]) == ("10", "vets", "15")
    assert rearranged(found, "add")["steps"] == "10"
    assert rearranged({"steps": "9999999"}, "add")["steps"] == "1"


def test_monday_is_copied_to_the_other_workdays() -> None:
    found = rearranged({"d0-0-opens": "08:00", "d0-closed": "", "d3-0-opens": "10:00", "d5-0-opens": "09:00"}, "copy")
    assert [found.get(f"d{day}-0-opens") for day in range(7)] == [*["08:00"] * 5, "09:00", None]


def test_preview_tells_of_what_was_typed_and_saves_nothing(as_user: AsUser, clinic: Clinic, vet: User) -> None:
    data = typed(clinic, steps="1", step__0__who=f"person:{vet.pk}", step__0__minutes="5", do="preview")
    answer = as_user(vet).post(url(clinic), data)
    said = text_of(answer)
    assert "What would happen with what you typed A sign comes in on Saturday at 22:10" in said
    assert "At once: Dr. Vera Lind, by e-mail. After 5 minutes: all vets (Dr. Vera Lind) again, by e-mail." in said
    assert "Not saved yet." in said
    assert now(clinic).chain == ()


def test_story_says_who_when_and_whom_the_family_calls(as_user: AsUser, clinic: Clinic, vet: User) -> None:
    browser = as_user(vet)
    said = text_of(browser.get(url(clinic)))
    assert "is told to call the clinic (+1 555 0100) or Night Clinic +1 555 0199." in said
    put(clinic, vet, week=WEEK)
    said = text_of(browser.get(url(clinic)))
    assert "At once: the vet who signed the definition + all vets (Dr. Vera Lind), by e-mail." in said
    assert "After 15 minutes: all vets (Dr. Vera Lind)" in said
    assert "is told to call Night Clinic +1 555 0199." in said
    said = text_of(browser.get(url(clinic, "?day=0&time=10:00")))
    assert "A sign comes in on Monday at 10:00" in said
    assert "is told to call the clinic (+1 555 0100) or Night Clinic +1 555 0199." in said


@pytest.mark.parametrize("query", ["?day=9&time=10:00", "?day=1&time=soon", "?time=10:00"])
def test_moment_that_is_none_says_so_and_the_usual_one_is_told(
    as_user: AsUser, clinic: Clinic, vet: User, query: str
) -> None:
    answer = as_user(vet).get(url(clinic, query))
    assert answer.status_code == 422
    assert "A sign comes in on Saturday at 22:10" in text_of(answer)


def test_page_warns_of_a_place_that_tells_nobody(as_user: AsUser, clinic: Clinic, vet: User, colleague: User) -> None:
    put(clinic, vet, chain=(person(colleague), Step(who=Who.VETS)))
    Membership.objects.filter(user=colleague).update(ended_at=NOW)
    said = text_of(as_user(vet).get(url(clinic)))
    assert "Place 1: Dr. Cai Moss no longer treats dogs here. This place is passed over." in said
    assert "Dr. Cai Moss (no longer here)" in said


def test_admin_is_led_to_it_and_not_to_the_dogs(as_user: AsUser, clinic: Clinic, admin: User, vet: User) -> None:
    browser = as_user(admin)
    assert url(clinic) in browser.get(reverse("accounts:people")).content.decode()
    page = browser.get(url(clinic)).content.decode()
    assert reverse("guidance:worklist") not in page
    assert reverse("guidance:thresholds", args=[clinic.pk]) not in page
    for where in (reverse("guidance:worklist"), reverse("guidance:thresholds", args=[clinic.pk])):
        assert url(clinic) in as_user(vet).get(where).content.decode()


def test_page_costs_as_many_statements_for_any_number_of_people_and_places(
    as_user: AsUser, clinic: Clinic, vet: User
) -> None:
    browser = as_user(vet)
    counts = [statements(partial(browser.get, url(clinic)))]
    more = [make.join(make.make_user(f"v{n}@example.test"), clinic, "vet") for n in range(9)]
    put(clinic, vet, chain=tuple(person(one) for one in more))
    counts.append(statements(partial(browser.get, url(clinic))))
    assert counts == [6, 6]  # session, person, roles, clinic, chain, staff
