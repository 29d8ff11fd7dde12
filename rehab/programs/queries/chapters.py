"""A program as a story: its decisions, each with what it changed."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Exists, OuterRef
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import Membership
from rehab.library import translating
from rehab.programs.criteria import parse
from rehab.programs.models import (
    Decision,
    LadderStep,
    Prescription,
    Program,
)
from rehab.programs.phase_wording import criterion_text
from rehab.programs.rules import meaning
from rehab.programs.wording import change_text

# What asks for a step by itself: a decision that names it has followed it (06_progression.yaml).
ASKS: Final = frozenset({"P1", *(f"G{number}" for number in range(1, 9))})
# Decisions that name the row that they stand on, then what asked for the step, and then what a vet overruled.
WEIGHED: Final = frozenset(
    {
        Decision.Kind.ASSIGN,
        Decision.Kind.ADD,
        Decision.Kind.CHANGE_DOSE,
        Decision.Kind.PROGRESS,
        Decision.Kind.REGRESS,
        Decision.Kind.PHASE,
        Decision.Kind.LADDER_START,
        Decision.Kind.LADDER_UP,
        Decision.Kind.LADDER_DOWN,
        Decision.Kind.DISCHARGE,
    }
)


class Mark(StrEnum):
    """How a decision moved one exercise or ladder."""

    STARTED = "started"
    CHANGED = "changed"
    ENDED = "ended"
    LEFT_OUT = "left_out"
    STAYS = "stays"


@dataclass(frozen=True, kw_only=True)
class Change:
    """What a decision did to one exercise or ladder: in one line, and before and after side by side."""

    name: str
    text: str
    mark: Mark = Mark.CHANGED
    before: str = ""
    after: str = ""
    rules: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class RuleWord:
    """A rule that a decision followed or overruled, with what it is about."""

    id: str
    meaning: str


def _words(rules: Sequence[str]) -> list[RuleWord]:
    return [RuleWord(id=rule, meaning=meaning(rule)) for rule in rules]


@dataclass(frozen=True, kw_only=True)
class Chapter:
    """One decision with what it changed."""

    decision: Decision
    sentence: str = ""
    changes: list[Change] = field(default_factory=list)

    @property
    def title(self) -> str:
        """What kind of decision it was."""
        return _("Step undone") if "undoes" in self.decision.details else self.decision.get_kind_display()

    @property
    def rules(self) -> list[RuleWord]:
        """All of them, followed or overruled."""
        return _words(self.decision.rule_ids)

    @property
    def followed(self) -> list[RuleWord]:
        """The rules that it followed; the row, also where something else of the same row was overruled."""
        ids: list[str] = self.decision.rule_ids
        if self.decision.kind in WEIGHED:
            ids = [*ids[:1], *(one for one in ids[1:] if one not in self._overruled)]
        return _words(ids)

    @property
    def overruled(self) -> list[RuleWord]:
        """The rules against which a vet decided, with the reason of the decision."""
        return _words(self._overruled) if self.decision.kind in WEIGHED else []

    @property
    def _overruled(self) -> list[str]:
        # Where nothing was overruled the decision does not say so, and what it names besides may have asked for it.
        said: list[str] | None = self.decision.details.get("overruled")
        return [one for one in self.decision.rule_ids[1:] if one not in ASKS] if said is None else said

    @property
    def unmet(self) -> list[str]:
        """The criteria of the new phase that were not met or not known, in words."""
        return [criterion_text(parse(text)) for text in self.decision.details.get("unmet", ())]

    @property
    def role(self) -> str:
        """What the person who decided was in the clinic."""
        who: Any = self.decision
        if who.by_vet:
            return _("vet")
        return _("therapist") if who.by_therapist else ""

    @property
    def is_told_whole(self) -> bool:
        """Whether the sentence says all, so that a table would only repeat it."""
        return not self.changes or self.decision.kind == Decision.Kind.HOLD


@dataclass(kw_only=True)
class _Moved:
    """What one decision started and ended."""

    started: list[Prescription] = field(default_factory=list)
    ended: list[Prescription] = field(default_factory=list)
    began: list[LadderStep] = field(default_factory=list)
    left: list[LadderStep] = field(default_factory=list)


def history(program: Program) -> list[Chapter]:
    """The program's decisions, newest first, each with what it started, ended or changed; three queries."""
    clinic = Membership.objects.filter(user=OuterRef("decided_by"), clinic=OuterRef("clinic"))
    decisions = (
        Decision.objects.filter(program=program)
        .select_related("decided_by", "exercise")
        .annotate(
            by_vet=Exists(clinic.filter(role=Membership.Role.VET)),
            by_therapist=Exists(clinic.filter(role=Membership.Role.THERAPIST)),
        )
        .order_by("plan_version", "pk")
    )
    moved: dict[UUID | None, _Moved] = defaultdict(_Moved)
    for item in Prescription.objects.filter(program=program).select_related("exercise").order_by("position", "pk"):
        moved[item.started_by_id].started.append(item)
        moved[item.ended_by_id].ended.append(item)
    for step in LadderStep.objects.filter(program=program).select_related("ladder").order_by("starts_on", "pk"):
        moved[step.started_by_id].began.append(step)
        moved[step.ended_by_id].left.append(step)
    chapters, rested = [], _Moved()
    for decision in decisions:
        here = moved[decision.pk]
        if decision.kind == Decision.Kind.PAUSE:
            rested = here
        changes = _changes(decision, here, rested=rested)
        chapters.append(Chapter(decision=decision, sentence=_sentence(decision, here, changes), changes=changes))
    return chapters[::-1]


