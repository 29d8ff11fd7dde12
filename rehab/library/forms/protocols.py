"""A clinic's own protocol: its head as a form, its phases and items as rows that are added, moved and taken away."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Clinic
from rehab.lib.ids import new_id
from rehab.lib.plain_text import validate_one_line
from rehab.library import reading, wording
from rehab.library.addresses import Picture, picture_of
from rehab.library.forms.parts import INVALID_CHOICE, clinic_field, numbers_of
from rehab.library.models import Exercise, Phase, Protocol, ProtocolPhase

PHASES_MOST: Final = 8
ITEMS_MOST: Final = 16
# More brackets than any content has could be nested deeper than Python follows.
EXTRA_DEPTH: Final = 40
HEAD: Final = ("name", "cause", "rows", "profile", "total_weeks", "reassess_days", "warning", "progress_disabled")
# What the checker says about a place: “phases.P2.items.leash-walk.dose”.
PLACE: Final = re.compile(r"phases\.(?P<code>\w+)\.(?P<part>\w+)(?:\.(?P<slug>[\w-]+))?")
SHOWN: Final = frozenset({"code", "name", "days", "enter", "exit", "items", "ladders"})
CRITERION_EXAMPLE: Final = "pain_rest.max[2d] <= 3"


class ProtocolForm(forms.Form):
    """What a protocol is for; its phases are written below it."""

    key = forms.UUIDField(required=False, widget=forms.HiddenInput)
    seen = forms.UUIDField(required=False, widget=forms.HiddenInput)
    name = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=120,
        validators=[validate_one_line],
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={"required": gettext_lazy("Give it a name.")},
    )
    cause = forms.ChoiceField(
        label=gettext_lazy("Cause"),
        choices=list(wording.CAUSES.items()),
        error_messages={"invalid_choice": INVALID_CHOICE},
    )
    rows = forms.MultipleChoiceField(
        label=gettext_lazy("Decision rows that may use it"),
        help_text=gettext_lazy("The gate still checks each exercise against the dog."),
        widget=forms.CheckboxSelectMultiple,
        error_messages={
            "required": gettext_lazy("Choose at least one row."),
            "invalid_choice": INVALID_CHOICE,
        },
    )
    profile = forms.ChoiceField(
        label=gettext_lazy("Limits"),
        choices=[(code, capfirst(str(text))) for code, text in wording.PROFILES.items()],
        widget=forms.RadioSelect(attrs={"class": "segmented"}),
        error_messages=dict.fromkeys(("required", "invalid_choice"), INVALID_CHOICE),
    )
    total_weeks = forms.CharField(
        label=gettext_lazy("Weeks in all"),
        help_text=gettext_lazy("Such as 6-14."),
        max_length=64,
        validators=[validate_one_line],
        error_messages={"required": gettext_lazy("Say how many weeks it takes.")},
    )
    reassess_days = forms.CharField(
        label=gettext_lazy("Look again after days"),
        help_text=gettext_lazy("Such as 7, 14, 28."),
        max_length=80,
        error_messages={"required": gettext_lazy("Say after how many days the dog is looked at again.")},
    )
    warning = forms.CharField(
        label=gettext_lazy("Warning"), max_length=255, required=False, validators=[validate_one_line]
    )
    progress_disabled = forms.BooleanField(label=gettext_lazy("Nothing grows in this protocol"), required=False)

    def __init__(self, *args: Any, clinics: Sequence[Clinic], base: Protocol | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rows = self.fields["rows"]
        assert isinstance(rows, forms.MultipleChoiceField)  # noqa: S101 - declared above
        rows.choices = [(code, f"{code} · {meaning}") for code, meaning in wording.rows().items()]
        if len(clinics) > 1 and (base is None or base.clinic_id is None):
            self.fields["clinic"] = clinic_field(clinics)
        start: dict[str, Any] = {"profile": "msk", "key": new_id()}
        if base is not None:
            start |= {name: getattr(base, name) for name in HEAD}
            start["reassess_days"] = ", ".join(str(day) for day in base.reassess_days)
            start["seen"] = base.pk if base.clinic_id else None
        self.initial = {**start, **self.initial}

    def clean_reassess_days(self) -> list[int]:
        days = numbers_of(self.cleaned_data["reassess_days"])
        if not days or min(days) < 1 or max(days) > 3650:
            raise ValidationError(_("Please write whole numbers with commas, such as 7, 14, 28."))
        return sorted(set(days))


@dataclass(kw_only=True)
class DoseInput:
    """One number of an item's dose, as it was typed."""

    part: str
    label: Any
    unit: str
    typed: str
    usual: Any
    least: Any
    most: Any


