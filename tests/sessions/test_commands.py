"""What a phone may say, and what is refused before any database is asked."""

import datetime as dt
import json
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehab.library import reading
from rehab.sessions import commands
from rehab.sessions.commands import (
    Command,
    ExposureFact,
    PainFact,
    Refusal,
    SlotFact,
    Why,
    is_prescribed,
    parse,
    when,
)

ID = "01a20170-0000-7000-8000-000000000001"
DOG = "01a20170-0000-7000-8000-000000000002"
ITEM = "01a20170-0000-7000-8000-000000000003"
DAY = dt.date(2026, 3, 18)
NOON = dt.datetime(2026, 3, 18, 12, tzinfo=dt.UTC)


def raw(kind: str = "tick", payload: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    return {
        "id": ID,
        "kind": kind,
        "patient": DOG,
        "payload": {"prescription": ITEM, "slot": 1} if payload is None else payload,
        "done_at": "2026-03-18T13:00:00+01:00",
        "day": "2026-03-18",
        "time_zone": "Europe/Madrid",
        "plan_version": 3,
        **changes,
    }


def good(**changes: Any) -> Command:
    command = parse(raw(**changes))
    assert isinstance(command, Command)
    return command


def slot_payload(**more: Any) -> dict[str, Any]:
    return {"prescription": ITEM, "slot": 2, **more}


@pytest.mark.parametrize(
    ("kind", "payload", "fact"),
    [
        ("tick", slot_payload(), ("done", 100, "")),
        ("partial", slot_payload(share=60), ("partial", 60, "")),
        ("skip", slot_payload(reason="dog_refused"), ("skipped", 0, "dog_refused")),
        ("undo", slot_payload(), ("undone", 0, "")),
    ],
)
def test_slot_command_becomes_a_fact(kind: str, payload: dict[str, Any], fact: tuple[str, int, str]) -> None:
    state, share, reason = fact
    assert good(kind=kind, payload=payload).fact == SlotFact(
        prescription=UUID(ITEM), slot=2, state=state, share=share, skip_reason=reason
    )


@pytest.mark.parametrize(
    ("moment", "session_day"), [("before", DAY), ("after", DAY), ("next_morning", dt.date(2026, 3, 17))]
)
def test_pain_belongs_to_the_session_of_its_moment(moment: str, session_day: dt.date) -> None:
    expected = PainFact(moment=moment, score=4, session_day=session_day)
    said = {"moment": moment, "score": 4}
    assert good(kind="pain", payload=said).fact == expected
    assert good(kind="pain", payload={**said, "session_day": session_day.isoformat()}).fact == expected


def test_envelope_is_read() -> None:
    command = good()
    assert (command.id, command.patient, command.kind) == (UUID(ID), UUID(DOG), "tick")
    assert (command.day, command.done_at) == (DAY, NOON)
    assert (command.time_zone, command.plan_version) == ("Europe/Madrid", 3)


def test_what_a_newer_phone_adds_around_is_ignored() -> None:
    assert parse(raw(seq=7, battery="low")) == parse(raw())


def test_number_of_a_phone_is_no_part_of_the_content() -> None:
    numbered = good(device=DOG, sequence=7)
    assert (numbered.device, numbered.sequence, numbered.body_hash) == (UUID(DOG), 7, good().body_hash)


@pytest.mark.parametrize(
    ("device", "sequence"), [(DOG, None), (None, 1), ("phone", 1), (DOG, 0), (DOG, "1"), (DOG, True)]
)
def test_half_a_number_is_refused(device: object, sequence: object) -> None:
    assert isinstance(parse(raw(device=device, sequence=sequence)), Refusal)


def test_unknown_zone_is_left_to_the_dog() -> None:
    assert good(time_zone="Mars/Olympus").time_zone is None


def test_form_without_clock_leaves_it_to_the_server() -> None:
    command = good(done_at=None, time_zone=None, plan_version=None)
    assert (command.done_at, command.time_zone, command.plan_version) == (None, None, None)


REFUSED = [
    ({"id": None}, Why.FIELD_TYPE),
    ({"id": 7}, Why.FIELD_TYPE),
    ({"id": f"{{{ID}}}"}, Why.FIELD_TYPE),
    ({"id": ID.replace("-", "")}, Why.FIELD_TYPE),
    ({"id": "x" * 65}, Why.FIELD_TOO_LONG),
    ({"id": f"{ID[:-1]}\0"}, Why.FIELD_NUL),
    ({"id": "9f3b8f2a-7f0e-4c57-9b9e-0d2f5a1c6e11"}, Why.ID_NOT_V7),
    ({"kind": "explode"}, Why.KIND_UNKNOWN),
    ({"kind": ["tick"]}, Why.FIELD_TYPE),
    ({"kind": "tick\0"}, Why.FIELD_NUL),
    ({"patient": "Bruno"}, Why.FIELD_TYPE),
    ({"payload": []}, Why.FIELD_TYPE),
    ({"payload": None, "kind": "skip"}, Why.FIELD_MISSING),
    ({"payload": {"slot": 1}}, Why.FIELD_MISSING),
    ({"payload": {"prescription": ITEM, "slot": 1, "reps": 5}}, Why.PAYLOAD_UNKNOWN),
    ({"payload": {"prescription": ITEM, "slot": "1"}}, Why.FIELD_TYPE),
    ({"payload": {"prescription": ITEM, "slot": True}}, Why.FIELD_TYPE),
    ({"payload": {"prescription": ITEM, "slot": 1.0}}, Why.FIELD_TYPE),
    ({"payload": {"prescription": ITEM, "slot": 0}}, Why.SLOT_RANGE),
    ({"payload": {"prescription": ITEM, "slot": 13}}, Why.SLOT_RANGE),
    ({"payload": {"prescription": ITEM, "slot": 10**400}}, Why.SLOT_RANGE),
    ({"kind": "partial", "payload": {"prescription": ITEM, "slot": 1, "share": 0}}, Why.SHARE_RANGE),
    ({"kind": "partial", "payload": {"prescription": ITEM, "slot": 1, "share": 100}}, Why.SHARE_RANGE),
    ({"kind": "skip", "payload": {"prescription": ITEM, "slot": 1, "reason": "rain"}}, Why.REASON_UNKNOWN),
    ({"kind": "pain", "payload": {"moment": "noon", "score": 1}}, Why.MOMENT_UNKNOWN),
    ({"kind": "pain", "payload": {"moment": "before", "score": 11}}, Why.SCORE_RANGE),
    ({"kind": "pain", "payload": {"moment": "before", "score": -1}}, Why.SCORE_RANGE),
    ({"kind": "pain", "payload": {"moment": "before", "score": None}}, Why.FIELD_TYPE),
    (
        {"kind": "pain", "payload": {"moment": "before", "score": 1, "session_day": "2026-03-17"}},
        Why.SESSION_DAY,
    ),
    ({"kind": "pain", "payload": {"moment": "next_morning", "score": 1}, "day": "0001-01-01"}, Why.DAY_INVALID),
    ({"day": "2026-02-30"}, Why.DAY_INVALID),
    ({"day": "20260318"}, Why.DAY_INVALID),
    ({"day": "2026-W12-3"}, Why.DAY_INVALID),
    ({"day": "٢٠٢٦-٠٣-١٨"}, Why.DAY_INVALID),
    ({"day": 20260318}, Why.FIELD_TYPE),
    ({"done_at": "2026-03-18T12:00:00"}, Why.DONE_AT_INVALID),
    ({"done_at": "yesterday"}, Why.DONE_AT_INVALID),
    ({"done_at": "0001-01-01T00:00:00+14:00"}, Why.DONE_AT_INVALID),
    ({"done_at": 1773835200}, Why.FIELD_TYPE),
    ({"time_zone": 1}, Why.FIELD_TYPE),
    ({"time_zone": "Europe/\0Madrid"}, Why.FIELD_NUL),
    ({"time_zone": "x" * 65}, Why.FIELD_TOO_LONG),
    ({"plan_version": 0}, Why.PLAN_VERSION_RANGE),
    ({"plan_version": 2**31}, Why.PLAN_VERSION_RANGE),
    ({"plan_version": "3"}, Why.FIELD_TYPE),
]


@pytest.mark.parametrize(("changes", "why"), REFUSED)
def test_command_is_refused_with_its_reason(changes: dict[str, Any], why: Why) -> None:
    sent = raw(**changes)
    if sent["payload"] is None:
        sent["payload"] = {"prescription": ITEM, "slot": 1}
    refusal = parse(sent)
    assert isinstance(refusal, Refusal)
    assert refusal.why is why


@pytest.mark.parametrize("name", ["id", "kind", "patient", "payload", "day", "done_at"])
def test_command_without_a_field_is_refused(name: str) -> None:
    sent = raw()
    del sent[name]
    assert parse(sent) == Refusal(why=Why.FIELD_MISSING, params={"field": name})


@pytest.mark.parametrize("sent", [None, 1, "tick", [], True])
def test_what_is_no_object_is_refused(sent: object) -> None:
    assert parse(sent) == Refusal(why=Why.NOT_AN_OBJECT)


TEXT = st.text("a7-: \0é\ud800😀", max_size=70)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=4,
)


