"""What a phone may say: a command dict becomes a frozen value or a refusal, before any database is asked.

Refusals are codes with plain parameters; ``rehab.sessions.wording`` turns them into sentences. Unknown kinds and unknown
payload fields are refused, because ignoring them would lose what an owner wrote; unknown fields around them (a device
number, say) are ignored, so that a newer phone can talk to an older server.
"""

import datetime as dt
import hashlib
import json
import re
import zoneinfo
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from typing import Final
from uuid import UUID

from rehab.library import reading

MOST_SLOTS: Final = 12
LONGEST_DELAY: Final = dt.timedelta(days=90)
DAYS_BACK: Final = 2
MOST_PLAN_VERSION: Final = 2**31 - 1
LONGEST_TEXT: Final = 64
UUID_TEXT: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII | re.IGNORECASE)
DAY_TEXT: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
SKIP_REASONS: Final = frozenset({"no_time", "dog_refused", "pain", "unsure_how", "forgot", "equipment", "other"})


class Why(StrEnum):
    """Every reason for which a command is refused."""

    NOT_AN_OBJECT = "not_an_object"
    FIELD_MISSING = "field_missing"
    FIELD_TYPE = "field_type"
    FIELD_NUL = "field_nul"
    FIELD_TOO_LONG = "field_too_long"
    ID_NOT_V7 = "id_not_v7"
    KIND_UNKNOWN = "kind_unknown"
    PAYLOAD_UNKNOWN = "payload_unknown"
    SLOT_RANGE = "slot_range"
    SHARE_RANGE = "share_range"
    REASON_UNKNOWN = "reason_unknown"
    MOMENT_UNKNOWN = "moment_unknown"
    SCORE_RANGE = "score_range"
    DAY_INVALID = "day_invalid"
    DONE_AT_INVALID = "done_at_invalid"
    PLAN_VERSION_RANGE = "plan_version_range"
    SESSION_DAY = "session_day"
    TOO_OLD = "too_old"
    DAY_AHEAD = "day_ahead"
    DAY_TOO_EARLY = "day_too_early"
    PRESCRIPTION_UNKNOWN = "prescription_unknown"
    BEFORE_START = "before_start"
    AFTER_END = "after_end"
    PATIENT_UNKNOWN = "patient_unknown"
    NOT_ALLOWED = "not_allowed"
    SAME_ID_OTHER_CONTENT = "same_id_other_content"
    SIGN_UNKNOWN = "sign_unknown"
    STEP_UNKNOWN = "step_unknown"
    STEP_BEFORE_START = "step_before_start"
    STEP_AFTER_END = "step_after_end"


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """Why a command is not applied; ``params`` are plain values for the sentence."""

    why: Why
    params: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class SlotFact:
    """What is said about one time of the day of one prescription; ``share`` in percent of its dose."""

    prescription: UUID
    slot: int
    state: str
    share: int
    skip_reason: str = ""


@dataclass(frozen=True, kw_only=True)
class PainFact:
    """Pain 0–10 at one moment around the session of a day."""

    moment: str
    score: int
    session_day: dt.date


@dataclass(frozen=True, kw_only=True)
class ExposureFact:
    """How the practice of a ladder's rung went: pain 0–10 after it, and the stop signs that were seen, in their order."""

    step: UUID
    done: bool
    pain_after: int | None = None
    stop_signs: tuple[str, ...] = ()


Fact = SlotFact | PainFact | ExposureFact


@dataclass(frozen=True, kw_only=True)
class Command:
    """One tap, well formed: not yet checked against the dog's clock, plan and people.

    ``done_at`` and ``time_zone`` are None where the phone did not say (a form without JavaScript); the server's clock
    and the dog's zone stand in, and the body hash, which covers the content as it was sent, is that of every resend.
    """

    id: UUID
    kind: str
    patient: UUID
    fact: Fact
    day: dt.date
    done_at: dt.datetime | None
    time_zone: str | None
    plan_version: int | None
    body_hash: str


class _RefusedError(Exception):
    def __init__(self, why: Why, **params: object) -> None:
        super().__init__(why)
        self.refusal = Refusal(why=why, params=params)


def parse(raw: object) -> Command | Refusal:
    """The command in a decoded JSON object, or why it is none.

    ``id``, ``kind``, ``patient``, ``payload``, ``day`` and ``done_at`` must be there; a ``done_at`` of null asks for the
    server's clock.
    """
    try:
        return _command(raw)
    except _RefusedError as refused:
        return refused.refusal


def when(command: Command, *, received_at: dt.datetime, dog_zone: str) -> dt.datetime | Refusal:
    """The instant at which the command counts, or why its times cannot be right.

    A clock that runs ahead is set back to the arrival, which keeps the order of one phone's taps because their keys
    are ordered too. The day must be the dog's local day of that instant or one of the two before: a page opened before
    midnight is ticked after it, and yesterday can be completed.
    """
    done_at = received_at if command.done_at is None else min(command.done_at, received_at)
    if done_at < received_at - LONGEST_DELAY:
        return Refusal(why=Why.TOO_OLD, params={"days": LONGEST_DELAY.days})
    today = done_at.astimezone(zoneinfo.ZoneInfo(dog_zone)).date()
    if command.day > today:
        return Refusal(why=Why.DAY_AHEAD, params={"day": command.day})
    if command.day < today - dt.timedelta(days=DAYS_BACK):
        return Refusal(why=Why.DAY_TOO_EARLY, params={"days": DAYS_BACK})
    return done_at