@dataclass(kw_only=True)
class ItemDraft:
    """One item of a phase while it is written: an exercise, or the protocol that goes on from there."""

    exercise: str = ""
    ref_protocol: str = ""
    dose: dict[str, str] = field(default_factory=dict)
    condition: str = ""
    note: str = ""
    unlock: bool = False
    habit: str = ""
    replaces: str = ""
    name: str = ""
    inputs: list[DoseInput] = field(default_factory=list)
    picture: Picture | None = None
    errors: list[str] = field(default_factory=list)

    def values(self) -> dict[str, Any]:
        """The item as the content writes it.

        Raises:
            ValueError: a number is none.
        """
        if self.ref_protocol:
            return {"ref_protocol": self.ref_protocol}
        dose = {part: int(typed) for part, typed in self.dose.items() if typed.strip()}
        said = {
            "exercise": self.exercise,
            "dose": dose,
            "condition": " ".join(self.condition.split()),
            "note": " ".join(self.note.split()),
            "unlock": "vet" if self.unlock else "",
            "habit": self.habit,
            "replaces": self.replaces,
        }
        return {name: value for name, value in said.items() if value}


@dataclass(kw_only=True)
class PhaseDraft:
    """One phase while it is written."""

    code: str = "P0"
    name: str = ""
    least: str = ""
    most: str = ""
    enter: str = ""
    leave: str = ""
    ladders: list[str] = field(default_factory=list)
    extra: dict[str, Any] = field(default_factory=dict)
    items: list[ItemDraft] = field(default_factory=list)
    errors: dict[str, list[str]] = field(default_factory=dict)

    @property
    def extra_text(self) -> str:
        """What later rules read, carried along unseen."""
        return json.dumps(self.extra)

    @property
    def other_errors(self) -> list[str]:
        """What is wrong with a part that has no field on the page."""
        return [what for part, found in self.errors.items() if part not in SHOWN for what in found]

    def wrong(self, part: str, what: str) -> None:
        """Note what is wrong at one of its fields."""
        self.errors.setdefault(part, []).append(what)

    def values(self) -> dict[str, Any]:
        """The phase as fields of the model; numbers that are none become 0, which the rules refuse."""
        items = []
        for item in self.items:
            try:
                items.append(item.values())
            except ValueError:
                item.errors.append(_("Please enter whole numbers."))
        return {
            "code": self.code,
            "name": self.name.strip(),
            "days_min": _whole(self.least),
            "days_max": _whole(self.most),
            "entry_criteria": _lines(self.enter),
            "exit_criteria": _lines(self.leave),
            "items": items,
            "ladders": self.ladders,
            "extra": self.extra,
        }


def _whole(typed: str) -> int:
    return int(typed) if typed.strip().isdecimal() and len(typed.strip()) < 5 else 0


def _lines(text: str) -> list[str]:
    return [" ".join(line.split()) for line in text.splitlines() if line.strip()]


def drafts_of(phases: Sequence[ProtocolPhase]) -> list[PhaseDraft]:
    """A stored protocol's phases, to be written on."""
    return [
        PhaseDraft(
            code=phase.code,
            name=phase.name,
            least=str(phase.days_min),
            most=str(phase.days_max),
            enter="\n".join(phase.entry_criteria),
            leave="\n".join(phase.exit_criteria),
            ladders=list(phase.ladders),
            extra=dict(phase.extra),
            items=[
                ItemDraft(
                    exercise=item.get("exercise", ""),
                    ref_protocol=item.get("ref_protocol", ""),
                    dose={part: str(value) for part, value in item.get("dose", {}).items()},
                    condition=item.get("condition", ""),
                    note=item.get("note", ""),
                    unlock=item.get("unlock") == "vet",
                    habit=item.get("habit", ""),
                    replaces=item.get("replaces", ""),
                )
                for item in phase.items
            ],
        )
        for phase in phases
    ]


def drafts_in(post: QueryDict) -> list[PhaseDraft]:
    """The phases as a person sent them, in the order in which they stand on the page."""
    return [_phase_in(post, f"p{token}") for token in post.getlist("phase")[:PHASES_MOST]]


def _phase_in(post: QueryDict, at: str) -> PhaseDraft:
    def typed(name: str) -> str:
        return post.get(f"{at}-{name}", "")[:4000]

    extra = _extra_in(typed("extra"))
    return PhaseDraft(
        code=typed("code"),
        name=typed("name"),
        least=typed("least"),
        most=typed("most"),
        enter=typed("enter"),
        leave=typed("leave"),
        ladders=post.getlist(f"{at}-ladders"),
        extra=extra,
        items=[_item_in(post, f"{at}-{token}") for token in post.getlist(f"{at}-item")[:ITEMS_MOST]],
    )


def _extra_in(text: str) -> dict[str, Any]:
    """What later rules read, as the page carried it along; nothing where no page of ours sent it."""
    if text.count("{") + text.count("[") > EXTRA_DEPTH:
        return {}
    try:
        extra = json.loads(text or "{}")
    except ValueError:
        return {}
    return extra if isinstance(extra, dict) else {}