@given(
    st.dictionaries(
        st.sampled_from([*raw(), "device"]),
        JSON | st.sampled_from([*raw().values(), "skip", "partial", "pain", "undo"]),
    )
)
def test_parse_answers_whatever_it_is_sent(sent: dict[str, Any]) -> None:
    assert isinstance(parse(sent), Command | Refusal)


@given(st.fixed_dictionaries(dict.fromkeys(("prescription", "slot", "share", "reason", "moment", "score"), JSON)))
def test_parse_answers_whatever_the_payload_is(payload: dict[str, Any]) -> None:
    for kind, (fields, _) in commands.FACTS.items():
        sent = {name: value for name, value in payload.items() if name in fields}
        command = parse(raw(kind=kind, payload=sent))
        if isinstance(command, Command) and isinstance(command.fact, SlotFact):
            assert 1 <= command.fact.slot <= 12
            assert 0 <= command.fact.share <= 100


def test_hash_is_the_same_for_every_resend() -> None:
    assert good().body_hash == good().body_hash
    assert parse(json.loads(json.dumps(raw()))) == parse(raw())
    # The same instant in another spelling is the same content.
    assert good(done_at="2026-03-18T12:00:00Z").body_hash == good().body_hash
    assert len(good().body_hash) == 64


@pytest.mark.parametrize(
    "changes",
    [
        {"kind": "undo"},
        {"patient": ITEM},
        {"payload": {"prescription": ITEM, "slot": 2}},
        {"payload": {"prescription": DOG, "slot": 1}},
        {"day": "2026-03-17"},
        {"done_at": "2026-03-18T13:00:01+01:00"},
        {"done_at": None},
        {"time_zone": None},
        {"plan_version": 4},
    ],
)
def test_hash_differs_with_the_content(changes: dict[str, Any]) -> None:
    assert good(**changes).body_hash != good().body_hash


