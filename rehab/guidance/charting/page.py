"""The patient chart, put together: a fixed number of statements, whatever was logged and however long ago."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from django.utils.text import Truncator

from accounts.access import Role
from rehab.guidance import wording as guidance_wording
from rehab.guidance.charting import bands, strips, tables, wording
from rehab.guidance.charting.axis import ONE_DAY, WEEK, Axis
from rehab.guidance.charting.body import BodyMap, body_map
from rehab.guidance.charting.days import Days, days_of
from rehab.guidance.charting.episodes import EpisodeColumn, episode_columns
from rehab.guidance.charting.geometry import PRINTED, Sheet, draw, pages
from rehab.guidance.charting.head import Head, head_of, pain_limit, profile_name
from rehab.guidance.charting.marks import Marks, marks_of
from rehab.guidance.charting.reading import Frame, frame_of, told_of
from rehab.guidance.charting.scoring import Instrument, instruments_of
from rehab.patients.models import Patient
from rehab.sessions.clip_wording import sentence
from rehab.sessions.models import Clip, Message

WEEKS: Final = {"4": 4, "12": 12}
USUAL: Final = "12"
WIDE: Final = 1080
NARROW: Final = 340
# A printed drawing is 186 mm wide; one of this height leaves room for its heading on a sheet of A4.
PRINTED_MOST: Final = 920
LONGEST_MESSAGE: Final = 180


@dataclass(frozen=True, kw_only=True)
class ClipLine:
    """One photo or clip with what the clinic said to it."""

    day: str
    exercise: str
    kind: str
    verdict: str
    text: str
    by: str
    wrong: str


@dataclass(frozen=True, kw_only=True)
class MessageLine:
    """One message, shortened."""

    when: str
    who: str
    from_family: bool
    text: str


@dataclass(frozen=True, kw_only=True)
class ChartPage:
    """All that the chart says."""

    today: dt.date
    span: str
    axis: Axis
    frame: Frame
    head: Head
    wide: Sheet
    narrow: Sheet
    printed: list[Sheet]
    keys: frozenset[str]
    kinds: frozenset[str]
    summary: str
    grouped: str
    limit: int
    marks: Marks
    day_lines: list[tables.DayLine]
    measures: tables.Listed
    medicine: tables.Listed
    stops: list[tables.StopLine]
    items: list[tables.ItemLine]
    body: BodyMap
    clips: list[ClipLine]
    messages: list[MessageLine]
    instruments: list[Instrument]
    episodes: list[EpisodeColumn]
    has_data: bool

    @property
    def is_stopped(self) -> bool:
        """Whether a warning sign stops the exercises now."""
        return any(line.is_open for line in self.stops)

    @property
    def is_empty(self) -> bool:
        """Whether nothing is on record: nothing signed, nothing prescribed, nothing said or measured."""
        return not (self.has_data or self.frame.definitions or self.frame.programs or self.instruments or self.messages)


def chart_page(patient: Patient, *, at: dt.datetime, span: str, roles: frozenset[Role]) -> ChartPage:
    """The chart of a dog that was already loaded for its reader."""
    today = patient.today(at)
    frame = frame_of(patient)
    axis = axis_of(patient, frame, span=span, today=today)
    told = told_of(patient, axis)
    days = days_of(patient, frame, told, axis)
    instruments = instruments_of(patient, frame.definitions, told.scores)
    changes = strips.medicine_changes(patient, frame.definitions, axis)
    limit = pain_limit(profile_name(frame), told.changes)
    rows = bands.rows_of(patient, frame, told, days, axis, limit=limit, changes=changes, instruments=instruments)
    marks, names = marks_of(told.decisions, told.items, axis), wording.place_names(axis)
    stops = tables.stop_lines(patient, told)
    return ChartPage(
        today=today,
        span=span,
        axis=axis,
        frame=frame,
        head=head_of(patient, frame, told, days, roles=roles, today=today),
        wide=draw(rows, names, width=WIDE, marks=marks.groups),
        narrow=draw(rows, names, width=NARROW, marks=marks.groups),
        # No drawing may be higher than its sheet of paper.
        printed=[draw(some, names, width=PRINTED, marks=marks.groups) for some in pages(rows, most=PRINTED_MOST)],
        keys=frozenset(row.key for row in rows),
        kinds=frozenset(kind for row in rows for kind in row.kinds),
        summary=_summary(axis, days, marks, stops),
        grouped=wording.how_grouped(axis),
        limit=limit,
        marks=marks,
        day_lines=tables.day_lines(days, axis),
        measures=tables.measure_lines(days),
        medicine=tables.medicine_lines(changes, told),
        stops=stops,
        items=tables.item_lines(told, days, axis),
        body=body_map(told.areas, axis),
        clips=[_clip(one) for one in told.clips],
        messages=[_message(one, patient, today=today) for one in told.messages],
        instruments=instruments,
        episodes=episode_columns(patient, frame, told, today=today),
        has_data=days.has_answers or bool(days.parts or days.load or days.measured or told.areas or told.reports),
    )


def axis_of(patient: Patient, frame: Frame, *, span: str, today: dt.date) -> Axis:
    """The days of the span: some weeks, the newest episode, or all since anything was signed or prescribed."""
    known = [
        *(patient.today(one.signed_at) for one in frame.definitions if one.signed_at),
        *(one.starts_on for one in frame.programs),
        *(one.opened_on for one in frame.episodes),
    ]
    first = min(known, default=today)
    if span in WEEKS:
        # Before the beginning there is nothing to see.
        first = max(first, today - (WEEKS[span] * WEEK - 1) * ONE_DAY)
    elif span == "episode" and frame.episodes:
        first = frame.episodes[-1].opened_on
    return Axis.since(first, today=today)


def _summary(axis: Axis, days: Days, marks: Marks, stops: Sequence[tables.StopLine]) -> str:
    performed = list(days.parts.values())
    return wording.summary(
        axis,
        pain=days.pain,
        done=sum(performed) / len(performed) if performed else None,
        load=days.load,
        decisions=sum(len(one.texts) + one.more for one in marks.listed),
        stops=len(stops),
    )


def _clip(one: Clip) -> ClipLine:
    review = getattr(one, "review", None)
    return ClipLine(
        day=wording.long_day(one.day),
        exercise=one.prescription.exercise.name,
        kind=str(one.get_kind_display()),
        verdict="" if review is None else review.verdict,
        text="" if review is None else review.text,
        by="" if review is None else review.reviewed_by.get_full_name(),
        wrong=sentence(one.media.content_type) if one.media and one.is_unreadable else "",
    )


def _message(one: Message, patient: Patient, *, today: dt.date) -> MessageLine:
    return MessageLine(
        when=guidance_wording.moment(one.received_at, patient.time_zone, today=today),
        who=one.written_by.get_full_name(),
        from_family=one.from_family,
        text=Truncator(one.text).chars(LONGEST_MESSAGE),
    )
