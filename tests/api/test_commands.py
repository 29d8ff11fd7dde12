"""What a phone's outbox sends: a list, answered one by one in JSON, whatever happens."""

import json
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import Clinic, User
from rehab.lib.ids import new_id
from rehab.patients.models import Caregiver, Patient
from rehab.programs.models import Prescription, Program
from rehab.sessions.models import Command, PainAnswer, PerformedExercise
from tests import make

pytestmark = pytest.mark.usefixtures("clock")

ARRIVED = make.NOW.isoformat()


@pytest.fixture
def clock() -> Any:
    import time_machine

    with time_machine.travel(make.NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def item(program: Program) -> Prescription:
    found: Prescription = program.prescriptions.get(position=0)
    return found


def command(item: Prescription, kind: str = "tick", **changes: Any) -> dict[str, Any]:
    return {
        "id": str(new_id()),
        "kind": kind,
        "patient": str(item.patient_id),
        "payload": {"prescription": str(item.pk), "slot": 1},
        "done_at": "2026-03-18T16:00:00Z",
        "day": "2026-03-18",
        "time_zone": "Europe/Madrid",
        "plan_version": 1,
        **changes,
    }


def pain(item: Prescription, score: int = 3) -> dict[str, Any]:
    return command(item, "pain", payload={"moment": "before", "score": score, "session_day": "2026-03-18"})


def post(browser: Client, body: Any) -> Any:
    text = body if isinstance(body, str | bytes) else json.dumps(body)
    return browser.post(reverse("api:commands"), text, content_type="application/json")


def answers(browser: Client, *commands: Any) -> list[dict[str, Any]]:
    answer = post(browser, list(commands))
    assert answer.status_code == 200
    found: list[dict[str, Any]] = answer.json()["answers"]
    return found


def test_each_command_is_answered_by_its_id(as_user: Any, owner: User, item: Prescription) -> None:
    browser = as_user(owner)
    tick, undo, ache = command(item), command(item, "undo", done_at="2026-03-18T16:01:00Z"), pain(item)
    assert answers(browser, tick, undo, ache) == [
        {"id": sent["id"], "outcome": "applied", "received_at": ARRIVED} for sent in (tick, undo, ache)
    ]
    assert answers(browser, tick) == [{"id": tick["id"], "outcome": "already_applied", "received_at": ARRIVED}]
    late = command(item, done_at="2026-03-18T15:00:00Z")
    assert answers(browser, late) == [{"id": late["id"], "outcome": "superseded", "received_at": ARRIVED}]
    assert (Command.objects.count(), PerformedExercise.objects.count(), PainAnswer.objects.count()) == (4, 3, 1)


def test_refused_command_has_a_reason_and_harms_no_other(as_user: Any, owner: User, item: Prescription) -> None:
    bad, good = command(item, payload={"prescription": str(item.pk), "slot": 99}), command(item)
    found = answers(as_user(owner), bad, good, "nonsense", {"id": "\ud800" * 70}, None)
    assert found[0] == {
        "id": bad["id"],
        "outcome": "refused",
        "code": "slot_range",
        "reason": "This exercise is planned 12 times a day at most.",
    }
    assert found[1] == {"id": good["id"], "outcome": "applied", "received_at": ARRIVED}
    assert [(one["id"], one["code"]) for one in found[2:]] == [
        (None, "not_an_object"),
        ("?" * 64, "field_too_long"),
        (None, "not_an_object"),
    ]


def test_dogs_are_applied_each_on_its_own(
    as_user: Any, owner: User, vet: User, clinic: Clinic, item: Prescription, stranger: User
) -> None:
    second = make.make_patient(clinic, vet, owner=owner, name="Luna")
    luna = make.make_program(second, vet).prescriptions.earliest("position")
    foreign = make.make_program(stranger.caring.get().patient, stranger).prescriptions.earliest("position")
    found = answers(as_user(owner), command(item), command(foreign), command(luna), pain(luna))
    assert [one["outcome"] for one in found] == ["applied", "refused", "applied", "applied"]
    assert set(Command.objects.values_list("patient__name", flat=True)) == {"Bruno", "Luna"}


def test_foreign_dog_is_answered_like_one_that_does_not_exist(as_user: Any, stranger: User, item: Prescription) -> None:
    nobodys = command(item, patient=str(new_id()))
    found = answers(as_user(stranger), command(item), nobodys)
    assert [{**one, "id": ""} for one in found] == [{**found[0], "id": ""}] * 2
    assert found[0]["code"] == "patient_unknown"
    assert Command.objects.count() == 0


def test_caregiver_whose_time_has_ended_is_refused(as_user: Any, caregiver: User, item: Prescription) -> None:
    Caregiver.objects.filter(user=caregiver).update(ended_at=make.NOW)
    assert answers(as_user(caregiver), command(item))[0]["code"] == "patient_unknown"


@pytest.mark.parametrize("who", ["owner", "caregiver", "vet", "therapist"])
def test_family_and_clinic_may_send(who: str, as_user: Any, request: pytest.FixtureRequest, item: Prescription) -> None:
    assert answers(as_user(request.getfixturevalue(who)), command(item))[0]["outcome"] == "applied"


@pytest.mark.parametrize("count", [2, 20])
def test_batch_of_one_dog_costs_five_statements(
    as_user: Any, owner: User, patient: Patient, vet: User, count: int
) -> None:
    exercises = [(f"exercise-{number}", {"per_day": 2}) for number in range(10)]
    program = make.make_program(patient, vet, exercises=exercises)
    ticks = [
        command(one, payload={"prescription": str(one.pk), "slot": slot})
        for one in program.prescriptions.all()
        for slot in (1, 2)
    ][:count]
    browser = as_user(owner)
    answers(browser)
    with CaptureQueriesContext(connection) as queries:
        found = answers(browser, *ticks)
    assert [one["outcome"] for one in found] == ["applied"] * count
    told = [one for one in queries if not one["sql"].startswith(("SAVEPOINT", "RELEASE"))]
    # The session, the person, the day, and one insert for each of the two tables.
    assert len(told) == 5
    assert PerformedExercise.objects.count() == count


def test_batch_that_was_half_applied_before_is_completed(
    as_user: Any, owner: User, item: Prescription, program: Program
) -> None:
    second = program.prescriptions.get(position=1)
    ticks = [command(item), command(second), pain(item)]
    browser = as_user(owner)
    answers(browser, ticks[1])
    with CaptureQueriesContext(connection) as queries:
        found = answers(browser, *ticks)
    assert [one["outcome"] for one in found] == ["applied", "already_applied", "applied"]
    assert len(queries) < 25
    assert (PerformedExercise.objects.count(), PainAnswer.objects.count()) == (2, 1)


def test_batch_over_several_days(as_user: Any, owner: User, item: Prescription) -> None:
    days = ["2026-03-18", "2026-03-17", "2026-03-16"]
    found = answers(as_user(owner), *(command(item, day=day) for day in days))
    assert [one["outcome"] for one in found] == ["applied"] * 3
    assert sorted(str(day) for day in PerformedExercise.objects.values_list("day", flat=True)) == sorted(days)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("", "The body is not a list of commands."),
        ("{", "The body is not valid JSON."),
        ("[NaN]", "The body is not valid JSON."),
        (b"\xff\xfe", "The body is not valid JSON."),
        ("[" * 100_000, "The body is not valid JSON."),
        ("{}", "The body is not a list of commands."),
        ('"tick"', "The body is not a list of commands."),
        ("null", "The body is not a list of commands."),
    ],
)
def test_body_that_is_no_list_is_refused(as_user: Any, owner: User, body: str | bytes, reason: str) -> None:
    answer = post(as_user(owner), body)
    assert (answer.status_code, answer.json()) == (400, {"detail": reason})