def test_hash_does_not_depend_on_the_key() -> None:
    assert good(id=ITEM).body_hash == good().body_hash


def at(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text)


@pytest.mark.parametrize(
    ("done_at", "day", "received", "zone", "expected"),
    [
        # The server's clock where the phone's did not say, or runs ahead.
        (None, "2026-03-18", "2026-03-18T17:00Z", "UTC", "2026-03-18T17:00Z"),
        ("2026-03-18T17:05Z", "2026-03-18", "2026-03-18T17:00Z", "UTC", "2026-03-18T17:00Z"),
        ("2026-03-19T17:00Z", "2026-03-18", "2026-03-18T17:00Z", "UTC", "2026-03-18T17:00Z"),
        # Sent late, from a phone that was offline.
        ("2026-02-01T08:00Z", "2026-02-01", "2026-03-18T17:00Z", "UTC", "2026-02-01T08:00Z"),
        # A page opened before midnight, ticked after it; yesterday and the day before completed.
        ("2026-03-18T00:05Z", "2026-03-17", "2026-03-18T00:05Z", "UTC", "2026-03-18T00:05Z"),
        ("2026-03-18T12:00Z", "2026-03-16", "2026-03-18T12:00Z", "UTC", "2026-03-18T12:00Z"),
        # The dog's day in its own zone, while the server's is already tomorrow or still yesterday.
        ("2026-03-18T02:00Z", "2026-03-17", "2026-03-18T02:00Z", "America/New_York", "2026-03-18T02:00Z"),
        ("2026-03-17T22:00Z", "2026-03-18", "2026-03-17T22:00Z", "Pacific/Auckland", "2026-03-17T22:00Z"),
        # The night on which clocks go forward in New York, on both sides of the gap and of midnight.
        ("2026-03-08T04:59Z", "2026-03-07", "2026-03-08T05:00Z", "America/New_York", "2026-03-08T04:59Z"),
        ("2026-03-08T05:00Z", "2026-03-08", "2026-03-08T05:00Z", "America/New_York", "2026-03-08T05:00Z"),
        ("2026-03-09T03:59Z", "2026-03-08", "2026-03-09T04:00Z", "America/New_York", "2026-03-09T03:59Z"),
        # A clock that is behind the day of its own page: by days, by years, and by minutes at midnight.
        ("2026-03-15T12:00Z", "2026-03-18", "2026-03-18T17:00Z", "UTC", "2026-03-18T00:00Z"),
        ("0001-01-01T00:00Z", "2026-03-18", "2026-03-18T17:00Z", "America/New_York", "2026-03-18T04:00Z"),
        ("2026-03-18T03:50Z", "2026-03-18", "2026-03-18T04:05Z", "America/New_York", "2026-03-18T04:00Z"),
        # A clock that is a year ahead, and a phone that was offline for longer than a day can be completed.
        ("2027-03-18T12:00Z", "2026-03-10", "2026-03-18T17:00Z", "UTC", "2026-03-13T00:00Z"),
        ("2027-03-18T12:00Z", "2026-03-17", "2026-03-18T17:00Z", "UTC", "2026-03-18T17:00Z"),
    ],
)
def test_instant_that_counts(done_at: str | None, day: str, received: str, zone: str, expected: str) -> None:
    command = good(done_at=done_at, day=day)
    assert when(command, received_at=at(received), dog_zone=zone) == at(expected)


