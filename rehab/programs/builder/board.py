"""The plan as it stands in the form: its lines, what else the phase and the library hold, and what it comes to."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.access import Role
from rehab.library import translating
from rehab.library.addresses import Picture
from rehab.library.models import Category, Phase, ProtocolPhase
from rehab.patients.decision_rows import Row, max_load
from rehab.patients.models import Patient, ProblemDefinition
from rehab.patients.standing import Standing
from rehab.programs.actions.assigning import check_program, program_before
from rehab.programs.actions.items import Item, check_item, unlock_objection
from rehab.programs.builder.lines import Aims, Line, aims_of, drawing_of, item_of, line_form, usual_aim
from rehab.programs.builder.order import Order
from rehab.programs.gate import Objection, case_of, cautions, profile_of
from rehab.programs.models import Program
from rehab.programs.queries import Candidate, candidates

MOST_FOUND: Final = 24
SAID: Final = {
    "RANGE": gettext_lazy("the range of a dose"),
    "LOAD": gettext_lazy("the load level of the phase"),
    "PHASE": gettext_lazy("the earliest phase"),
    "DAY": gettext_lazy("the earliest day"),
    "MAX_ACTIVE": gettext_lazy("the number of active exercises"),
    "START_LOAD": gettext_lazy("the load level to start with"),
    "CRITERIA": gettext_lazy("the criteria of the phase"),
    "NO_PROGRESS": gettext_lazy("a protocol without progress"),
    "UNLOCK": gettext_lazy("what the phase leaves to a vet"),
    "AIM": gettext_lazy("what an exercise works on"),
}


@dataclass(frozen=True, kw_only=True)
class Setting:
    """What the program is built on: the signed definition, its row, the phase, and the day on which it starts."""

    patient: Patient
    definition: ProblemDefinition
    row: Row
    protocol_phase: ProtocolPhase | None
    roles: frozenset[Role]
    starts_on: dt.date

    @property
    def phase(self) -> Phase:
        return Phase(self.protocol_phase.code if self.protocol_phase else self.row.start_phase)

    @property
    def profile(self) -> str:
        return profile_of(
            self.row, protocol_profile=self.protocol_phase.protocol.profile if self.protocol_phase else ""
        )

    @property
    def highest_load(self) -> int:
        return max_load(profile=self.profile, phase=self.phase)

    @cached_property
    def aims(self) -> Aims:
        return aims_of(self.definition)

    @cached_property
    def proposed(self) -> dict[str, Candidate]:
        """What the phase proposes, by slug; nothing without one."""
        return self._candidates(self.protocol_phase) if self.protocol_phase else {}

    @cached_property
    def library(self) -> dict[str, Candidate]:
        """Everything that the clinic has, by slug; what the phase proposes as it proposes it."""
        return {**self._candidates(None), **self.proposed}

    @property
    def cautions(self) -> list[str]:
        """What must be said to the family beside the whole program."""
        standing = Standing.of(case_of(self.definition), on=self.starts_on, profile=self.profile, row=self.row)
        return [_(caution) for caution in standing.program_cautions]

    @cached_property
    def before(self) -> Program | None:
        """The program that the dog has, or had last."""
        return program_before(self.patient.pk)

    @property
    def most_active(self) -> int:
        """How many active items to propose: those of the row, or fewer where the phase says so for a nerve case."""
        most = self.row.limits.max_active_items
        of_the_phase = self.protocol_phase.extra.get("neuro_profile_max_active") if self.protocol_phase else None
        if of_the_phase is None or self.profile != Program.Profile.NEURO:
            return most
        return min(most, int(of_the_phase))

    def usual_plan(self) -> list[str]:
        """What the phase proposes without a condition or an objection, with as many active items as the row allows.

        Source: ``neuro_profile_max_active`` of 05_protocols.yaml, where a phase holds more than a nerve case may do.
        """
        plan, active, most = [], 0, self.most_active
        for slug, one in self.proposed.items():
            counts = one.exercise.is_active and not one.exercise.clinic_only
            if not one.is_ticked or (counts and active >= most):
                continue
            plan.append(slug)
            active += counts
        return plan

    def find(self, slug: str) -> Candidate | None:
        return self.proposed.get(slug) or self.library.get(slug)

    def _candidates(self, protocol_phase: ProtocolPhase | None) -> dict[str, Candidate]:
        found = candidates(
            protocol_phase=protocol_phase,
            definition=self.definition,
            row=self.row,
            profile=self.profile,
            phase=self.phase,
            clinic=self.patient.clinic,
            on=self.starts_on,
        )
        return {candidate.exercise.slug: candidate for candidate in found}

    def line(self, candidate: Candidate, *, names: Mapping[str, str], data: QueryDict | None) -> Line:
        """The candidate as a line of a plan that holds the exercises ``names``, by slug."""
        form = line_form(candidate, aims=self.aims, names=names, data=data, find=self.find)
        found: Sequence[Objection] = candidate.objections
        if not form.is_bound or form.is_valid():
            found = check_item(
                item_of(candidate, form),
                definition=self.definition,
                row=self.row,
                profile=self.profile,
                phase=self.phase,
                on=self.starts_on,
            )
            if candidate.unlocks:
                found = [unlock_objection(candidate.exercise), *found]
        return Line(
            candidate=candidate,
            form=form,
            names=names,
            found=found,
            cautions=cautions(candidate.exercise, definition=self.definition, row=self.row, on=self.starts_on),
        )


@dataclass(frozen=True, kw_only=True)
class Found:
    """One exercise of the library that can be looked at and added, and what it works on where that counts."""

    candidate: Candidate
    works_on: str
    is_in_plan: bool

    @property
    def picture(self) -> Picture | None:
        return drawing_of(self.candidate.exercise)


@dataclass(frozen=True, kw_only=True)
class Board:
    """The plan in its order, what was taken out of it, and the exercises of the phase that are not in it."""

    setting: Setting
    order: Order
    lines: Sequence[Line]
    aside: Sequence[Line]
    gone: Sequence[str]

    @classmethod
    def laid(cls, setting: Setting, *, order: Order | None, data: QueryDict | None) -> "Board":
        """The plan as the form says it; without one, as the phase proposes it."""
        if order is None:
            order = Order.of(setting.usual_plan())
        here = {slug: setting.find(slug) for slug in (*order.plan, *order.aside)}
        names = {slug: translating.said(one.exercise.name) for slug in order.plan if (one := here[slug])}
        return cls(
            setting=setting,
            order=order,
            lines=[setting.line(one, names=names, data=data) for slug in order.plan if (one := here[slug])],
            aside=[setting.line(one, names=names, data=data) for slug in order.aside if (one := here[slug])],
            gone=[slug for slug in order.plan if here[slug] is None],
        )

    @property
    def others(self) -> list[Candidate]:
        """What the phase also proposes and is neither in the plan nor taken out of it."""
        taken = {*self.order.plan, *self.order.aside}
        return [candidate for slug, candidate in self.setting.proposed.items() if slug not in taken]

    @property
    def faulty(self) -> list[Line]:
        return [line for line in self.lines if not line.is_valid]

    @property
    def is_valid(self) -> bool:
        return not self.faulty

    @cached_property
    def items(self) -> list[Item]:
        """What is to be prescribed, of the lines that can be read."""
        return [line.item for line in self.lines if line.is_valid]

    @cached_property
    def objections(self) -> list[Objection]:
        """Everything that speaks against the plan as it stands, as the action would say it."""
        return check_program(
            self.items,
            definition=self.setting.definition,
            row=self.setting.row,
            protocol_phase=self.setting.protocol_phase,
            starts_on=self.setting.starts_on,
            roles=self.setting.roles,
            clinic_id=self.setting.patient.clinic_id,
            before=self.setting.before,
        )

    @property
    def of_the_plan(self) -> list[Objection]:
        """What speaks against the plan as a whole; what is said of one exercise stands at that exercise."""
        if not self.lines:
            return []
        at_lines = {id_of(objection) for line in self.lines for objection in line.found}
        return [objection for objection in self.objections if id_of(objection) not in at_lines]

    @property
    def overruled(self) -> list[str]:
        """What a vet with a reason would overrule by assigning this: rules by their number, else in words."""
        rules = dict.fromkeys(objection.rule for objection in self.objections if objection.vet_may)
        return [str(SAID.get(rule, rule)) for rule in rules]

    @property
    def is_refused(self) -> bool:
        """Whether something speaks against it that nobody may overrule."""
        return any(not objection.vet_may for objection in self.objections)

    def search(self, query: str) -> list[Found]:
        """The library, without words less the plan: what may be prescribed first, then what a vet may decide, then the rest."""
        wanted = query.casefold().split()
        places = {category.value: place for place, category in enumerate(Category)}
        aims = self.setting.aims
        found = [
            Found(
                candidate=one,
                works_on=aims.get(usual_aim(one.exercise, aims), ""),
                is_in_plan=slug in self.order.plan,
            )
            for slug, one in self.setting.library.items()
            if _fits(one, wanted) and (wanted or slug not in self.order.plan)
        ]
        return sorted(
            found,
            key=lambda one: (
                one.candidate.is_blocked,
                bool(one.candidate.objections),
                not one.candidate.exercise.is_active,
                places.get(one.candidate.exercise.category, 0),
                one.candidate.exercise.name,
            ),
        )


def id_of(objection: Objection) -> tuple[str, str, str]:
    return objection.rule, objection.about, objection.text


def _fits(candidate: Candidate, wanted: Sequence[str]) -> bool:
    exercise = candidate.exercise
    text = f"{exercise.name} {exercise.get_category_display()} {exercise.purpose}".casefold()
    return all(word in text for word in wanted)