def _item_in(post: QueryDict, at: str) -> ItemDraft:
    def typed(name: str) -> str:
        return post.get(f"{at}-{name}", "")[:500]

    return ItemDraft(
        exercise=typed("exercise"),
        ref_protocol=typed("ref"),
        dose={part: typed(f"dose-{part}") for part in wording.PARTS if f"{at}-dose-{part}" in post},
        condition=typed("condition"),
        note=typed("note"),
        unlock=bool(typed("unlock")),
        habit=typed("habit"),
        replaces=typed("replaces"),
    )


def dress(
    phases: Sequence[PhaseDraft], *, exercises: Mapping[str, Exercise], protocols: Mapping[str, Protocol]
) -> None:
    """Give each item its name, its picture, and an input for each number that its exercise has."""
    for item in (item for phase in phases for item in phase.items):
        if item.ref_protocol:
            item.name = protocols[item.ref_protocol].name if item.ref_protocol in protocols else item.ref_protocol
            continue
        exercise = exercises.get(item.exercise)
        if exercise is None:
            item.name = item.exercise
            item.errors.append(_("This is no longer in the library. Take it out, or restore it there."))
            continue
        item.name = exercise.name
        item.picture = picture_of(exercise.drawn_as or exercise.slug)
        item.inputs = [
            DoseInput(
                part=number.part,
                label=number.label,
                unit=number.unit,
                typed=item.dose.get(number.part, ""),
                usual=number.value,
                least=number.least,
                most=number.most,
            )
            for number in wording.numbers({**exercise.dose, **_typed_numbers(item)}, exercise.dose_range)
        ]


def _typed_numbers(item: ItemDraft) -> dict[str, int]:
    """Numbers that the item has and its exercise may not, so that they do not vanish; shown as usual only if so."""
    return {part: 1 for part, typed in item.dose.items() if typed and part in wording.PARTS}


def change(phases: list[PhaseDraft], what: str, post: QueryDict) -> int | None:
    """Do what a button of the page says (“drop-item:1:3”); returns the place of the phase to look at.

    What names no phase or item that is there does nothing.
    """
    name, *places = what.split(":")
    at = [int(place) for place in places if place.isdecimal() and len(place) < 3]
    if name == "add-phase" and len(phases) < PHASES_MOST:
        used = [phase.code for phase in phases]
        phases.append(PhaseDraft(code=next((code for code in Phase.values if code not in used), "P5")))
        return len(phases) - 1
    if not at or at[0] >= len(phases):
        return None
    if name.endswith("-phase"):
        return _moved(phases, name.removesuffix("-phase"), at[0])
    items = phases[at[0]].items
    if name == "add-item":
        chosen = post.get(f"p{at[0]}-new", "")
        if chosen and len(items) < ITEMS_MOST:
            kind, _colon, slug = chosen.rpartition(":")
            items.append(ItemDraft(ref_protocol=slug) if kind == "protocol" else ItemDraft(exercise=slug))
    elif name.endswith("-item") and len(at) == 2 and at[1] < len(items):
        _moved(items, name.removesuffix("-item"), at[1])
    return at[0]


def _moved(rows: list[Any], how: str, at: int) -> int:
    if how == "drop":
        rows.pop(at)
        return min(at, len(rows) - 1)
    other = at - 1 if how == "up" else at + 1
    if how in ("up", "down") and 0 <= other < len(rows):
        rows[at], rows[other] = rows[other], rows[at]
        return other
    return at


def show_wrong(form: ProtocolForm, phases: Sequence[PhaseDraft], wrong: Sequence[tuple[str, str]]) -> None:
    """Rules of the content that it breaks, each where it was written."""
    for place, what in wrong:
        found = PLACE.match(place)
        if found is None:
            form.add_error(place if place in form.fields else None, _plain(what))
            continue
        phase = next((one for one in phases if one.code == found["code"]), None)
        item = next((one for one in phase.items if one.exercise == found["slug"]), None) if phase else None
        if item is not None:
            item.errors.append(_plain(what))
        elif phase is not None:
            phase.wrong({"days_min": "days", "days_max": "days"}.get(found["part"], found["part"]), _plain(what))
        else:
            form.add_error(None, _plain(what))
    for number, phase in enumerate(phases, start=1):
        if phase.errors or any(item.errors for item in phase.items):
            form.add_error(None, _("Phase %(number)s, %(name)s: see below.") % {"number": number, "name": phase.name})


def _plain(what: str) -> str:
    """A sentence of the checker as a person reads it."""
    if what.startswith("is not a criterion: "):
        written = what.removeprefix("is not a criterion: ").strip("'\"")
        return _("“%(written)s” cannot be read. Write it like this: %(example)s") % {
            "written": written,
            "example": CRITERION_EXAMPLE,
        }
    if what.startswith("must be [least, most]"):
        return _("Say how many days at least and at most.")
    return capfirst(what)


def criterion_words() -> list[tuple[str, str]]:
    """What a criterion may read, for the person who writes one."""
    return [(code, str(wording.METRICS.get(code, meaning))) for code, meaning in reading.metrics().items()]