def can_complete(day: dt.date, *, today: dt.date) -> bool:
    """Whether the family can still add and change answers of the day: today and the two days before it."""
    return dt.timedelta() <= today - day <= dt.timedelta(days=DAYS_BACK)


def fits(
    fact: SlotFact,
    *,
    day: dt.date,
    starts_on: dt.date,
    ends_on: dt.date | None,
    times_per_day: int,
) -> Refusal | None:
    """Why the prescription does not take the fact, if it does not.

    The day on which a prescription ended still counts: it may have been done before the change, and health data is
    not thrown away.
    """
    if day < starts_on:
        return Refusal(why=Why.BEFORE_START, params={"day": starts_on})
    if ends_on is not None and day > ends_on:
        return Refusal(why=Why.AFTER_END, params={"day": ends_on})
    if fact.slot > times_per_day:
        return Refusal(why=Why.SLOT_RANGE, params={"most": times_per_day})
    return None


def fits_step(*, day: dt.date, starts_on: dt.date, ends_on: dt.date | None) -> Refusal | None:
    """Why the ladder's rung takes no practice on the day, if it does not; like a prescription, it takes its last day."""
    if day < starts_on:
        return Refusal(why=Why.STEP_BEFORE_START, params={"day": starts_on})
    if ends_on is not None and day > ends_on:
        return Refusal(why=Why.STEP_AFTER_END, params={"day": ends_on})
    return None


def _command(raw: object) -> Command:
    if not isinstance(raw, dict):
        raise _RefusedError(Why.NOT_AN_OBJECT)
    command_id = _uuid(raw, "id")
    if command_id.version != 7:
        raise _RefusedError(Why.ID_NOT_V7)
    kind = _text(raw, "kind")
    if kind not in FACTS:
        raise _RefusedError(Why.KIND_UNKNOWN)
    patient = _uuid(raw, "patient")
    day = _day(raw, "day")
    payload = _required(raw, "payload")
    if not isinstance(payload, dict):
        raise _RefusedError(Why.FIELD_TYPE, field="payload")
    fields, make = FACTS[kind]
    if not payload.keys() <= fields:
        raise _RefusedError(Why.PAYLOAD_UNKNOWN)
    fact = make(payload, day)
    done_at = _instant(raw, "done_at")
    time_zone = _time_zone(raw)
    plan_version = _plan_version(raw)
    return Command(
        id=command_id,
        kind=kind,
        patient=patient,
        fact=fact,
        day=day,
        done_at=done_at,
        time_zone=time_zone,
        plan_version=plan_version,
        body_hash=_hash(kind, patient, fact, day, done_at, time_zone, plan_version),
    )


def _hash(
    kind: str,
    patient: UUID,
    fact: Fact,
    day: dt.date,
    done_at: dt.datetime | None,
    time_zone: str | None,
    plan_version: int | None,
) -> str:
    # Of the values, not of the bytes: the form and the API may spell the same content differently.
    content = [kind, str(patient), *map(str, vars(fact).values()), str(day), str(done_at), time_zone, plan_version]
    return hashlib.sha256(json.dumps(content, separators=(",", ":")).encode()).hexdigest()


def _required(raw: Mapping[str, object], name: str) -> object:
    if name not in raw:
        raise _RefusedError(Why.FIELD_MISSING, field=name)
    return raw[name]


def _text(raw: Mapping[str, object], name: str) -> str:
    value = _required(raw, name)
    if not isinstance(value, str):
        raise _RefusedError(Why.FIELD_TYPE, field=name)
    if "\0" in value:
        raise _RefusedError(Why.FIELD_NUL, field=name)
    if len(value) > LONGEST_TEXT:
        raise _RefusedError(Why.FIELD_TOO_LONG, field=name, most=LONGEST_TEXT)
    return value


def _uuid(raw: Mapping[str, object], name: str) -> UUID:
    value = _text(raw, name)
    if UUID_TEXT.fullmatch(value) is None:
        raise _RefusedError(Why.FIELD_TYPE, field=name)
    return UUID(value)


def _whole(raw: Mapping[str, object], name: str, *, least: int, most: int, why: Why) -> int:
    value = _required(raw, name)
    if type(value) is not int:  # True is an int to Python, and nobody means it
        raise _RefusedError(Why.FIELD_TYPE, field=name)
    if not least <= value <= most:
        raise _RefusedError(why, least=least, most=most)
    return value


def day_of(text: str) -> dt.date | None:
    """The date in a text such as 2026-03-18, and in no other spelling."""
    if DAY_TEXT.fullmatch(text) is None:
        return None
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        return None


