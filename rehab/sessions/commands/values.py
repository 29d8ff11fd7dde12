"""The values of commands: what was said, and why something is not taken."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from uuid import UUID


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
    QUALITY_RANGE = "quality_range"
    TIRED_RANGE = "tired_range"
    DAY_INVALID = "day_invalid"
    DONE_AT_INVALID = "done_at_invalid"
    PLAN_VERSION_RANGE = "plan_version_range"
    DEVICE_INVALID = "device_invalid"
    SESSION_DAY = "session_day"
    TOO_OLD = "too_old"
    DAY_AHEAD = "day_ahead"
    DAY_TOO_EARLY = "day_too_early"
    PRESCRIPTION_UNKNOWN = "prescription_unknown"
    PATIENT_UNKNOWN = "patient_unknown"
    NOT_ALLOWED = "not_allowed"
    SAME_ID_OTHER_CONTENT = "same_id_other_content"
    SIGN_UNKNOWN = "sign_unknown"
    SIGN_MISSING = "sign_missing"
    STEP_UNKNOWN = "step_unknown"
    NOTHING_SAID = "nothing_said"
    AREA_UNKNOWN = "area_unknown"
    MEDICINE_TIME = "medicine_time"
    MEASURE_UNKNOWN = "measure_unknown"
    MEASURE_RANGE = "measure_range"
    FLAG_UNKNOWN = "flag_unknown"
    ANSWER_UNKNOWN = "answer_unknown"
    DEFINITION_UNKNOWN = "definition_unknown"
    ACTIVITIES_INCOMPLETE = "activities_incomplete"
    ACTIVITY_RANGE = "activity_range"


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """Why a command is not applied; ``params`` are plain values for the sentence."""

    why: Why
    params: Mapping[str, object] = field(default_factory=dict)


class RefusedError(Exception):
    """Raised while a command is read, and turned into its refusal."""

    def __init__(self, why: Why, **params: object) -> None:
        super().__init__(why)
        self.refusal = Refusal(why=why, params=params)


@dataclass(frozen=True, kw_only=True)
class SlotFact:
    """What is said about one time of the day of one prescription; ``share`` in percent of its dose.

    ``stop_signs`` are those for which it was stopped; ``quality`` 3 clean, 2 small faults, 1 poor.
    """

    prescription: UUID
    slot: int
    state: str
    share: int
    skip_reason: str = ""
    stop_signs: tuple[str, ...] = ()
    quality: int | None = None
    note: str = ""


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


@dataclass(frozen=True, kw_only=True)
class ResponseFact:
    """What was seen besides pain on the day; ``None`` is not answered, an empty tuple is none seen."""

    quality: int | None = None
    tired: int | None = None
    areas: tuple[str, ...] | None = None
    signs: tuple[str, ...] | None = None
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class MedicineFact:
    """Whether one dose was given; ``None`` takes the answer back."""

    medicine: str
    time: str
    given: bool | None
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class MeasureFact:
    """What was measured at home, in the unit of the metric."""

    metric: str
    value: Decimal
    prescription: UUID | None = None


@dataclass(frozen=True, kw_only=True)
class ReportFact:
    """A check for warning signs: the answers to the owner's screen, and the ids of the signs that were ticked.

    ``exercise`` is the slug of the exercise that brought a sign on, empty where nobody can tell.
    """

    answers: Mapping[str, int | str]
    flags: tuple[str, ...]
    exercise: str = ""


@dataclass(frozen=True, kw_only=True)
class MessageFact:
    """What was written to the clinic or to the family, about an exercise or about nothing in particular."""

    text: str
    prescription: UUID | None = None


@dataclass(frozen=True, kw_only=True)
class ActivitiesFact:
    """How hard each activity of a signed definition is, in its order: 0 normal, 4 cannot."""

    definition: UUID
    scores: tuple[int, ...]


Fact = (
    SlotFact
    | PainFact
    | ExposureFact
    | ResponseFact
    | MedicineFact
    | MeasureFact
    | ReportFact
    | MessageFact
    | ActivitiesFact
)


@dataclass(frozen=True, kw_only=True)
class Command:
    """One tap, well formed: not yet checked against the dog's clock, plan and people.

    ``done_at`` and ``time_zone`` are None where the phone did not say (a form without JavaScript); the server's clock
    and the dog's zone stand in, and the body hash, which covers the content as it was sent, is that of every resend.
    ``device`` and ``sequence`` are both there or both not.
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
    device: UUID | None = None
    sequence: int | None = None
