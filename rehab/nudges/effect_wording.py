"""What the numbers about reminders say: a row for each kind with its sentence and its place on the scale."""

import math
from dataclasses import dataclass
from typing import Final

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from rehab.nudges.effect import Arm, Effect, Verdict, effect
from rehab.nudges.kinds import KINDS
from rehab.nudges.measured import Measured, Sending
from rehab.nudges.models import Nudge

NAMES: Final = {
    Verdict.HELPS: gettext_lazy("helps"),
    Verdict.NO_EFFECT: gettext_lazy("shows no effect"),
    Verdict.HARMS: gettext_lazy("does harm"),
    Verdict.TOO_FEW: gettext_lazy("too few yet"),
}
# The colour is never alone: a badge has its word and its sign.
BADGES: Final = {
    Verdict.HELPS: ("ok", "check"),
    Verdict.NO_EFFECT: ("watch", "minus"),
    Verdict.HARMS: ("act", "triangle-alert"),
    Verdict.TOO_FEW: ("neutral", "clock"),
}
# The picture is so many units wide on each side of no difference; its scale ends at a round number of points.
HALF: Final = 150
ENDS: Final = (5, 10, 20, 30, 50, 100)


@dataclass(frozen=True, kw_only=True)
class Row:
    """One kind's line; ``low``, ``middle`` and ``high`` are places on the picture, ``None`` where nothing can be drawn."""

    kind: str
    name: str
    verdict: str
    verdict_name: str
    badge: str
    icon: str
    sent: str
    withheld: str
    difference: str
    interval: str
    sentence: str
    note: str
    low: int | None
    middle: int | None
    high: int | None


@dataclass(frozen=True, kw_only=True)
class Guard:
    """A number that must stay low whatever helps, and the sentence that says what it is."""

    name: str
    number: str
    sentence: str
    is_high: bool


@dataclass(frozen=True, kw_only=True)
class SendingRow:
    name: str
    numbers: Sending
    phone: str


def rows(found: Measured) -> list[Row]:
    """A row for each kind that may be withheld, whether or not there is a decision point of it yet."""
    end = scale(found)
    return [
        _row(kind.code, found.effects.get(kind.code) or effect([]), end=end)
        for kind in sorted(KINDS, key=lambda kind: -kind.rank)
        if kind.is_by_lot or kind.code in found.effects
    ]


def scale(found: Measured) -> int:
    """Where the picture ends to both sides, in percentage points: all intervals find room."""
    reach = [
        100 * max(abs(one.low), abs(one.high))
        for one in found.effects.values()
        if one.low is not None and one.high is not None
    ]
    return next((end for end in ENDS if end >= max(reach, default=0)), ENDS[-1])


def guards(found: Measured) -> list[Guard]:
    total = found.total
    per_thousand = 1000 * found.switched_off / total.sent if total.sent else 0.0
    ended = total.sent + total.failed + total.expired
    return [
        Guard(
            name=_("Switched off per 1,000 messages"),
            number=_number(per_thousand, 1),
            sentence=ngettext(
                "%(n)s person switched reminders off, all of them or by e-mail.",
                "%(n)s people switched reminders off, all of them or by e-mail.",
                found.switched_off,
            )
            % {"n": found.switched_off},
            is_high=per_thousand > 5,
        ),
        Guard(
            name=_("Failed"),
            number=_percent(total.failed, ended),
            sentence=_(
                "%(failed)s could not be sent at all, and %(late)s not before it was too late in the day,"
                " of %(all)s messages."
            )
            % {"failed": _number(total.failed), "late": _number(total.expired), "all": _number(ended)},
            is_high=ended >= 100 and total.failed > ended / 50,
        ),
        Guard(
            name=_("Second sendings possible"),
            number=_number(total.doubles),
            sentence=_("So often a sender stopped in the middle of its work and another began anew."),
            is_high=total.sent >= 100 and total.doubles > total.sent / 100,
        ),
    ]