@pytest.mark.parametrize(
    ("done_at", "day", "zone", "why"),
    [
        ("2026-03-18T12:00Z", "2026-03-19", "UTC", Why.DAY_AHEAD),
        ("2026-03-18T12:00Z", "2026-03-15", "UTC", Why.DAY_TOO_EARLY),
        (None, "2026-03-15", "UTC", Why.DAY_TOO_EARLY),
        ("2025-12-17T16:59Z", "2025-12-17", "UTC", Why.TOO_OLD),
        ("0001-01-02T00:00Z", "0001-01-01", "UTC", Why.TOO_OLD),
        ("2026-03-18T12:00Z", "0001-01-01", "UTC", Why.TOO_OLD),
        ("2026-03-18T12:00Z", "9999-12-31", "UTC", Why.DAY_AHEAD),
    ],
)
def test_times_that_cannot_be_right_are_refused(done_at: str | None, day: str, zone: str, why: Why) -> None:
    refusal = when(good(done_at=done_at, day=day), received_at=at("2026-03-18T17:00Z"), dog_zone=zone)
    assert isinstance(refusal, Refusal)
    assert refusal.why is why


@given(
    st.timedeltas(dt.timedelta(days=-400), dt.timedelta(days=300)).map(lambda late: NOON + late),
    st.dates(dt.date(2025, 1, 1), dt.date(2027, 1, 1)),
    st.sampled_from(["UTC", "America/New_York", "Pacific/Auckland", "Europe/Madrid", "Pacific/Apia"]),
)
def test_instant_never_lies_after_the_arrival_nor_too_long_before(
    done_at: dt.datetime, day: dt.date, zone: str
) -> None:
    received = dt.datetime(2026, 3, 18, 17, tzinfo=dt.UTC)
    found = when(good(done_at=done_at.isoformat(), day=day.isoformat()), received_at=received, dog_zone=zone)
    if not isinstance(found, Refusal):
        assert received - commands.LONGEST_DELAY - dt.timedelta(days=2) <= found <= received
        assert dt.timedelta(days=-1) <= found.date() - day <= dt.timedelta(days=3)


