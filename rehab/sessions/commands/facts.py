"""What each kind of command says: its payload becomes a fact, or is refused."""

import datetime as dt
import re
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Final
from uuid import UUID

from rehab.lib import units
from rehab.library import reading
from rehab.patients import csom
from rehab.patients.measures import MEASURES
from rehab.programs.dose import SLUG
from rehab.sessions.commands import fields
from rehab.sessions.commands.fields import Raw
from rehab.sessions.commands.values import (
    ActivitiesFact,
    ExposureFact,
    Fact,
    MeasureFact,
    MedicineFact,
    MessageFact,
    PainFact,
    RefusedError,
    ReportFact,
    ResponseFact,
    SlotFact,
    Why,
)

MOST_SLOTS: Final = 12
LONGEST_MESSAGE: Final = 2000
LONGEST_MEDICINE: Final = 120
SKIP_REASONS: Final = frozenset({"no_time", "dog_refused", "pain", "unsure_how", "forgot", "equipment", "other"})
MISSED_DOSE: Final = frozenset({"ran_out", "refused", "vomited", "forgot", "other"})
CLOCK_TEXT: Final = re.compile(r"([01]\d|2[0-3]):[0-5]\d", re.ASCII)
DECIMAL_TEXT: Final = re.compile(r"\d{1,5}(\.\d{1,2})?", re.ASCII)
FLAG_ID: Final = re.compile(r"RF\d{2,3}", re.ASCII)
# A moment, and how many days after the session it is asked.
MOMENTS: Final = {"before": 0, "after": 0, "next_morning": 1}
# The owner's screen of 01_neuro.yaml: a whole number from 0, or one of a few words.
COUNTED_ANSWERS: Final = {"unaided_steps": 10, "standing_s": 600}
WORD_ANSWERS: Final = {
    "knuckling": frozenset({"none", "sometimes", "often", "always"}),
    "voluntary_move": frozenset({"both", "one", "no"}),
    "urination": frozenset({"normal", "small", "none", "leaks"}),
}
# A field for each activity, in the order of the definition.
ACTIVITIES: Final = tuple(f"activity_{number}" for number in range(1, csom.MOST + 1))
ANSWERS: Final = ("unaided_steps", "knuckling", "standing_s", "voluntary_move", "urination")


def _score(raw: Raw, name: str) -> int:
    return fields.whole(raw, name, least=0, most=10, why=Why.SCORE_RANGE)


def _quality(payload: Raw) -> int | None:
    said = payload.get("quality") is not None
    return fields.whole(payload, "quality", least=1, most=3, why=Why.QUALITY_RANGE) if said else None


def _slot(payload: Raw) -> int:
    return fields.whole(payload, "slot", least=1, most=MOST_SLOTS, why=Why.SLOT_RANGE)


def _tick(payload: Raw, _day: dt.date) -> SlotFact:
    prescription, slot = fields.uuid(payload, "prescription"), _slot(payload)
    return SlotFact(prescription=prescription, slot=slot, state="done", share=100, quality=_quality(payload))


def _partial(payload: Raw, _day: dt.date) -> SlotFact:
    share = fields.whole(payload, "share", least=1, most=99, why=Why.SHARE_RANGE)
    prescription, slot = fields.uuid(payload, "prescription"), _slot(payload)
    return SlotFact(prescription=prescription, slot=slot, state="partial", share=share, quality=_quality(payload))


def _stop(payload: Raw, _day: dt.date) -> SlotFact:
    signs = _stop_signs(payload)
    if not signs:
        raise RefusedError(Why.SIGN_MISSING)
    return SlotFact(
        prescription=fields.uuid(payload, "prescription"),
        slot=_slot(payload),
        state="stopped",
        share=fields.whole(payload, "share", least=0, most=99, why=Why.SHARE_RANGE),
        stop_signs=signs,
        quality=_quality(payload),
    )


def _skip(payload: Raw, _day: dt.date) -> SlotFact:
    reason = fields.text(payload, "reason")
    if reason not in SKIP_REASONS:
        raise RefusedError(Why.REASON_UNKNOWN)
    return SlotFact(
        prescription=fields.uuid(payload, "prescription"),
        slot=_slot(payload),
        state="skipped",
        share=0,
        skip_reason=reason,
        note=fields.note(payload),
    )


def _undo(payload: Raw, _day: dt.date) -> SlotFact:
    return SlotFact(prescription=fields.uuid(payload, "prescription"), slot=_slot(payload), state="undone", share=0)


