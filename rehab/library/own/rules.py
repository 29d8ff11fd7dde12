"""What must be true of a clinic's own content: the same functions that check the content files.

That holds for whoever writes it. What only a vet of the clinic may write, because it asks less care than the built-in
content, or opens another decision row, is in ``loosening.py``.
"""

import math
from collections.abc import Iterator, Mapping
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db.models import JSONField
from django.utils.translation import gettext as _

from accounts.models import Clinic
from rehab.lib.plain_text import validate_one_line
from rehab.library import reading
from rehab.library.actions import PHASE_EXTRA_KEYS, full_dose, known_words
from rehab.library.checking import exercise_problems, protocol_problems
from rehab.library.models import Exercise, Protocol, ProtocolPhase
from rehab.library.queries.protocols import exercises_for, protocols_for

Values = Mapping[str, Any]
Wrong = list[tuple[str, str]]

# A field of the model, and what the content files call it.
EXERCISE_NAMES: Final = {
    "range": "dose_range", "earliest": "earliest_phase", "contra": "contraindications", "stop": "stop_signs",
    "easier": "easier_slug", "harder": "harder_slug", "src": "sources",
}  # fmt: skip
PROTOCOL_NAMES: Final = {"id": "slug", "warn": "warning"}
# What a dose can hold at all (``rehab.programs.dose.LIMITS``); more could never be prescribed.
HIGHEST: Final = {
    "minutes": 240, "sets": 20, "reps": 100, "hold_s": 600, "per_day": 12, "days_per_week": 7, "per_week": 7,
    "interval_h": 24, "toilet_trips_per_day": 24, "duration_days": 365, "height_cm": 100, "loss_pct_per_week": 10,
    "recheck_days": 365,
}  # fmt: skip
# What a range may begin with: no height, no hold, and parts of a percent.
MAY_BE_NONE: Final = frozenset({"hold_s", "height_cm", "loss_pct_per_week"})
ITEM_NAMES: Final = {"exercise": "ex", "condition": "if"}


class WrongContent(Exception):
    """It breaks rules of the content; ``wrong`` says for which field, and what."""

    def __init__(self, wrong: Wrong) -> None:
        super().__init__("; ".join(f"{field}: {what}" for field, what in wrong))
        self.wrong = wrong


def with_always(values: Values) -> dict[str, Any]:
    """What the content implies for every exercise: its defaults, and the codes that always hold."""
    data = reading.read(reading.EXERCISES)
    return {
        **values,
        "dose": full_dose(values["dose"], data["defaults"]),
        "contraindications": [*dict.fromkeys([*data["always"]["contra"], *values["contraindications"]])],
        "stop_signs": [*dict.fromkeys([*data["always"]["stop"], *values["stop_signs"]])],
    }


def wrong_exercise(values: Values, slug: str, clinic: Clinic) -> Wrong:
    row = {
        **{theirs: values[ours] for theirs, ours in EXERCISE_NAMES.items()},
        **{
            name: values[name]
            for name in (
                "name", "category", "mode", "load", "purpose", "equipment", "steps", "dose", "grades", "mistakes",
                "measure",
            )
        },
        "slug": slug,
        "document": None,
        "trains": values["trains"] or None,
        "easier": values["easier_slug"] or None,
        "harder": values["harder_slug"] or None,
        "clinic_only": values["clinic_only"],
        "earliest_note": values["earliest_note"],
    }  # fmt: skip
    slugs = list(exercises_for(clinic))
    found = exercise_problems(row, reading.read(reading.EXERCISES), slugs, known_words())
    wrong = [(EXERCISE_NAMES.get(field, field), what) for field, what in found]
    return [
        *unreadable(values),
        *wrong,
        *_column_errors(Exercise(slug=slug or "new", **values)),
        *_misjudged(values),
        *_too_much(values),
    ]


def unreadable(values: Any, at: str = "") -> Wrong:
    """Hidden characters anywhere, and numbers that are none: what a page or a database could not show."""
    if isinstance(values, dict):
        return [
            found
            for name, value in values.items()
            for found in (*unreadable(name, at or str(name)), *unreadable(value, at or str(name)))
        ]
    if isinstance(values, list | tuple):
        return [found for value in values for found in unreadable(value, at)]
    if isinstance(values, float) and not math.isfinite(values):
        return [(at, _("Please enter a number."))]
    if isinstance(values, str):
        try:
            validate_one_line(values)
        except ValidationError as error:
            return [(at, error.messages[0])]
    return []


