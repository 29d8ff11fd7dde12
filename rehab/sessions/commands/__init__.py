"""What a phone may say: a command dict becomes a frozen value or a refusal, before any database is asked.

Refusals are codes with plain parameters; ``rehab.sessions.wording`` turns them into sentences. Unknown kinds and unknown
payload fields are refused, because ignoring them would lose what an owner wrote; unknown fields around them are
ignored, so that a newer phone can talk to an older server.
"""

import datetime as dt
import hashlib
import json
import zoneinfo
from typing import Final
from uuid import UUID

from rehab.sessions.commands import fields
from rehab.sessions.commands.facts import FACTS, MOMENTS, MOST_SLOTS, SKIP_REASONS
from rehab.sessions.commands.fields import LONGEST_NAME, Raw, day_of
from rehab.sessions.commands.values import (
    ActivitiesFact,
    Command,
    ExposureFact,
    Fact,
    MeasureFact,
    MedicineFact,
    MessageFact,
    PainFact,
    Refusal,
    RefusedError,
    ReportFact,
    ResponseFact,
    SlotFact,
    Why,
)

LONGEST_DELAY: Final = dt.timedelta(days=90)
DAYS_BACK: Final = 2
MOST_NUMBER: Final = 2**31 - 1
# Of one person on one phone: a hundred a day for twenty-seven years.
MOST_ENTRIES: Final = 1_000_000

__all__ = [
    "DAYS_BACK",
    "FACTS",
    "LONGEST_DELAY",
    "LONGEST_NAME",
    "MOMENTS",
    "MOST_SLOTS",
    "SKIP_REASONS",
    "ActivitiesFact",
    "Command",
    "ExposureFact",
    "Fact",
    "MeasureFact",
    "MedicineFact",
    "MessageFact",
    "PainFact",
    "Refusal",
    "ReportFact",
    "ResponseFact",
    "SlotFact",
    "Why",
    "can_complete",
    "day_of",
    "is_prescribed",
    "number_of",
    "parse",
    "when",
]


def parse(raw: object) -> Command | Refusal:
    """The command in a decoded JSON object, or why it is none.

    ``id``, ``kind``, ``patient``, ``payload``, ``day`` and ``done_at`` must be there; a ``done_at`` of null asks for the
    server's clock.
    """
    try:
        return _command(raw)
    except RefusedError as refused:
        return refused.refusal


def when(command: Command, *, received_at: dt.datetime, dog_zone: str) -> dt.datetime | Refusal:
    """The instant at which the command counts, or why its times cannot be right.

    The day is the one that our own page showed, and is trusted; the phone's clock is one more witness. A clock that runs
    ahead is set back to the arrival, or to the end of what could be completed for that day; one that is behind the day
    of its own page is set to the day's beginning. What the clock said is kept beside it. So a wrong clock never
    loses what was done. Where the clock agrees, the day must be its own day or one of the two before: yesterday can be
    completed, and a page of last week that was opened again cannot change it.
    """
    zone = zoneinfo.ZoneInfo(dog_zone)
    arrival = received_at.astimezone(zone).date()
    if command.day > arrival:
        return Refusal(why=Why.DAY_AHEAD, params={"day": command.day})
    if command.day < (received_at - LONGEST_DELAY).astimezone(zone).date():
        return Refusal(why=Why.TOO_OLD, params={"days": LONGEST_DELAY.days})
    begins = dt.datetime.combine(command.day, dt.time(), zone).astimezone(dt.UTC)
    closes = dt.datetime.combine(command.day + dt.timedelta(days=DAYS_BACK + 1), dt.time(), zone).astimezone(dt.UTC)
    if command.done_at is not None and command.done_at > received_at:
        return min(received_at, closes)
    done_at = command.done_at or received_at
    if done_at >= closes:
        return Refusal(why=Why.DAY_TOO_EARLY, params={"days": DAYS_BACK})
    return max(done_at, begins)


def can_complete(day: dt.date, *, today: dt.date) -> bool:
    """Whether the family can still add and change answers of the day: today and the two days before it."""
    return dt.timedelta() <= today - day <= dt.timedelta(days=DAYS_BACK)


def is_prescribed(*, day: dt.date, starts_on: dt.date, ends_on: dt.date | None) -> bool:
    """Whether what was done on the day was still, or already, prescribed.

    The day on which it ended still counts: it may have been done before the change. What was done outside is taken all
    the same and marked, because health data is not thrown away.
    """
    return starts_on <= day and (ends_on is None or day <= ends_on)


def _command(raw: object) -> Command:
    if not isinstance(raw, dict):
        raise RefusedError(Why.NOT_AN_OBJECT)
    command_id = fields.uuid(raw, "id")
    if command_id.version != 7:
        raise RefusedError(Why.ID_NOT_V7)
    kind = fields.text(raw, "kind")
    if kind not in FACTS:
        raise RefusedError(Why.KIND_UNKNOWN)
    patient = fields.uuid(raw, "patient")
    day = fields.day(raw, "day")
    payload = fields.required(raw, "payload")
    if not isinstance(payload, dict):
        raise RefusedError(Why.FIELD_TYPE, field="payload")
    known, make = FACTS[kind]
    if not payload.keys() <= known:
        raise RefusedError(Why.PAYLOAD_UNKNOWN)
    fact = make(payload, day)
    done_at = fields.instant(raw, "done_at")
    time_zone = fields.time_zone(raw)
    plan_version = _plan_version(raw)
    device, sequence = _number(raw)
    return Command(
        id=command_id,
        kind=kind,
        patient=patient,
        fact=fact,
        day=day,
        done_at=done_at,
        time_zone=time_zone,
        plan_version=plan_version,
        body_hash=_hash(kind, patient, payload, day, done_at, time_zone, plan_version),
        device=device,
        sequence=sequence,
    )


def _hash(
    kind: str,
    patient: UUID,
    payload: Raw,
    day: dt.date,
    done_at: dt.datetime | None,
    time_zone: str | None,
    plan_version: int | None,
) -> str:
    # Of what was said and not of the values that this release makes of it: a resend may come after the next one.
    said = {
        name: sorted(set(map(str, value))) if isinstance(value, list) else value
        for name, value in sorted(payload.items())
    }
    content = [kind, str(patient), said, str(day), str(done_at), time_zone, plan_version]
    return hashlib.sha256(json.dumps(content, separators=(",", ":"), sort_keys=True).encode()).hexdigest()


def _plan_version(raw: Raw) -> int | None:
    if raw.get("plan_version") is None:
        return None
    return fields.whole(raw, "plan_version", least=1, most=MOST_NUMBER, why=Why.PLAN_VERSION_RANGE)


def number_of(raw: object) -> tuple[UUID, UUID, int] | None:
    """The key, phone and number of whatever a phone sent, as far as it has them; for what cannot be read otherwise."""
    if not isinstance(raw, dict):
        return None
    try:
        key, (device, sequence) = fields.uuid(raw, "id"), _number(raw)
    except RefusedError:
        return None
    return None if device is None or sequence is None else (key, device, sequence)


def _number(raw: Raw) -> tuple[UUID | None, int | None]:
    """The phone and the number of the command on it; a form without JavaScript has neither."""
    if raw.get("device") is None and raw.get("sequence") is None:
        return None, None
    device = fields.uuid(raw, "device")
    return device, fields.whole(raw, "sequence", least=1, most=MOST_ENTRIES, why=Why.DEVICE_INVALID)
