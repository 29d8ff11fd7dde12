"""Searching the library."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from rehab.library import reading, translating, wording
from rehab.library.models import Category, Exercise, Phase

FILTERS = ("category", "phase", "load", "grade", "equipment", "mode", "origin")


class SearchForm(forms.Form):
    """Words and filters; an answer that is not among the choices asks for nothing."""

    q = forms.CharField(label=gettext_lazy("Search exercises"), max_length=80, required=False)
    category = forms.ChoiceField(label=gettext_lazy("Category"), required=False)
    phase = forms.ChoiceField(label=gettext_lazy("In phase"), required=False)
    load = forms.ChoiceField(label=gettext_lazy("Load"), required=False)
    grade = forms.ChoiceField(label=gettext_lazy("Neurologic grade"), required=False)
    equipment = forms.CharField(label=gettext_lazy("Equipment"), max_length=80, required=False)
    mode = forms.ChoiceField(label=gettext_lazy("Active or passive"), required=False)
    origin = forms.ChoiceField(label=gettext_lazy("Whose"), required=False)

    def __init__(self, data: Any) -> None:
        super().__init__(data, auto_id="search-%s")
        self._choices("category", [("", _("All")), *Category.choices])
        self._choices("phase", [("", _("any phase")), *((phase, f"{phase} {phase.label}") for phase in Phase)])
        self._choices(
            "load",
            [("", _("any load")), *((str(load), f"{load} · {text}") for load, text in enumerate(wording.LOADS))],
        )
        self._choices(
            "grade",
            [
                ("", _("any grade")),
                *((str(one.grade), f"{one.grade} · {translating.said(one.name)}") for one in reading.grades()),
            ],
        )
        self._choices("mode", [("", _("both")), *Exercise.Mode.choices])
        self._choices("origin", [("", _("all")), ("own", _("our own")), ("built_in", _("built in"))])

    def _choices(self, name: str, choices: Sequence[tuple[Any, Any]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - declared above
        field.choices = choices

    @property
    def asked(self) -> dict[str, str]:
        """What is asked, without what was left open or cannot be answered."""
        self.is_valid()
        return {name: value.strip() for name, value in self.cleaned_data.items() if value.strip()}

    @property
    def address(self) -> str:
        """The query string of this search."""
        return urlencode(self.asked)

    @property
    def filters(self) -> int:
        """How many filters are set, the category and the words apart."""
        return len([name for name in self.asked if name not in ("q", "category")])

    def offer(self, *, equipment: Sequence[str], categories: Mapping[str, int]) -> None:
        """Show what there is to choose from: the equipment of the data, and how many each category holds."""
        self.equipment_choices = [
            ("", _("any")),
            ("-", _("none needed")),
            *((thing, translating.said(thing)) for thing in equipment),
        ]
        self.category_choices = [
            ("", _("All"), sum(categories.values())),
            *((code, label, categories.get(code, 0)) for code, label in Category.choices),
        ]