def _pain(payload: Raw, day: dt.date) -> PainFact:
    moment = fields.text(payload, "moment")
    if moment not in MOMENTS:
        raise RefusedError(Why.MOMENT_UNKNOWN)
    score = _score(payload, "score")
    try:
        expected = day - dt.timedelta(days=MOMENTS[moment])
    except OverflowError:
        raise RefusedError(Why.DAY_INVALID) from None
    if "session_day" in payload and fields.day(payload, "session_day") != expected:
        raise RefusedError(Why.SESSION_DAY)
    return PainFact(moment=moment, score=score, session_day=expected)


def _exposure(payload: Raw, _day: dt.date) -> ExposureFact:
    done = fields.yes_or_no(payload, "done")
    # Who practised says how the dog was after it; who did not may have nothing to say.
    said = done or payload.get("pain_after") is not None
    return ExposureFact(
        step=fields.uuid(payload, "step"),
        done=done,
        pain_after=_score(payload, "pain_after") if said else None,
        stop_signs=_stop_signs(payload),
    )


def _stop_signs(payload: Raw) -> tuple[str, ...]:
    if payload.get("stop_signs") is None:
        return ()
    return fields.codes(payload, "stop_signs", known=reading.stop_signs(), why=Why.SIGN_UNKNOWN)


def _response(payload: Raw, _day: dt.date) -> ResponseFact:
    quality = _quality(payload)
    tired = areas = signs = None
    if payload.get("tired") is not None:
        tired = fields.whole(payload, "tired", least=0, most=3, why=Why.TIRED_RANGE)
    if payload.get("areas") is not None:
        areas = fields.codes(payload, "areas", known=reading.areas(), why=Why.AREA_UNKNOWN)
    if payload.get("signs") is not None:
        known = [code for group in reading.signs().values() for code in group]
        signs = fields.codes(payload, "signs", known=known, why=Why.SIGN_UNKNOWN)
    note = fields.note(payload)
    if not note and (quality, tired, areas, signs) == (None, None, None, None):
        raise RefusedError(Why.NOTHING_SAID)
    return ResponseFact(quality=quality, tired=tired, areas=areas, signs=signs, note=note)


def _medicine(payload: Raw, _day: dt.date) -> MedicineFact:
    medicine = fields.text(payload, "medicine", longest=LONGEST_MEDICINE).strip()
    if not medicine:
        raise RefusedError(Why.FIELD_MISSING, field="medicine")
    time = fields.text(payload, "time")
    if time and CLOCK_TEXT.fullmatch(time) is None:
        raise RefusedError(Why.MEDICINE_TIME)
    given = None if fields.required(payload, "given") is None else fields.yes_or_no(payload, "given")
    reason = "" if payload.get("reason") is None else fields.text(payload, "reason")
    if reason and (reason not in MISSED_DOSE or given is not False):
        raise RefusedError(Why.REASON_UNKNOWN)
    return MedicineFact(medicine=medicine, time=time, given=given, reason=reason)


def _measure(payload: Raw, _day: dt.date) -> MeasureFact:
    metric = fields.text(payload, "metric")
    # Pounds are said as pounds, so that what is sent is what was typed; they are stored as kilograms.
    system: units.System = "imperial" if metric == "weight_lb" else "metric"
    metric = "weight_kg" if metric == "weight_lb" else metric
    measure = MEASURES.get(metric)
    if measure is None or measure.vet_only:
        raise RefusedError(Why.MEASURE_UNKNOWN)
    said = fields.text(payload, "value").replace(",", ".")
    try:
        value = Decimal(said) if DECIMAL_TEXT.fullmatch(said) else None
    except InvalidOperation:
        value = None
    if value is not None and system == "imperial":
        value = units.stored(value, measure.unit)
    if value is None or not measure.accepts(value):
        low, high = (units.shown(bound, measure.unit, system=system) for bound in (measure.low, measure.high))
        raise RefusedError(Why.MEASURE_RANGE, least=str(low), most=str(high))
    return MeasureFact(metric=metric, value=value, prescription=fields.uuid_or_none(payload, "prescription"))


