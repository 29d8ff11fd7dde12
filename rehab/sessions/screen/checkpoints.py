"""The look some months after a discharge, in the family's words: what is asked, and honestly what happens next."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from typing import Final, NamedTuple

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from rehab.patients import measure_wording
from rehab.programs import maintenance
from rehab.programs.models import Checkpoint
from rehab.sessions.wording import long_day

MONTHS_A_YEAR: Final = 12
# Where the words for the clinic are not those for a family.
HELPS: Final = {"walk_min_total": gettext_lazy("All walks of today together.")}
State = Checkpoint.State
ICONS: Final[Mapping[str, str]] = {State.GOOD: "circle-check", State.WORSE: "triangle-alert", State.MISSED: "clock"}


class Screen(NamedTuple):
    """What the page says above and below its questions; ``asks`` where there is something to answer."""

    title: str
    words: list[str]
    asks: bool
    icon: str


def title(month: int, *, name: str) -> str:
    """“3 months since discharge: how is Rex?”"""
    years, rest = divmod(month, MONTHS_A_YEAR)
    if years and not rest:
        since = ngettext("%(n)d year since discharge", "%(n)d years since discharge", years) % {"n": years}
    elif month == 1:
        since = _("One month since discharge")
    else:
        since = ngettext("%(n)d month since discharge", "%(n)d months since discharge", month) % {"n": month}
    return _("%(since)s: how is %(name)s?") % {"since": since, "name": name}


def newest_due(checkpoints: Sequence[Checkpoint], *, today: dt.date) -> Checkpoint | None:
    """The one that the page is about: the last that was due, unless nobody waits for it any more."""
    due = [one for one in checkpoints if one.due_on <= today and one.state != State.CANCELLED]
    return max(due, key=lambda one: one.due_on, default=None)


def open_questions(said: Collection[str]) -> list[str]:
    """What is still to be answered of that which is compared; the weight is asked and not compared."""
    return [
        metric
        for metric in maintenance.asked()
        if metric in (maintenance.PAIN, *maintenance.FUNCTION) and metric not in said
    ]


def screen(checkpoints: Sequence[Checkpoint], said: Collection[str], *, name: str, today: dt.date) -> Screen:
    """The page of a dog whose newest episode has these checkpoints, with what was answered of the one that is due."""
    now = newest_due(checkpoints, today=today)
    coming = [one.due_on for one in checkpoints if one.due_on > today and one.state == State.WAITING]
    following = [_("The next look is on %(day)s.") % {"day": long_day(min(coming))}] if coming else []
    if now is None:
        nothing = _("There is nothing to answer now.")
        return Screen(_("How is %(name)s?") % {"name": name}, [nothing, *following], asks=False, icon="clock")
    heading = title(now.month, name=name)
    if now.state == State.WAITING and maintenance.takes_answers(now.due_on, today=today):
        if open_questions(said):
            return Screen(heading, [_waits(now)], asks=True, icon="heart-pulse")
        return Screen(heading, [*_thanks(), *following], asks=True, icon="circle-check")
    return Screen(heading, [*_outcome(now, name=name), *following], asks=False, icon=ICONS.get(now.state, "clock"))


def _waits(now: Checkpoint) -> str:
    last = now.due_on + dt.timedelta(days=maintenance.ANSWER_DAYS - 1)
    return _("Until %(day)s. Answer what you can; an answer can be changed.") % {"day": long_day(last)}


def _thanks() -> list[str]:
    return [
        _("Thank you, that is all."),
        _(
            "Your answers are compared with the day of the discharge. If something is clearly worse, it comes up on the "
            "clinic’s list, and a person there decides what follows. The program stays as it is until then."
        ),
    ]


def _outcome(now: Checkpoint, *, name: str) -> list[str]:
    if now.state == State.GOOD:
        return [
            _(
                "Thank you. Nothing that is compared is clearly worse than at the discharge, so everything goes on as it is."
            )
        ]
    if now.state == State.WORSE and now.settled_at is not None:
        return [_("Something was worse than at the discharge. The clinic has looked at it and decided.")]
    if now.state == State.WORSE:
        return [
            _(
                "Thank you. Something is worse than at the discharge. It is on the clinic’s list, and a person there decides "
                "what follows; until then the program stays as it is."
            ),
            _("If %(name)s gets worse, or a warning sign fits, do not wait: call.") % {"name": name},
        ]
    return [
        _("Not all of it was answered in time, so nothing could be compared. The clinic knows."),
        _("If you are worried about %(name)s, write or call.") % {"name": name},
    ]


def help_of(metric: str) -> str:
    """A word on how a measure is taken at home."""
    return str(HELPS.get(metric, measure_wording.HELP.get(metric, "")))