def beyond_belief(numbers: Mapping[str, Any]) -> Iterator[str]:
    """Numbers that no dose has, also where the exercise sets no range."""
    for part, value in numbers.items():
        most = HIGHEST.get(part)
        if most is not None and isinstance(value, int | float) and value > most:
            yield _("%(part)s is %(value)s, more than %(most)s") % {"part": part, "value": value, "most": most}


def no_dose(dose: Mapping[str, Any]) -> Iterator[str]:
    """What a program could not prescribe: a number that no dose has, or two that contradict each other."""
    yield from beyond_belief(dose)
    if dose.get("loss_pct_per_week") is not None:
        yield _("Weight loss is a range: say at least and at most.")
    if dose.get("recheck_days") is not None and not dose.get("one_off"):
        yield _("Only what is done once is asked again after days.")


def _too_much(values: Values) -> Iterator[tuple[str, str]]:
    ends = {
        part: bounds[1]
        for part, bounds in values["dose_range"].items()
        if isinstance(bounds, list) and len(bounds) == 2
    }
    yield from (("dose", what) for what in no_dose(values["dose"]))
    yield from (("dose_range", what) for what in beyond_belief(ends))
    for part, bounds in values["dose_range"].items():
        if isinstance(bounds, list) and part not in MAY_BE_NONE and min(bounds, default=1) < 1:
            yield "dose_range", _("%(part)s begins below 1") % {"part": part}


def _misjudged(values: Values) -> Iterator[tuple[str, str]]:
    """No profile allows such a load as early as that; and a dog that works itself has one, or nothing would limit it."""
    if values["mode"] == Exercise.Mode.ACTIVE and values["load"] == 0:
        yield "load", _("An active exercise has a load; load 0 is care.")
    highest = max((loads.get(values["earliest_phase"], 4) for loads in known_words().load_max.values()), default=4)
    if values["load"] > highest:
        yield "load", f"load {values['load']} is above {highest}, the most of {values['earliest_phase']}"


def wrong_protocol(values: Values, slug: str, clinic: Clinic) -> Wrong:
    known = exercises_for(clinic)
    exercises = {
        one.slug: {"range": one.dose_range, "load": one.load, "earliest": one.earliest_phase} for one in known.values()
    }
    hidden = [
        *unreadable({name: value for name, value in values.items() if name != "phases"}),
        *((f"phases.{phase['code']}.{field}", what) for phase in values["phases"] for field, what in unreadable(phase)),
    ]
    if hidden:
        return hidden
    slugs = [*protocols_for(clinic), slug]
    row = {
        **{name: values[name] for name in ("name", "cause", "rows", "profile", "total_weeks", "reassess_days")},
        "id": slug,
        "warn": values["warning"],
        "phases": [
            {
                **phase["extra"],
                "code": phase["code"],
                "name": phase["name"],
                "days": [phase["days_min"], phase["days_max"]],
                "enter": phase["entry_criteria"],
                "exit": phase["exit_criteria"],
                "ladders": phase["ladders"],
                "items": [
                    {ITEM_NAMES.get(name, name): value for name, value in item.items()} for item in phase["items"]
                ],
            }
            for phase in values["phases"]
        ],
    }
    wrong = [*protocol_problems(row, exercises, slugs, reading.read(reading.PROTOCOLS)["metrics"], known_words())]
    fields = {name: value for name, value in values.items() if name != "phases"}
    wrong += _column_errors(Protocol(slug=slug or "new", **fields))
    for phase in values["phases"]:
        at = f"phases.{phase['code']}"
        # A key of another name would not be what the check above has seen.
        wrong += [(f"{at}.extra", f"{key} is not known") for key in phase["extra"] if key not in PHASE_EXTRA_KEYS]
        for item in phase["items"]:
            place = f"{at}.items.{item.get('exercise', '')}.dose"
            usual = known[item["exercise"]].dose if item.get("exercise") in known else {}
            wrong += [(place, what) for what in no_dose({**usual, **item.get("dose", {})})]
        wrong += [(f"{at}.{field}", what) for field, what in _column_errors(ProtocolPhase(position=0, **phase))]
    return [(PROTOCOL_NAMES.get(field, field), what) for field, what in wrong]


def _column_errors(row: Any) -> Iterator[tuple[str, str]]:
    """What the database's columns could not hold; JSON was checked for its meaning."""
    skipped = {field.name for field in row._meta.fields if isinstance(field, JSONField)}
    try:
        row.clean_fields(exclude={*skipped, "content_hash", "protocol", "clinic"})
    except ValidationError as error:
        for field, messages in error.message_dict.items():
            yield field, " ".join(messages)