@pytest.mark.parametrize(
    ("day", "prescribed"),
    [
        ("2026-03-09", False),
        ("2026-03-10", True),
        ("2026-03-19", True),
        # The day on which it was ended: it may have been done before the change.
        ("2026-03-20", True),
        ("2026-03-21", False),
    ],
)
def test_what_is_done_outside_its_period_was_not_prescribed(day: str, prescribed: bool) -> None:
    found = is_prescribed(day=dt.date.fromisoformat(day), starts_on=dt.date(2026, 3, 10), ends_on=dt.date(2026, 3, 20))
    assert found is prescribed


STEP = "01a20170-0000-7000-8000-000000000004"


def practice(**changes: Any) -> dict[str, Any]:
    said: dict[str, Any] = {"step": STEP, "done": True, "pain_after": 2, "stop_signs": ["S_PANT", "S_CRY"], **changes}
    return {name: value for name, value in said.items() if value is not ...}


def test_exposure_becomes_a_fact_with_its_signs_in_the_order_of_the_content() -> None:
    assert good(kind="exposure", payload=practice()).fact == ExposureFact(
        step=UUID(STEP), done=True, pain_after=2, stop_signs=("S_CRY", "S_PANT")
    )
    twice = practice(stop_signs=["S_CRY", "S_PANT", "S_CRY"])
    assert good(kind="exposure", payload=twice).body_hash == good(kind="exposure", payload=practice()).body_hash


@pytest.mark.parametrize("stop_signs", [..., None, []])
@pytest.mark.parametrize("pain_after", [..., None])
def test_who_did_not_practise_need_say_nothing_more(pain_after: object, stop_signs: object) -> None:
    payload = practice(done=False, pain_after=pain_after, stop_signs=stop_signs)
    assert good(kind="exposure", payload=payload).fact == ExposureFact(step=UUID(STEP), done=False)


def test_practice_that_was_broken_off_keeps_what_was_seen() -> None:
    fact = good(kind="exposure", payload=practice(done=False, pain_after=7, stop_signs=["S_CRY"])).fact
    assert fact == ExposureFact(step=UUID(STEP), done=False, pain_after=7, stop_signs=("S_CRY",))


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"step": ...}, Why.FIELD_MISSING),
        ({"step": "ramp"}, Why.FIELD_TYPE),
        ({"done": ...}, Why.FIELD_MISSING),
        ({"done": 1}, Why.FIELD_TYPE),
        ({"done": "yes"}, Why.FIELD_TYPE),
        ({"pain_after": ...}, Why.FIELD_MISSING),
        ({"pain_after": None}, Why.FIELD_TYPE),
        ({"pain_after": True}, Why.FIELD_TYPE),
        ({"pain_after": 11}, Why.SCORE_RANGE),
        ({"pain_after": -1}, Why.SCORE_RANGE),
        ({"done": False, "pain_after": 11}, Why.SCORE_RANGE),
        ({"stop_signs": "S_CRY"}, Why.FIELD_TYPE),
        ({"stop_signs": {"S_CRY": 1}}, Why.FIELD_TYPE),
        ({"stop_signs": ["S_CRY", "S_NEW"]}, Why.SIGN_UNKNOWN),
        ({"stop_signs": [["S_CRY"]]}, Why.SIGN_UNKNOWN),
        ({"rung": 3}, Why.PAYLOAD_UNKNOWN),
    ],
)
def test_exposure_that_says_something_else_is_refused(changes: dict[str, Any], why: Why) -> None:
    refusal = parse(raw("exposure", practice(**changes)))
    assert isinstance(refusal, Refusal)
    assert refusal.why is why


def test_every_stop_sign_of_the_content_can_be_said() -> None:
    codes = list(reading.stop_signs())
    assert len(codes) > 5
    assert good(kind="exposure", payload=practice(stop_signs=codes)).fact == ExposureFact(
        step=UUID(STEP), done=True, pain_after=2, stop_signs=tuple(codes)
    )