def _report(payload: Raw, _day: dt.date) -> ReportFact:
    said = payload.get("answers")
    if said is None:
        said = {}
    if not isinstance(said, dict):
        raise RefusedError(Why.FIELD_TYPE, field="answers")
    if not said.keys() <= set(ANSWERS):
        raise RefusedError(Why.PAYLOAD_UNKNOWN)
    answers: dict[str, int | str] = {}
    for name in ANSWERS:
        if said.get(name) is None:
            continue
        if name in COUNTED_ANSWERS:
            answers[name] = fields.whole(said, name, least=0, most=COUNTED_ANSWERS[name], why=Why.ANSWER_UNKNOWN)
            continue
        word = fields.text(said, name)
        if word not in WORD_ANSWERS[name]:
            raise RefusedError(Why.ANSWER_UNKNOWN)
        answers[name] = word
    flags = () if payload.get("flags") is None else _flags(payload)
    if not answers and payload.get("flags") is None:
        raise RefusedError(Why.NOTHING_SAID)
    return ReportFact(answers=answers, flags=flags, exercise=_exercise(payload))


def _exercise(payload: Raw) -> str:
    """The exercise that brought a sign on. A report is not refused for what cannot be one: then nobody has told."""
    said = payload.get("exercise")
    return said if isinstance(said, str) and SLUG.fullmatch(said) else ""


def _flags(payload: Raw) -> tuple[str, ...]:
    """The signs that were ticked; those that the content has dropped since the phone was asked stay, as they are.

    A report is not refused for a list that was edited meanwhile: ``warning_signs.weigh`` takes what it does not know for
    the gravest.
    """
    known = [flag.id for flag in reading.red_flags()]
    said = payload["flags"]
    dropped = (
        {code for code in said if isinstance(code, str) and FLAG_ID.fullmatch(code)} if isinstance(said, list) else ()
    )
    return fields.codes(payload, "flags", known=[*known, *sorted({*dropped} - {*known})], why=Why.FLAG_UNKNOWN)


def _message(payload: Raw, _day: dt.date) -> MessageFact:
    # A form without JavaScript ends its lines as mail does, and would count each end twice.
    lines = {**payload, "text": said.replace("\r\n", "\n") if isinstance(said := payload.get("text"), str) else said}
    written = fields.text(lines, "text", longest=LONGEST_MESSAGE).strip()
    if not written:
        raise RefusedError(Why.NOTHING_SAID)
    return MessageFact(text=written, prescription=fields.uuid_or_none(payload, "prescription"))


def _activities(payload: Raw, _day: dt.date) -> ActivitiesFact:
    definition = fields.uuid(payload, "definition")
    said = [name for name in ACTIVITIES if payload.get(name) is not None]
    # The first so many, without a gap; how many there must be only the definition tells.
    if not said or said != list(ACTIVITIES[: len(said)]):
        raise RefusedError(Why.ACTIVITIES_INCOMPLETE)
    low, high = csom.LOWEST, csom.HIGHEST
    scores = (fields.whole(payload, name, least=low, most=high, why=Why.ACTIVITY_RANGE) for name in said)
    return ActivitiesFact(definition=definition, scores=tuple(scores))


_ABOUT_SLOT: Final = frozenset({"prescription", "slot"})
FACTS: Final[dict[str, tuple[frozenset[str], Callable[[Raw, dt.date], Fact]]]] = {
    "tick": (_ABOUT_SLOT | {"quality"}, _tick),
    "partial": (_ABOUT_SLOT | {"share", "quality"}, _partial),
    "stop": (_ABOUT_SLOT | {"share", "stop_signs", "quality"}, _stop),
    "skip": (_ABOUT_SLOT | {"reason", "note"}, _skip),
    "undo": (_ABOUT_SLOT, _undo),
    "pain": (frozenset({"moment", "score", "session_day"}), _pain),
    "exposure": (frozenset({"step", "done", "pain_after", "stop_signs"}), _exposure),
    "response": (frozenset({"quality", "tired", "areas", "signs", "note"}), _response),
    "medicine": (frozenset({"medicine", "time", "given", "reason"}), _medicine),
    "measure": (frozenset({"metric", "value", "prescription"}), _measure),
    "report": (frozenset({"answers", "flags", "exercise"}), _report),
    "message": (frozenset({"text", "prescription"}), _message),
    "activities": (frozenset({"definition", *ACTIVITIES}), _activities),
}


def prescription_of(fact: Fact) -> UUID | None:
    """The prescription that the fact is about, if it is about one."""
    return fact.prescription if isinstance(fact, SlotFact | MeasureFact | MessageFact) else None