@pytest.mark.parametrize("body", ["{", "[" * 100_000, '{"a":' * 40_000 + "1" + "}" * 40_000])
def test_bad_body_is_refused_in_the_same_words_where_the_csrf_check_reads_it_first(owner: User, body: str) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(owner)
    browser.get(reverse("accounts:settings"))
    answer = browser.post(
        reverse("api:commands"),
        body,
        content_type="application/json",
        headers={"X-CSRFToken": browser.cookies["csrftoken"].value},
    )
    assert (answer.status_code, answer.json()) == (400, {"detail": "The body is not valid JSON."})


def test_empty_list_is_answered_with_nothing(as_user: Any, owner: User) -> None:
    assert answers(as_user(owner)) == []


def test_too_many_or_too_large_is_refused(as_user: Any, owner: User) -> None:
    browser = as_user(owner)
    assert len(answers(browser, *[None] * 100)) == 100
    many = post(browser, [None] * 101)
    assert (many.status_code, many.json()["detail"]) == (413, "A request carries at most 100 commands.")
    assert post(browser, json.dumps(["x" * 300_000])).status_code == 413


@pytest.mark.parametrize("is_checked", [False, True])
@pytest.mark.parametrize("name", ["api:commands", "api:clips"])
def test_body_beyond_every_limit_is_refused_as_json(owner: User, name: str, is_checked: bool) -> None:
    browser = Client(enforce_csrf_checks=is_checked)
    browser.force_login(owner)
    token = browser.get(reverse("api:session")).json()["csrf"]
    answer = browser.post(
        reverse(name), " " * 2_000_000, content_type="application/json", headers={"X-CSRFToken": token}
    )
    assert (answer.status_code, answer["Content-Type"]) == (413, "application/json")
    assert answer.json()["detail"].startswith("The request is larger than ")


@pytest.mark.parametrize("charset", ["zlib", "rot13", "hex", "utf-16", "nonsense"])
@pytest.mark.parametrize("is_checked", [False, True])
def test_body_is_utf_8(owner: User, charset: str, is_checked: bool) -> None:
    browser = Client(enforce_csrf_checks=is_checked)
    browser.force_login(owner)
    token = browser.get(reverse("api:session")).json()["csrf"]
    for name in ("api:commands", "api:clips"):
        answer = browser.generic(
            "POST",
            reverse(name),
            "[]",
            content_type=f"application/json; charset={charset}",
            headers={"X-CSRFToken": token},
        )
        assert (answer.status_code, answer.json()) == (415, {"detail": "The body must be UTF-8."})


@pytest.mark.parametrize("charset", ["utf-8", "UTF-8", '"utf-8"', "utf8"])
def test_body_may_say_that_it_is_utf_8(as_user: Any, owner: User, charset: str) -> None:
    content_type = f"application/json; charset={charset}"
    assert as_user(owner).post(reverse("api:commands"), "[]", content_type=content_type).status_code == 200


def test_only_json_is_read(as_user: Any, owner: User) -> None:
    assert as_user(owner).post(reverse("api:commands"), {"id": "x"}).status_code == 415


def test_visitor_gets_401_as_json(client: Client, item: Prescription) -> None:
    answer = post(client, [command(item)])
    assert answer.status_code == 401
    assert answer["Content-Type"] == "application/json"
    assert Command.objects.count() == 0


def test_csrf_is_checked_and_told_as_json(owner: User, item: Prescription) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(owner)
    answer = post(browser, [command(item)])
    assert answer.status_code == 403
    assert answer["Content-Type"] == "application/json"
    assert Command.objects.count() == 0


def test_reading_is_not_allowed(as_user: Any, owner: User) -> None:
    assert as_user(owner).get(reverse("api:commands")).status_code == 405