def _day(raw: Mapping[str, object], name: str) -> dt.date:
    day = day_of(_text(raw, name))
    if day is None:
        raise _RefusedError(Why.DAY_INVALID)
    return day


def _instant(raw: Mapping[str, object], name: str) -> dt.datetime | None:
    if _required(raw, name) is None:
        return None
    value = _text(raw, name)
    try:
        instant = dt.datetime.fromisoformat(value)
        if instant.tzinfo is None:
            raise _RefusedError(Why.DONE_AT_INVALID)
        return instant.astimezone(dt.UTC)
    except (ValueError, OverflowError):
        raise _RefusedError(Why.DONE_AT_INVALID) from None


@lru_cache(maxsize=1)
def _zones() -> frozenset[str]:
    return frozenset(zoneinfo.available_timezones())


def _time_zone(raw: Mapping[str, object]) -> str | None:
    if raw.get("time_zone") is None:
        return None
    value = _text(raw, "time_zone")
    # A phone may know a zone that this machine does not: the fact counts all the same, in the dog's zone.
    return value if value in _zones() else None


def _plan_version(raw: Mapping[str, object]) -> int | None:
    if raw.get("plan_version") is None:
        return None
    return _whole(raw, "plan_version", least=1, most=MOST_PLAN_VERSION, why=Why.PLAN_VERSION_RANGE)


def _slot(payload: Mapping[str, object]) -> int:
    return _whole(payload, "slot", least=1, most=MOST_SLOTS, why=Why.SLOT_RANGE)


def _tick(payload: Mapping[str, object], _day_: dt.date) -> SlotFact:
    return SlotFact(prescription=_uuid(payload, "prescription"), slot=_slot(payload), state="done", share=100)


def _partial(payload: Mapping[str, object], _day_: dt.date) -> SlotFact:
    share = _whole(payload, "share", least=1, most=99, why=Why.SHARE_RANGE)
    return SlotFact(prescription=_uuid(payload, "prescription"), slot=_slot(payload), state="partial", share=share)


def _skip(payload: Mapping[str, object], _day_: dt.date) -> SlotFact:
    reason = _text(payload, "reason")
    if reason not in SKIP_REASONS:
        raise _RefusedError(Why.REASON_UNKNOWN)
    return SlotFact(
        prescription=_uuid(payload, "prescription"),
        slot=_slot(payload),
        state="skipped",
        share=0,
        skip_reason=reason,
    )


def _undo(payload: Mapping[str, object], _day_: dt.date) -> SlotFact:
    return SlotFact(prescription=_uuid(payload, "prescription"), slot=_slot(payload), state="undone", share=0)


def _pain(payload: Mapping[str, object], day: dt.date) -> PainFact:
    moment = _text(payload, "moment")
    if moment not in MOMENTS:
        raise _RefusedError(Why.MOMENT_UNKNOWN)
    score = _whole(payload, "score", least=0, most=10, why=Why.SCORE_RANGE)
    try:
        expected = day - dt.timedelta(days=MOMENTS[moment])
    except OverflowError:
        raise _RefusedError(Why.DAY_INVALID) from None
    if "session_day" in payload and _day(payload, "session_day") != expected:
        raise _RefusedError(Why.SESSION_DAY)
    return PainFact(moment=moment, score=score, session_day=expected)


def _exposure(payload: Mapping[str, object], _day_: dt.date) -> ExposureFact:
    done = _required(payload, "done")
    if type(done) is not bool:
        raise _RefusedError(Why.FIELD_TYPE, field="done")
    # Who practised says how the dog was after it; who did not may have nothing to say.
    said = done or payload.get("pain_after") is not None
    return ExposureFact(
        step=_uuid(payload, "step"),
        done=done,
        pain_after=_whole(payload, "pain_after", least=0, most=10, why=Why.SCORE_RANGE) if said else None,
        stop_signs=_stop_signs(payload),
    )


def _stop_signs(payload: Mapping[str, object]) -> tuple[str, ...]:
    said = payload.get("stop_signs")
    if said is None:
        return ()
    if not isinstance(said, list):
        raise _RefusedError(Why.FIELD_TYPE, field="stop_signs")
    known = reading.stop_signs()
    if not all(isinstance(code, str) and code in known for code in said):
        raise _RefusedError(Why.SIGN_UNKNOWN)
    return tuple(code for code in known if code in said)


# A moment, and how many days after the session it is asked.
MOMENTS: Final = {"before": 0, "after": 0, "next_morning": 1}
_AboutSlot = frozenset({"prescription", "slot"})
FACTS: Final[dict[str, tuple[frozenset[str], Callable[[Mapping[str, object], dt.date], Fact]]]] = {
    "tick": (_AboutSlot, _tick),
    "partial": (_AboutSlot | {"share"}, _partial),
    "skip": (_AboutSlot | {"reason"}, _skip),
    "undo": (_AboutSlot, _undo),
    "pain": (frozenset({"moment", "score", "session_day"}), _pain),
    "exposure": (frozenset({"step", "done", "pain_after", "stop_signs"}), _exposure),
}
