"""What every kind of nudge says of itself: who is due, whether it still makes sense, its words, its ways, its life."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from rehab.nudges.models import Nudge

Channel, State, Reason = Nudge.Channel, Nudge.State, Nudge.Reason

PHONE_FIRST: Final = (Channel.PUSH, Channel.EMAIL)
MAIL_FIRST: Final = (Channel.EMAIL, Channel.PUSH)
MAIL_ONLY: Final = (Channel.EMAIL,)


@dataclass(frozen=True, kw_only=True)
class Ending:
    """How a row ends that makes no sense any more."""

    state: Nudge.State
    reason: Nudge.Reason


@dataclass(frozen=True, kw_only=True)
class Words:
    """What one nudge says, in the language that is active; mail and push are drawn from the same words.

    ``title`` is the subject of the mail and all that a phone shows in bold; neither it nor ``notice`` (the phone's second
    line, else the first of ``lines``) may hold anything clinical, for a lock screen is read by others. ``lines`` are
    paragraphs, the first the largest. ``values`` are what a clinic's own text may name: dog, left, minutes, clinic, name.
    ``path`` is the page that the button opens.
    """

    title: str
    lines: tuple[str, ...]
    button: str
    path: str
    notice: str = ""
    encouragement: str = ""
    values: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One kind of nudge.

    ``candidates`` is a SELECT over the expressions that the planner provides (``rehab.nudges.kinds.sql``), one row for each
    person and dog that is due now and has no row of this kind for the day yet, with the columns ``user_id, patient_id,
    clinic_id, zone, day, minutes, number, subject_id``: ``zone`` and ``day`` are the person's, ``minutes`` how long from now
    it is worth sending.

    ``facts`` looks again at claimed rows of this kind, in a fixed number of statements: for each row its facts, whatever
    ``say`` needs, or the ending of one that makes no sense any more. What is common to all kinds (off, snoozed, quiet,
    too late, not caring, dead) has been looked at before.

    ``rank`` decides among the prompts of one person at one moment; the lowest carries the day. ``is_prompt``: counted in the
    one a day and four in seven days. ``is_one_a_day``: takes the day's place. ``is_by_lot``: may be withheld to measure.
    ``is_safety``: sent at any hour, whatever a person has switched off or snoozed.
    """

    code: Nudge.Kind
    rank: int
    candidates: Callable[[], str]
    facts: Callable[[Sequence[Nudge], dt.datetime], Mapping[UUID, Any]]
    say: Callable[[Nudge, Any], Words]
    ways: tuple[Nudge.Channel, ...] = PHONE_FIRST
    is_prompt: bool = False
    is_one_a_day: bool = False
    is_by_lot: bool = False
    is_safety: bool = False
    # RFC 8030: how urgent the push service takes it to be; and how long it keeps it for a phone that is off.
    urgency: str = "normal"
    push_life: dt.timedelta = dt.timedelta(hours=3)
