"""Teach-back: shown, shown back, taken back; what stands and what is refused."""

import datetime as dt
from typing import Any

import pytest

from accounts.models import AuditEvent, User
from rehab.library.models import Exercise
from rehab.programs.actions import NotAllowed, mark_all_shown, mark_shown, mark_shown_back, withdraw
from rehab.programs.models import Program, TeachBack
from rehab.programs.queries import taught
from tests import make

DAY = dt.timedelta(days=1)


@pytest.fixture
def lesson(plan: Program, walk: Exercise, vet: User, now: dt.datetime, today: dt.date) -> dict[str, Any]:
    return {"program": plan, "exercise": walk, "day": today, "by": vet, "at": now}


def standing() -> list[tuple[str, str]]:
    rows = TeachBack.objects.standing().order_by("exercise__slug", "recorded_at", "kind")
    return list(rows.values_list("exercise__slug", "kind"))


def test_shown_and_shown_back_are_recorded_with_day_and_person(lesson: dict[str, Any], vet: User) -> None:
    shown = mark_shown(**{**lesson, "day": lesson["day"] - 3 * DAY})
    back = mark_shown_back(**lesson)
    assert (shown.day, shown.recorded_by, back.day) == (lesson["day"] - 3 * DAY, vet, lesson["day"])
    assert [event.kind for event in AuditEvent.objects.order_by("pk")] == ["teach_back.shown", "teach_back.shown_back"]
    known = taught(lesson["program"].patient_id, ["leash-walk", "other"])
    assert (known["leash-walk"].shown, known["leash-walk"].shown_back) == (shown, back)
    assert "other" not in known


def test_said_twice_it_stays_as_it_was(lesson: dict[str, Any], colleague: User) -> None:
    first = mark_shown(**{**lesson, "day": lesson["day"] - DAY})
    assert mark_shown(**{**lesson, "by": colleague}) == first
    assert TeachBack.objects.count() == AuditEvent.objects.count() == 1


def test_shown_back_needs_shown_before(lesson: dict[str, Any]) -> None:
    with pytest.raises(NotAllowed, match="First show it"):
        mark_shown_back(**lesson)
    mark_shown(**lesson)
    with pytest.raises(NotAllowed, match="First show it"):
        mark_shown_back(**{**lesson, "day": lesson["day"] - DAY})
    assert standing() == [("leash-walk", "shown")]


@pytest.mark.parametrize("days", [1, -21])
def test_day_lies_between_the_program_and_today(lesson: dict[str, Any], days: int) -> None:
    """The plan was written twenty days ago."""
    day = lesson["day"] + days * DAY
    for act in (mark_shown, mark_shown_back):
        with pytest.raises(NotAllowed, match="Choose a day"):
            act(**{**lesson, "day": day})
    with pytest.raises(NotAllowed, match="Choose a day"):
        mark_all_shown(program=lesson["program"], day=day, by=lesson["by"], at=lesson["at"])
    assert standing() == []


def test_exercise_is_shown_on_the_day_before_the_program_begins(lesson: dict[str, Any]) -> None:
    Program.objects.update(starts_on=lesson["day"] + DAY, created_at=lesson["at"])
    program = Program.objects.get()
    assert mark_shown(**{**lesson, "program": program}).day == lesson["day"]


def test_who_was_not_shown_cannot_have_shown_it_back(lesson: dict[str, Any], vet: User, now: dt.datetime) -> None:
    shown = mark_shown(**lesson)
    back = mark_shown_back(**lesson)
    withdraw(teach_back=back, by=vet, at=now)
    assert standing() == [("leash-walk", "shown")]
    mark_shown_back(**lesson)
    withdraw(teach_back=shown, by=vet, at=now)
    withdraw(teach_back=shown, by=vet, at=now)
    assert standing() == []
    assert AuditEvent.objects.filter(kind="teach_back.withdrawn").count() == 3
    assert set(TeachBack.objects.values_list("withdrawn_by", flat=True)) == {vet.pk}


def test_old_withdrawal_does_not_take_back_the_new_lesson(lesson: dict[str, Any], vet: User, now: dt.datetime) -> None:
    old = mark_shown(**lesson)
    withdraw(teach_back=old, by=vet, at=now)
    mark_shown(**lesson)
    withdraw(teach_back=old, by=vet, at=now)
    assert standing() == [("leash-walk", "shown")]


def test_all_active_exercises_of_the_family_are_marked_at_once(lesson: dict[str, Any], plan: Program) -> None:
    mark_shown(**lesson)
    make.make_prescription(plan, exercise="sniff")
    make.make_prescription(plan, exercise=make.make_exercise("treadmill", clinic_only=True))
    again: dict[str, Any] = {name: lesson[name] for name in ("program", "day", "by", "at")}
    assert [one.slug for one in mark_all_shown(**again)] == ["sniff"]
    assert mark_all_shown(**again) == []
    assert standing() == [("leash-walk", "shown"), ("sniff", "shown")]


def test_lesson_of_an_older_version_stands_for_the_newer(lesson: dict[str, Any], now: dt.datetime) -> None:
    older = mark_shown(**lesson)
    Exercise.objects.filter(slug="leash-walk").update(superseded_at=now)
    newer = make.make_exercise("leash-walk", version=2)
    assert mark_shown(**{**lesson, "exercise": newer}) == older
    assert mark_shown_back(**{**lesson, "exercise": newer}).exercise == newer
    assert taught(lesson["program"].patient_id, ["leash-walk"])["leash-walk"].shown == older
