"""A clinic's own exercise."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError
from django.forms.boundfield import BoundField
from django.utils.text import capfirst, format_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Clinic
from rehab.lib.ids import new_id
from rehab.lib.plain_text import validate_one_line
from rehab.library import clips, media, reading, translating, wording
from rehab.library.forms.parts import INVALID_CHOICE, LinesField, clinic_field
from rehab.library.models import Category, Exercise, Phase
from rehab.library.own import Shown
from rehab.library.own.rules import HIGHEST, MAY_BE_NONE

USUAL: Final = ("minutes", "sets", "reps", "hold_s", "per_day", "days_per_week")
TEXTS: Final = (
    "name", "purpose", "category", "mode", "load", "trains", "equipment", "steps", "mistakes", "earliest_phase",
    "earliest_note", "not_before_day", "grades", "contraindications", "stop_signs", "easier_slug", "harder_slug",
    "clinic_only", "drawn_as",
)  # fmt: skip
# Of a problem in the content the field that shows it, where the form calls it otherwise.
SHOWN_AT: Final = {
    "dose": "dose_minutes",
    "dose_range": "dose_minutes",
    "sources": "name",
    "slug": "name",
    "src": "name",
}


class ExerciseForm(forms.Form):
    """Everything that makes an exercise; how it is checked is said by the rules of the content."""

    key = forms.UUIDField(required=False, widget=forms.HiddenInput)
    seen = forms.UUIDField(required=False, widget=forms.HiddenInput)

    name = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=120,
        validators=[validate_one_line],
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={"required": gettext_lazy("Give it a name.")},
    )
    purpose = forms.CharField(
        label=gettext_lazy("What it is for"),
        help_text=gettext_lazy("One sentence that a family understands."),
        max_length=255,
        validators=[validate_one_line],
        error_messages={"required": gettext_lazy("Say what it is for.")},
    )
    category = forms.ChoiceField(
        label=gettext_lazy("Category"),
        choices=Category.choices,
        help_text=gettext_lazy("The decision rows allow and block whole categories."),
        error_messages={"invalid_choice": INVALID_CHOICE},
    )
    mode = forms.ChoiceField(
        label=gettext_lazy("Who moves"),
        choices=[
            ("active", gettext_lazy("The dog itself (active)")),
            ("passive", gettext_lazy("The person, or it is care (passive)")),
        ],
        widget=forms.RadioSelect(attrs={"class": "segmented"}),
        error_messages=dict.fromkeys(("required", "invalid_choice"), INVALID_CHOICE),
    )
    load = forms.TypedChoiceField(
        label=gettext_lazy("Load"), coerce=int, error_messages={"invalid_choice": INVALID_CHOICE}
    )
    trains = forms.ChoiceField(label=gettext_lazy("What it trains"), required=False)
    equipment = LinesField(
        label=gettext_lazy("Equipment"), help_text=gettext_lazy("One a line."), required=False, rows=3
    )
    steps = LinesField(
        label=gettext_lazy("Steps"),
        help_text=gettext_lazy("One a line, in the order in which they are done."),
        rows=6,
        error_messages={"required": gettext_lazy("Write at least one step.")},
    )
    mistakes = LinesField(
        label=gettext_lazy("Common mistakes"), help_text=gettext_lazy("One a line."), required=False, rows=3
    )
    one_off = forms.BooleanField(label=wording.SWITCHES["one_off"], required=False)
    per_prescription = forms.BooleanField(label=wording.SWITCHES["per_prescription"], required=False)
    earliest_phase = forms.ChoiceField(
        label=gettext_lazy("Not before phase"), error_messages={"invalid_choice": INVALID_CHOICE}
    )
    earliest_note = forms.CharField(
        label=gettext_lazy("A note about when"), max_length=255, required=False, validators=[validate_one_line]
    )
    not_before_day = forms.IntegerField(
        label=gettext_lazy("Not before day"),
        help_text=gettext_lazy("Counted from the beginning of the pain or from surgery."),
        min_value=1,
        max_value=365,
        required=False,
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
    )
    grades = forms.TypedMultipleChoiceField(
        label=gettext_lazy("Neurologic grades"),
        coerce=int,
        widget=forms.CheckboxSelectMultiple(attrs={"class": "segmented"}),
        error_messages={"required": gettext_lazy("Choose the grades that it suits."), "invalid_choice": INVALID_CHOICE},
    )
    contraindications = forms.MultipleChoiceField(
        label=gettext_lazy("Not when"),
        required=False,
        widget=forms.CheckboxSelectMultiple(attrs={"class": "choices-dense"}),
        error_messages={"invalid_choice": INVALID_CHOICE},
    )
    stop_signs = forms.MultipleChoiceField(
        label=gettext_lazy("Stop at once when the dog"),
        required=False,
        widget=forms.CheckboxSelectMultiple(attrs={"class": "choices-dense"}),
        error_messages={"invalid_choice": INVALID_CHOICE},
    )
    measure = forms.ChoiceField(label=gettext_lazy("What is measured"), required=False)
    easier_slug = forms.ChoiceField(label=gettext_lazy("Easier exercise"), required=False)
    harder_slug = forms.ChoiceField(label=gettext_lazy("Harder exercise"), required=False)
    clinic_only = forms.BooleanField(label=gettext_lazy("Only at the clinic, never at home"), required=False)
    drawn_as = forms.ChoiceField(
        label=gettext_lazy("Drawing"),
        help_text=gettext_lazy("A built-in drawing that shows it too, for as long as there is no photo."),
        required=False,
    )
    photo = forms.FileField(
        label=gettext_lazy("Photo"),
        help_text=gettext_lazy("JPEG, PNG or WebP, up to 10 MB. Place and camera are removed from it."),
        required=False,
        widget=forms.FileInput(attrs={"accept": "image/jpeg,image/png,image/webp"}),
    )
    photo_alternative = forms.CharField(
        label=gettext_lazy("What the photo shows, in words (needed with a photo)"),
        help_text=gettext_lazy("Read out to people who do not see it."),
        max_length=255,
        required=False,
        validators=[validate_one_line],
    )
    photo_remove = forms.BooleanField(label=gettext_lazy("Remove the photo"), required=False)
    clip = forms.FileField(
        label=gettext_lazy("Clip"),
        help_text=gettext_lazy("MP4, MOV or WebM, up to 90 seconds and 60 MB. Sound, place and camera are removed."),
        required=False,
        widget=forms.FileInput(attrs={"accept": "video/mp4,video/quicktime,video/webm"}),
    )
    clip_alternative = forms.CharField(
        label=gettext_lazy("What the clip shows, in words (needed with a clip)"),
        max_length=255,
        required=False,
        validators=[validate_one_line],
    )
    clip_remove = forms.BooleanField(label=gettext_lazy("Remove the clip"), required=False)

    def __init__(
        self,
        *args: Any,
        clinics: Sequence[Clinic],
        exercises: Mapping[str, Exercise],
        base: Exercise | None = None,
        too_large: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.base = base
        self.too_large = too_large
        self.clinics = clinics
        self.initial.setdefault("key", new_id())
        is_own = base is not None and base.clinic_id is not None
        if len(clinics) > 1 and not is_own:
            self.fields["clinic"] = clinic_field(clinics)
        data = reading.read(reading.EXERCISES)
        always = data["always"]
        neighbours = [
            ("", _("none")),
            *sorted(
                ((one.slug, one.name) for one in exercises.values() if base is None or one.slug != base.slug),
                key=lambda pair: (pair[1].casefold(), pair[0]),
            ),
        ]
        drawings = [(slug, name) for slug, name in neighbours if slug and not exercises[slug].clinic_id]
        choices: dict[str, list[tuple[Any, Any]]] = {
            "load": [(load, f"{load} · {text}") for load, text in enumerate(wording.LOADS)],
            "trains": [("", _("nothing of these")), *wording.TRAINS.items()],
            "earliest_phase": [(phase.value, f"{phase.value} · {phase.label}") for phase in Phase],
            "grades": [(one.grade, f"{one.grade} · {translating.said(one.name)}") for one in reading.grades()],
            "contraindications": _codes(reading.contraindications(), always["contra"]),
            "stop_signs": _codes(reading.stop_signs(), always["stop"]),
            "measure": [("", _("nothing")), *((code, wording.measure_name(row)) for code, row in wording.measures())],
            "easier_slug": neighbours,
            "harder_slug": neighbours,
            "drawn_as": [("", _("the drawing of its own name, if there is one")), *drawings],
        }
        for name, offered in choices.items():
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)  # noqa: S101 - declared above
            field.choices = offered
        for kind in ("photo", "clip"):
            # The label says when it is needed; “optional” would say the opposite.
            self.fields[f"{kind}_alternative"].may_wait = True  # type: ignore[attr-defined]
        for part, (label, unit) in wording.PARTS.items():
            most, lowest = HIGHEST[part], 0 if part in MAY_BE_NONE else 1
            at_least, at_most = _("%(number)s, at least"), _("%(number)s, at most")
            self.fields[f"dose_{part}"] = _number(label, unit, least=1, most=most)
            self.fields[f"least_{part}"] = _number(at_least % {"number": label}, unit, least=lowest, most=most)
            self.fields[f"most_{part}"] = _number(at_most % {"number": label}, unit, least=1, most=most)
        if base is not None:
            self.initial = {**_initial(base, always), **self.initial}
            if is_own:
                self.initial["seen"] = base.pk
        else:
            self.initial = {"mode": "active", "dose_per_day": 1, "dose_days_per_week": 7, **self.initial}

    def _rows(self, parts: Sequence[str]) -> Iterator[tuple[Any, list[BoundField]]]:
        for part in parts:
            label, unit = wording.PARTS[part]
            yield (
                (label, unit) if unit else (label, ""),
                [self[f"{column}_{part}"] for column in ("dose", "least", "most")],
            )

    @property
    def usual_numbers(self) -> list[tuple[Any, list[BoundField]]]:
        return list(self._rows(USUAL))

    @property
    def other_numbers(self) -> list[tuple[Any, list[BoundField]]]:
        return list(self._rows([part for part in wording.PARTS if part not in USUAL]))

    @property
    def other_numbers_used(self) -> bool:
        return any(field.value() not in (None, "") for _label, fields in self.other_numbers for field in fields)

    def clean_photo(self) -> Any:
        return self._looked_at("photo", media.look_at_photo)

    def clean_clip(self) -> Any:
        return self._looked_at("clip", clips.look_at_clip)

    def _looked_at(self, name: str, look: Any) -> Any:
        upload = self.cleaned_data[name]
        if upload is not None:
            try:
                look(upload.file, upload.size)
            except media.Refused as refused:
                raise ValidationError(str(wording.REFUSALS[refused.code]), code=refused.code) from refused
        return upload

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if self.too_large:
            self.add_error("clip", str(wording.REFUSALS["too_large"]))
        for kind in ("photo", "clip"):
            before = getattr(self.base, kind, None) if self.base and self.base.clinic_id else None
            shows = data.get(kind) or (before and not data.get(f"{kind}_remove"))
            said = data.get(f"{kind}_alternative")
            if shows and not said:
                self.add_error(f"{kind}_alternative", _("Say in a few words what it shows."))
            elif said and not shows and not before and kind not in self.errors:
                self.add_error(kind, str(wording.NO_FILE[kind]))
        for part in wording.PARTS:
            self._clean_part(part, data)
        if not any(name.startswith(("dose_", "least_", "most_")) for name in self.errors) and not self.dose:
            self.add_error("dose_minutes", _("Say how much: at least one number."))
        return data

    def _clean_part(self, part: str, data: Mapping[str, Any]) -> None:
        value, least, most = (data.get(f"{column}_{part}") for column in ("dose", "least", "most"))
        if (least is None) != (most is None) and not {f"least_{part}", f"most_{part}"} & set(self.errors):
            self.add_error(f"least_{part}" if least is None else f"most_{part}", _("A range has both ends."))
        elif least is not None and most is not None:
            if least > most:
                self.add_error(f"least_{part}", _("The range begins above its end."))
            elif value is not None and not least <= value <= most:
                self.add_error(
                    f"dose_{part}",
                    _("%(value)s is outside %(least)s to %(most)s.") % {"value": value, "least": least, "most": most},
                )

    @property
    def dose(self) -> dict[str, Any]:
        """The dose as the content writes it: only what it says."""
        said = {part: self.cleaned_data.get(f"dose_{part}") for part in wording.PARTS}
        dose = {part: value for part, value in said.items() if value}
        return dose | {switch: True for switch in wording.SWITCHES if self.cleaned_data.get(switch)}

    @property
    def dose_range(self) -> dict[str, Any]:
        bounds = {
            part: [self.cleaned_data.get(f"least_{part}"), self.cleaned_data.get(f"most_{part}")]
            for part in wording.PARTS
        }
        said: dict[str, Any] = {part: pair for part, pair in bounds.items() if None not in pair}
        return said | ({"per_prescription": True} if self.cleaned_data.get("per_prescription") else {})

    @property
    def values(self) -> dict[str, Any]:
        """The exercise as the actions take it."""
        data = self.cleaned_data
        measures = dict(wording.measures())
        measure = self.base.measure if self.base and data["measure"] == self.base.measure.get("metric") else None
        return {
            **{name: data[name] for name in TEXTS},
            "dose": self.dose,
            "dose_range": self.dose_range,
            "measure": measure or dict(measures.get(data["measure"], {})),
            "sources": [],
        }

    def shown(self, kind: str) -> Shown:
        """What becomes of the photo or the clip."""
        data = self.cleaned_data
        return Shown(upload=data[kind], alternative=data[f"{kind}_alternative"], remove=data[f"{kind}_remove"])

    @property
    def chosen_clinic(self) -> Clinic:
        """Whose it will be; who works in one clinic is not asked, and an own exercise stays where it is."""
        if self.base is not None and self.base.clinic_id is not None:
            return next(clinic for clinic in self.clinics if clinic.pk == self.base.clinic_id)
        chosen = self.cleaned_data.get("clinic", str(self.clinics[0].pk))
        return next(clinic for clinic in self.clinics if str(clinic.pk) == chosen)

    def show(self, wrong: Sequence[tuple[str, str]]) -> None:
        """Rules of the content that it breaks, each at its field."""
        for field, what in wrong:
            name = SHOWN_AT.get(field, field)
            self.add_error(name if name in self.fields else None, capfirst(what))


def _number(label: Any, unit: str, *, least: int, most: int) -> forms.Field:
    # Only weight loss is counted in parts of a percent.
    kind = forms.FloatField if unit == "%" else forms.IntegerField
    return kind(
        label=label,
        min_value=least,
        max_value=most,
        required=False,
        widget=forms.NumberInput(attrs={"inputmode": "decimal", "aria-label": label}),
        error_messages=dict.fromkeys(
            ("invalid", "min_value", "max_value"),
            format_lazy(gettext_lazy("Please enter a whole number from {least} to {most}."), least=least, most=most),
        ),
    )


def _codes(words: Mapping[str, str], always: Sequence[str]) -> list[tuple[Any, Any]]:
    """The codes that a person may choose: those that always hold are not asked."""
    return [(code, capfirst(translating.said(text))) for code, text in words.items() if code not in always]


def _initial(base: Exercise, always: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    numbers: dict[str, Any] = {}
    for part in wording.PARTS:
        bounds = base.dose_range.get(part)
        numbers[f"dose_{part}"] = base.dose.get(part) or None
        if isinstance(bounds, list) and len(bounds) == 2:
            numbers[f"least_{part}"], numbers[f"most_{part}"] = bounds
    return {
        **{name: getattr(base, name) for name in TEXTS},
        **numbers,
        **{switch: base.dose.get(switch) is True for switch in wording.SWITCHES},
        "contraindications": [code for code in base.contraindications if code not in always["contra"]],
        "stop_signs": [code for code in base.stop_signs if code not in always["stop"]],
        "measure": base.measure.get("metric", ""),
        "photo_alternative": base.photo.alternative if base.clinic_id and base.photo else "",
        "clip_alternative": base.clip.alternative if base.clinic_id and base.clip else "",
    }
