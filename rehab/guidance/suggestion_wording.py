"""A suggestion as a person reads it: the step in words, why, what was looked at, and who decides."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from rehab.guidance.engine.steps import REGRESS_PERCENT, SECOND_PERCENT
from rehab.guidance.models import Suggestion
from rehab.guidance.models.suggestions import Verdict
from rehab.guidance.rule_wording import (
    Names,
    day_text,
    ended,
    exercise_name,
    missing_text,
    rule_text,
    score,
    unmet_text,
)
from rehab.programs.dose import LESS_PERCENT, Dose
from rehab.programs.wording import change_text, dose_text

APPROVERS: Final[Mapping[str, Any]] = {
    Suggestion.Approver.VET: gettext_lazy("A vet decides."),
    Suggestion.Approver.STAFF: gettext_lazy("A vet or therapist decides."),
    Suggestion.Approver.ALONE: gettext_lazy("A vet has approved it ahead."),
    Suggestion.Approver.NOBODY: gettext_lazy("Nobody decides this while the row forbids it."),
}
LESS: Final[Mapping[int, Any]] = {
    REGRESS_PERCENT: gettext_lazy("%(change)s (20 %% less)"),
    LESS_PERCENT: gettext_lazy("%(change)s (70 %% of the dose after a break)"),
    SECOND_PERCENT: gettext_lazy("%(change)s (50 %% less, the second time within a week)"),
}


def followed(suggestion: Suggestion) -> list[Mapping[str, Any]]:
    """The rules that its verdict follows."""
    return [one for one in suggestion.fired if one["decision"] == suggestion.verdict]


def rule_ids(suggestion: Suggestion) -> list[str]:
    return [one["rule"] for one in followed(suggestion)]


def reasons(suggestion: Suggestion, *, names: Names | None = None) -> list[str]:
    """Why, one clause each: the rules that it follows, or what progress still needs."""
    found = [rule_text(one["rule"], one["numbers"], names=names) for one in followed(suggestion)]
    return found or wanting(suggestion)


def wanting(suggestion: Suggestion) -> list[str]:
    """What progress still needs, and the answers that are not there."""
    found = [unmet_text(condition) for condition in dict.fromkeys(suggestion.unmet)]
    if suggestion.missing:
        answers = ", ".join(missing_text(one) for one in suggestion.missing)
        found.append(_("Not answered: %(answers)s") % {"answers": answers})
    return found


def why(suggestion: Suggestion, *, names: Names | None = None) -> str:
    """Why in one sentence."""
    found = reasons(suggestion, names=names)
    if suggestion.broken:
        found = [_("Some rules could not be evaluated, so nothing grows"), *found]
    return "; ".join(found) or _("No rule speaks for a change")


def looked_at(numbers: Mapping[str, Any]) -> str:
    """What the rules looked at, with the numbers; a dash is what nobody answered."""
    count = int(numbers.get("sessions") or 0)
    said = {
        "n": count,
        "date": day_text(numbers.get("since")),
        "b": score(numbers.get("before")),
        "a": score(numbers.get("after")),
        "m": score(numbers.get("morning")),
        "p": score(numbers.get("percent")),
    }
    if not count:
        return _("Looked at: no session yet, done %(p)s %%.") % said
    return (
        ngettext(
            "Looked at: %(n)s session since %(date)s, pain before/after/next morning %(b)s/%(a)s/%(m)s, done %(p)s %%.",
            "Looked at: %(n)s sessions since %(date)s, pain before/after/next morning %(b)s/%(a)s/%(m)s, done %(p)s %%.",
            count,
        )
        % said
    )


def who_decides(suggestion: Suggestion) -> str:
    return str(APPROVERS[suggestion.approver])


def explanation(suggestion: Suggestion, *, names: Names | None = None) -> str:
    """The whole explanation (06_progression.yaml, explanation_template), without the ids of the rules."""
    said = {"decision": Verdict(suggestion.verdict).label, "why": why(suggestion, names=names)}
    sentence = _("%(decision)s: %(why)s") % said
    return f"{ended(sentence)} {looked_at(suggestion.numbers)} {who_decides(suggestion)}"


def suggested(verdict: Verdict) -> str:
    """What is suggested, in front of why something else is refused."""
    return _("Suggested: %(verdict)s") % {"verdict": verdict.label}


def in_short(suggestion: Suggestion, before: Dose, *, names: Names | None = None) -> str:
    """The same with its step: “Suggested: regress, 8 → 6 minutes (20 % less)”."""
    verdict = Verdict(suggestion.verdict)
    step = step_text(verdict, suggestion.step, before, names=names)
    return f"{suggested(verdict)}, {step}" if step else suggested(verdict)


def step_text(verdict: str, step: Mapping[str, Any], before: Dose, *, names: Names | None = None) -> str:
    """The step in words: “8 → 6 repetitions (20 % less)”, “easier exercise: …”; empty where nothing changes."""
    if not step:
        return ""
    after = Dose.from_json(step["dose"])
    if step["is_swap"]:
        said = {"exercise": exercise_name(step["slug"], names or {}), "dose": dose_text(after)}
        if verdict == Verdict.REGRESS:
            return _("easier exercise: %(exercise)s, %(dose)s") % said
        return _("harder exercise: %(exercise)s, %(dose)s") % said
    if step["re_enter"]:
        return _("start again at the low end: %(dose)s") % {"dose": dose_text(after)}
    change = change_text(before, after)
    less = str(LESS[step["percent"]]) % {"change": change} if step["percent"] in LESS else change
    # Nothing smaller is usual, and nothing easier is known.
    return _("%(change)s, below the usual range") % {"change": less} if step.get("is_below") else less
