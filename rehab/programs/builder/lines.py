"""One exercise of a plan that is being built: the candidate, what was typed about it, and what speaks against it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext as _

from rehab.library import reading, translating
from rehab.library.addresses import Picture, picture_of
from rehab.library.models import Exercise
from rehab.patients.models import ProblemDefinition
from rehab.programs import shortfalls
from rehab.programs.actions.items import Item
from rehab.programs.dose import Dose
from rehab.programs.forms import DoseForm
from rehab.programs.gate import Objection
from rehab.programs.queries import Candidate
from rehab.programs.shortfalls import BACK, LIMB
from rehab.programs.wording import dose_text

Aims = Mapping[str, str]
Find = Callable[[str], Candidate | None]


def aims_of(definition: ProblemDefinition) -> Aims:
    """What an exercise can be said to work on, where that counts: in secondary pain, and where a habit is listed."""
    if definition.origin != ProblemDefinition.Origin.SECONDARY and not definition.habits:
        return {}
    known = reading.habits()
    return {
        LIMB: _("The limb"),
        **{code: _(known[code].label) for code in definition.habits if code in known},
        BACK: _("The back"),
    }


def usual_aim(exercise: Exercise, aims: Aims) -> str:
    """What the library says that an active exercise works on: a listed habit before the limb, else the back."""
    if not aims or not exercise.is_active:
        return ""
    line = Item(exercise=exercise, dose=Dose()).line
    found = shortfalls.aims(line, habits=aims, targets=reading.targets())
    return next((aim for aim in (*(code for code in aims if code not in (LIMB, BACK)), LIMB) if aim in found), BACK)


def drawing_of(exercise: Exercise) -> Picture | None:
    """The drawing of an exercise, if it has one."""
    return picture_of(exercise.drawn_as or exercise.slug)


class LineForm(DoseForm):
    """The dose, the place in the family's day, a note, and what the exercise works on where that counts."""

    use_required_attribute = False

    def __init__(self, *args: Any, exercise: Exercise, aims: Aims, aim: str = "", **kwargs: Any) -> None:
        super().__init__(*args, exercise=exercise, **kwargs)
        self.usual_aim = aim if aim in aims else usual_aim(exercise, aims)
        if self.usual_aim:
            self.fields["aim"] = forms.ChoiceField(
                label=_("Works on"), choices=list(aims.items()), initial=self.usual_aim, required=False
            )
        self.fields["anchor"].label = _("When in the day")
        for name in ("anchor", "aim"):
            if name in self.fields:
                field: Any = self.fields[name]
                field.may_wait = True
                # Beside the name of the exercise the label is enough; read alone it must say which exercise.
                field.widget.attrs["aria-label"] = f"{translating.said(exercise.name)}: {field.label}"

    @property
    def has_aim(self) -> bool:
        return "aim" in self.fields


@dataclass(frozen=True, kw_only=True)
class Line:
    """One exercise of the plan as the page shows it; ``found`` is what speaks against it by itself.

    ``cautions`` must be said beside it when it is given.
    """

    candidate: Candidate
    form: LineForm
    names: Mapping[str, str]
    found: Sequence[Objection] = ()
    cautions: Sequence[str] = ()

    @property
    def exercise(self) -> Exercise:
        return self.candidate.exercise

    @property
    def slug(self) -> str:
        return self.candidate.exercise.slug

    @property
    def picture(self) -> Picture | None:
        return drawing_of(self.exercise)

    @property
    def is_valid(self) -> bool:
        return not self.form.is_bound or self.form.is_valid()

    @cached_property
    def item(self) -> Item:
        """What is to be prescribed; only of a valid line."""
        return item_of(self.candidate, self.form)

    @property
    def state(self) -> str:
        """``wrong`` where something cannot be read, ``blocked``, ``vet`` where a vet may decide, else ``allowed``."""
        if not self.is_valid:
            return "wrong"
        if not self.found:
            return "allowed"
        return "vet" if all(objection.vet_may for objection in self.found) else "blocked"

    @property
    def why(self) -> Sequence[Objection]:
        """What to show: once something is out of the question, what a vet could overrule no longer matters."""
        return [objection for objection in self.found if not objection.vet_may] or self.found

    @property
    def dose_text(self) -> str:
        text = dose_text(self.item.dose if self.is_valid else self.candidate.dose, self.names)
        return text[:1].upper() + text[1:]

    @property
    def errors(self) -> list[tuple[forms.BoundField, str]]:
        """Each wrong field with its sentence."""
        return [(field, str(error)) for field in self.form for error in field.errors] if self.form.is_bound else []


def item_of(candidate: Candidate, form: LineForm) -> Item:
    """What the line prescribes: as typed, or as it was proposed where nothing was typed yet."""
    if not form.is_bound:
        return Item(exercise=candidate.exercise, dose=candidate.dose, note=candidate.note, aim=form.usual_aim)
    typed = form.cleaned_data
    return Item(
        exercise=candidate.exercise,
        dose=form.dose,
        anchor=typed["anchor"],
        note=typed["note"],
        aim=typed.get("aim", ""),
    )


def line_form(
    candidate: Candidate, *, aims: Aims, names: Mapping[str, str], data: QueryDict | None, find: Find
) -> LineForm:
    """The form of a candidate; bound only where the page had its fields.

    ``names`` are those of the plan, by slug. It may be inside another item of the plan; what was typed stays a choice
    although the other was taken out since, so that the rule can say what is wrong.
    """
    slug = candidate.exercise.slug
    bound = data if data is not None and f"{slug}-anchor" in data else None
    inside = bound.get(f"{slug}-part_of", "") if bound is not None else ""
    absent = find(inside) if inside and inside not in names else None
    choices = {**names, **({inside: absent.exercise.name} if absent else {})}
    return LineForm(
        bound,
        prefix=slug,
        exercise=candidate.exercise,
        aims=aims,
        aim=candidate.aim,
        dose=candidate.dose,
        note=candidate.note,
        others=[(other, name) for other, name in choices.items() if other != slug],
    )
