"""The cards of the ladders: what is practised now, how it went, and one rung back at once when it was too much."""

from collections.abc import Iterable
from typing import Final

from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from rehab.lib.ids import new_id
from rehab.library import reading, translating
from rehab.programs.ladders import Outcome, State, Why
from rehab.sessions.exposures import Rung, Said
from rehab.sessions.screen import words
from rehab.sessions.screen.parts import Printer
from rehab.sessions.wording import long_day, short_day

ASKED: Final = gettext_lazy("How is %(name)s after it?")
ASKED_LATER: Final = gettext_lazy("How was %(name)s after it?")
ASKED_WHEN: Final = gettext_lazy("Within a quarter of an hour after the practice. A number saves your answer.")
# Why it is one rung back: said of the practice of the shown day, and of an earlier one.
BACK_BECAUSE: Final = {
    Why.STOP_SIGN: (
        gettext_lazy("You saw a stop sign."),
        gettext_lazy("A stop sign was seen on %(day)s."),
    ),
    Why.RED_AFTER: (
        gettext_lazy("The pain after it was higher than it should be."),
        gettext_lazy("The pain after it was higher than it should be on %(day)s."),
    ),
    Why.RED_MORNING: (
        gettext_lazy("%(name)s was more in pain than usual on the morning after it."),
        gettext_lazy("%(name)s was more in pain than usual on the morning after %(day)s."),
    ),
}
WENT: Final = {
    Outcome.GOOD: gettext_lazy("It went well."),
    Outcome.OPEN: gettext_lazy("The answer on the morning after shows whether it was right."),
    Outcome.AMBER: gettext_lazy("That is a little more pain than it should be. Stay on this rung until it goes well."),
    Outcome.NONE: gettext_lazy("That is fine. The next time counts just as much."),
}


def practices(printer: Printer, rungs: Iterable[Rung]) -> SafeString:
    return SafeString("".join(practice(printer, rung) for rung in rungs))


def practice(printer: Printer, rung: Rung, *, swapped: bool = False) -> SafeString:
    """One ladder's card, in the page or ``swapped`` in by an answer."""
    is_back = rung.verdict.state is State.BACK
    effective = rung.effective
    return SafeString(
        render_to_string(
            "sessions/_practice.html",
            {
                "action": printer.action,
                "fields": printer.fields,
                "help_url": printer.help,
                "step": rung.step,
                "title": _("Practise: %(activity)s") % {"activity": rung.activity},
                "place": _("%(ladder)s, rung %(number)s of %(count)s")
                % {
                    "ladder": translating.said(rung.ladder),
                    "number": rung.verdict.effective_rung or rung.verdict.rung,
                    "count": len(rung.rungs),
                },
                "what": translating.said(effective["do"]) if effective else "",
                "dose": translating.said(effective["dose"]) if effective else "",
                "back": _("One rung back for three days: until %(day)s") % {"day": long_day(rung.verdict.back_until)}
                if is_back and rung.verdict.back_until
                else "",
                "because": _because(printer, rung) if is_back else "",
                "is_passed": rung.verdict.is_passed,
                "answered": _answered(rung.said) if rung.said else "",
                "note": printer.who_and_when(rung.said.by, rung.said.done_at) if rung.said else "",
                "went": _went(rung),
                "was_bad": rung.today is not None and rung.today.outcome is Outcome.RED,
                "error": printer.errors.get(rung.step, ""),
                "swapped": swapped,
                "command": new_id(),
                "other_command": new_id(),
                "asked": (ASKED if printer.is_today else ASKED_LATER) % {"name": printer.patient.name},
                "help": ASKED_WHEN,
                "signs": [
                    (code, translating.said(text), bool(rung.said and code in rung.said.stop_signs))
                    for code, text in reading.stop_signs().items()
                ],
                "pain_rows": words.pain_rows(),
            },
        )
    )


def _because(printer: Printer, rung: Rung) -> str:
    reason = next(iter(rung.verdict.reasons), None)
    if reason is None or reason.day is None:
        return ""
    now, earlier = BACK_BECAUSE[reason.code]
    text = now if reason.day == printer.day and reason.code is not Why.RED_MORNING else earlier
    return str(text % {"name": printer.patient.name, "day": short_day(reason.day)})


def _answered(said: Said) -> str:
    if not said.done and said.pain_after is None:
        return _("Not today")
    signs = reading.stop_signs()
    parts = [_("Done") if said.done else _("Not today")]
    if said.pain_after is not None:
        parts.append(_("pain after it %(score)s of 10") % {"score": said.pain_after})
    return "; ".join([", ".join(parts), *(translating.said(signs.get(code, code)) for code in said.stop_signs)])


def _went(rung: Rung) -> str:
    """What the day's practice comes to; one rung back has its own words."""
    if rung.today is None or rung.verdict.state is State.BACK:
        return ""
    return str(WENT.get(rung.today.outcome, ""))
