"""What the page of a clinic's own words says of each kind of message: when it comes."""

from collections.abc import Mapping
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from rehab.nudges.models import Nudge

WHEN: Final[Mapping[Nudge.Kind, str | Promise]] = {
    Nudge.Kind.UNFINISHED_DAY: _("In the evening, when something of the day is left."),
    Nudge.Kind.NEXT_MORNING: _("In the morning after exercises, until somebody has said how the dog is."),
    Nudge.Kind.WELCOME: _("On the first and the third evening with the first program; your words are said on both."),
    Nudge.Kind.SILENCE: _("When nothing was noted on two, four and seven planned days; your words are said each time."),
    Nudge.Kind.CHECKPOINT: _("When questions of the time after discharge are open."),
    Nudge.Kind.RE_EXAM: _("A few days before the next visit is due, and once more when the day has passed."),
    Nudge.Kind.WEEK: _("On Sunday evening, to who wants it."),
    Nudge.Kind.PLAN_CHANGED: _("When you have given a dog a new program."),
    Nudge.Kind.PHASE_REACHED: _("When you have moved a dog to the next phase."),
    Nudge.Kind.REPLY: _("When you have written or looked at a clip, and it was not read within ten minutes."),
    Nudge.Kind.CALL_CLINIC: _("When a family was told to call and nobody has answered, at any hour."),
    Nudge.Kind.CLINIC_WEEK: _("On Monday morning, to your vets and therapists."),
}