def _changes(decision: Decision, moved: _Moved, *, rested: _Moved) -> list[Change]:
    kind = decision.kind
    if kind in (Decision.Kind.END, Decision.Kind.PAUSE):
        return []
    if kind == Decision.Kind.HOLD and decision.exercise is not None:
        return [Change(name=translating.said(decision.exercise.name), text=_("stays as it is"), mark=Mark.STAYS)]
    # What a pause ended is what its resume starts again.
    before = rested if kind == Decision.Kind.RESUME else moved
    ended = {one.exercise.slug: one for one in before.ended}
    started = {one.exercise.slug: one for one in moved.started}
    if len(ended) == len(started) == 1:
        [old], [new] = ended.values(), started.values()
        found = [_replacement(old, new)]
    else:
        found = [_replacement(ended[slug], new) if slug in ended else _start(new) for slug, new in started.items()]
        if kind != Decision.Kind.RESUME:
            rules = {one["exercise"]: tuple(one["rules"]) for one in decision.details.get("ended", ())}
            found += [
                _end(old, rules=rules.get(old.exercise.name, ())) for slug, old in ended.items() if slug not in started
            ]
    return [*found, *_left_out(decision), *_rungs(moved.began, before.left)]


def _start(new: Prescription) -> Change:
    return Change(name=translating.said(new.exercise.name), text=new.dose_text, mark=Mark.STARTED, after=new.dose_text)


def _end(old: Prescription, *, rules: tuple[str, ...]) -> Change:
    return Change(
        name=translating.said(old.exercise.name), text=old.dose_text, mark=Mark.ENDED, before=old.dose_text, rules=rules
    )


def _left_out(decision: Decision) -> list[Change]:
    return [
        Change(name=one["exercise"], text=_("stays out"), mark=Mark.LEFT_OUT, rules=tuple(one["rules"]))
        for one in decision.details.get("left_out", ())
    ]


def _replacement(old: Prescription, new: Prescription) -> Change:
    if old.exercise.slug != new.exercise.slug:
        return Change(
            name=f"{translating.said(old.exercise.name)} → {translating.said(new.exercise.name)}",
            text=new.dose_text,
            before=f"{translating.said(old.exercise.name)}, {old.dose_text}",
            after=f"{translating.said(new.exercise.name)}, {new.dose_text}",
        )
    changed = [change_text(old.dosage, new.dosage)]
    if old.anchor != new.anchor:
        changed.append(new.anchor or _("no fixed time in the day"))
    if old.note != new.note:
        changed.append(_("new note: %(note)s") % {"note": new.note} if new.note else _("note removed"))
    text = "; ".join(text for text in changed if text)
    return Change(
        name=translating.said(new.exercise.name),
        text=text or _("as before"),
        mark=Mark.CHANGED if text else Mark.STAYS,
        before=old.dose_text,
        after=new.dose_text,
    )


def _rungs(began: Sequence[LadderStep], left: Sequence[LadderStep]) -> list[Change]:
    before = {step.ladder.slug: step for step in left}
    after = {step.ladder.slug: step for step in began}
    found = []
    for slug in dict.fromkeys([*before, *after]):
        old, new = before.get(slug), after.get(slug)
        one = new or before[slug]
        rung = [_("rung %(n)d") % {"n": step.rung} if step else "" for step in (old, new)]
        found.append(
            Change(
                name=translating.said(one.ladder.name),
                text=" → ".join(text for text in rung if text) if new else _("ended"),
                mark=Mark.CHANGED if old and new else Mark.STARTED if new else Mark.ENDED,
                before=rung[0],
                after=rung[1],
            )
        )
    return found