def sendings(found: Measured) -> list[SendingRow]:
    """What became of each kind's messages, in the order in which the kinds are listed everywhere."""
    return [
        SendingRow(
            name=str(kind.label),
            numbers=found.sendings[kind.value],
            phone=_on_phones(found.sendings[kind.value]),
        )
        for kind in Nudge.Kind
        if kind.value in found.sendings
    ]


def _row(kind: str, one: Effect, *, end: int) -> Row:
    badge, icon = BADGES[one.verdict]
    has_interval = one.low is not None and one.high is not None and one.difference is not None
    return Row(
        kind=kind,
        name=str(Nudge.Kind(kind).label),
        verdict=one.verdict.value,
        verdict_name=str(NAMES[one.verdict]),
        badge=badge,
        icon=icon,
        sent=_followed(one.sent),
        withheld=_followed(one.withheld),
        difference=_points(one.difference) if has_interval else "–",
        interval=_interval(one) if has_interval else "",
        sentence=_sentence(one),
        note=_("It asks for an answer; what is counted here is whether somebody exercised the dog.")
        if kind == Nudge.Kind.NEXT_MORNING
        else "",
        low=_place(one.low, end) if has_interval else None,
        middle=_place(one.difference, end) if has_interval else None,
        high=_place(one.high, end) if has_interval else None,
    )


def _sentence(one: Effect) -> str:
    if one.verdict is Verdict.TOO_FEW:
        if not one.points:
            return _("Nothing was left to chance yet: about %(needed)s decision points are needed to see 5 points.") % {
                "needed": _about(one.needed)
            }
        if one.points >= one.needed:
            return _("There are enough decision points, but from too few people to say anything about others.")
        return _("Too few yet: %(points)s of about %(needed)s decision points that are needed to see 5 points.") % {
            "points": _number(one.points),
            "needed": _about(one.needed),
        }
    numbers = {
        "sent": _percent(one.sent.followed, one.sent.points),
        "withheld": _percent(one.withheld.followed, one.withheld.points),
        "interval": _interval(one),
    }
    if one.verdict is Verdict.HELPS:
        return _("It helps: with it somebody exercised on %(sent)s of the days, without it on %(withheld)s.") % numbers
    if one.verdict is Verdict.HARMS:
        return (
            _("It does harm: with it somebody exercised on %(sent)s of the days, without it on %(withheld)s.") % numbers
        )
    return (
        _("It shows no effect: with it somebody exercised on %(sent)s of the days, without it on %(withheld)s.")
        % numbers
    )


def _followed(arm: Arm) -> str:
    if not arm.points:
        return _number(0)
    return _("%(points)s, followed %(followed)s (%(share)s)") % {
        "points": _number(arm.points),
        "followed": _number(arm.followed),
        "share": _percent(arm.followed, arm.points),
    }


def _on_phones(one: Sending) -> str:
    if not one.pushed:
        return "–"
    return _("%(pushed)s: shown %(shown)s, opened %(opened)s") % {
        "pushed": _number(one.pushed),
        "shown": _percent(one.delivered, one.pushed),
        "opened": _percent(one.opened, one.pushed),
    }


def _interval(one: Effect) -> str:
    return _("%(low)s to %(high)s") % {"low": _points(one.low), "high": _points(one.high)}


def _points(share: float | None) -> str:
    """Percentage points with their sign, such as “+4.2” or “−0.3”."""
    points = round(100 * (share or 0.0), 1)
    sign = "+" if points > 0 else "−" if points < 0 else "±"
    return f"{sign}{_number(abs(points), 1)}"


def _percent(part: int, whole: int) -> str:
    return f"{_number(100 * part / whole)} %" if whole else "–"


def _about(number: int) -> str:
    """Rounded up to two digits: more would promise more than is known."""
    digits = max(0, len(str(number)) - 2)
    return _number(math.ceil(number / 10**digits) * 10**digits)


def _number(value: float, decimals: int = 0) -> str:
    return str(number_format(round(value, decimals), decimals, force_grouping=True))


def _place(share: float | None, end: int) -> int:
    """Where a difference lies on the picture, from 0 to twice HALF."""
    points = min(end, max(-end, 100 * (share or 0.0)))
    return round(HALF * (1 + points / end))