def _sentence(decision: Decision, moved: _Moved, changes: Sequence[Change]) -> str:
    """What was decided, in one sentence."""
    details = decision.details
    name = translating.said(decision.exercise.name) if decision.exercise else (changes[0].name if changes else "")
    known = {
        "name": name,
        "n": len(moved.started),
        "from": details.get("from", ""),
        "to": details.get("to", ""),
        "ladder": changes[0].name if changes else "",
        "activity": next((step.activity for step in (*moved.began, *moved.left)), ""),
        "days": details.get("gap_days", 0),
    }
    return (_SENTENCES[Decision.Kind(decision.kind)](known, moved)).strip()


def _resumed(days: int) -> str:
    if not days:
        return _("The program goes on, on the same day.")
    text = ngettext("The program goes on after %(days)d day.", "The program goes on after %(days)d days.", days)
    return text % {"days": days}


def _stepped(known: Mapping[str, Any], moved: _Moved, *, same: str, other: str) -> str:
    if len(moved.started) == len(moved.ended) == 1 and moved.started[0].exercise.slug != moved.ended[0].exercise.slug:
        return other % {
            "old": translating.said(moved.ended[0].exercise.name),
            "new": translating.said(moved.started[0].exercise.name),
        }
    return same % known


_SENTENCES: Final[dict[Decision.Kind, Callable[[Mapping[str, Any], _Moved], str]]] = {
    Decision.Kind.ASSIGN: lambda known, _moved: (
        ngettext("The program begins with %(n)d exercise.", "The program begins with %(n)d exercises.", known["n"])
        % known
    ),
    Decision.Kind.ADD: lambda known, _moved: _("%(name)s joins the program.") % known,
    Decision.Kind.REMOVE: lambda known, _moved: _("%(name)s leaves the program.") % known,
    Decision.Kind.CHANGE_DOSE: lambda known, _moved: _("%(name)s gets another dose.") % known,
    Decision.Kind.PROGRESS: lambda known, moved: _stepped(
        known, moved, same=_("%(name)s goes one step up."), other=_("%(old)s gives way to the harder %(new)s.")
    ),
    Decision.Kind.REGRESS: lambda known, moved: _stepped(
        known, moved, same=_("%(name)s goes one step down."), other=_("%(old)s gives way to the easier %(new)s.")
    ),
    Decision.Kind.HOLD: lambda known, _moved: _("%(name)s stays as it is.") % known,
    Decision.Kind.PHASE: lambda known, _moved: _("The program moves from phase %(from)s to %(to)s.") % known,
    Decision.Kind.REDEFINE: lambda known, _moved: _("The program follows the newly signed problem definition."),
    Decision.Kind.LADDER_START: lambda known, _moved: (
        _("The ladder “%(ladder)s” begins, towards: %(activity)s.") % known
    ),
    Decision.Kind.LADDER_UP: lambda known, _moved: _("One rung up on the ladder “%(ladder)s”.") % known,
    Decision.Kind.LADDER_DOWN: lambda known, _moved: _("One rung down on the ladder “%(ladder)s”.") % known,
    Decision.Kind.LADDER_END: lambda known, _moved: _("The ladder “%(ladder)s” ends.") % known,
    Decision.Kind.PAUSE: lambda _known, _moved: _("The program rests."),
    Decision.Kind.RESUME: lambda known, _moved: (
        ngettext("The program goes on after %(days)d day.", "The program goes on after %(days)d days.", known["days"])
        % known
    ),
    Decision.Kind.END: lambda _known, _moved: _("The program ends."),
    Decision.Kind.DISCHARGE: lambda known, _moved: (
        ngettext(
            "Discharged: maintenance begins with %(n)d exercise.",
            "Discharged: maintenance begins with %(n)d exercises.",
            known["n"],
        )
        % known
    ),
}


@dataclass(frozen=True, kw_only=True)
class Year:
    """The chapters of one year, oldest first."""

    year: int
    chapters: list[Chapter]


def story(program: Program) -> list[Year]:
    """The history as it is read, from the beginning, by the dog's own years; three queries."""
    zone = ZoneInfo(program.patient.time_zone)
    years: dict[int, list[Chapter]] = {}
    for chapter in reversed(history(program)):
        years.setdefault(chapter.decision.decided_at.astimezone(zone).year, []).append(chapter)
    return [Year(year=year, chapters=chapters) for year, chapters in years.items()]


@dataclass(frozen=True, kw_only=True)
class Neighbours:
    """The programs of the dog before and after one."""

    before: Program | None
    after: Program | None


def programs_beside(program: Program) -> Neighbours:
    """The dog's program before this one and the one after it; one query."""
    all_of_them = list(Program.objects.filter(patient=program.patient_id).order_by("created_at", "pk"))
    here = next(place for place, one in enumerate(all_of_them) if one.pk == program.pk)
    return Neighbours(
        before=all_of_them[here - 1] if here else None,
        after=all_of_them[here + 1] if here + 1 < len(all_of_them) else None,
    )
