"""What makes a clinic's copy of a built-in exercise less careful than the built-in one: only a vet does that.

The gate reads an exercise's category, load, grades and contraindications; without them it would protect nothing.
A protocol opens decision rows: those that the one it was made from does not name are a vet's to open.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from rehab.library.models import Exercise, Protocol

Values = Mapping[str, Any]


def loosened(values: Values, *, built_in: Exercise, current: Exercise | None) -> list[str]:
    """The fields that ask less care than the built-in exercise and than the copy in use, which a vet may have loosened."""
    fields = list(dict.fromkeys(_looser(values, built_in)))
    if current is None:
        return fields
    known = set(_looser(values, current))
    return [field for field in fields if field in known]


def loosened_protocol(values: Values, *, base: Protocol | None) -> list[str]:
    """The fields of a protocol that open more than the one it was made from; one made from nothing opens all its rows."""
    fields = ["rows"] if not set(base.rows if base else ()).issuperset(values["rows"]) else []
    if base is not None and values["profile"] != base.profile and base.profile == "neuro":
        fields.append("profile")
    if base is not None and base.progress_disabled and not values["progress_disabled"]:
        fields.append("progress_disabled")
    return fields


def _looser(values: Values, than: Exercise) -> Iterator[str]:
    for field in ("category", "clinic_only"):
        if values[field] != getattr(than, field):
            yield field
    if values["mode"] != than.mode and than.is_active:
        yield "mode"
    if values["load"] < than.load:
        yield "load"
    if values["earliest_phase"] < than.earliest_phase:
        yield "earliest_phase"
    if than.not_before_day is not None and (values["not_before_day"] or 0) < than.not_before_day:
        yield "not_before_day"
    if not set(than.grades).issuperset(values["grades"]):
        yield "grades"
    for field in ("contraindications", "stop_signs"):
        if not set(values[field]).issuperset(getattr(than, field)):
            yield field
    if any(_is_wider(values["dose_range"].get(part), bounds) for part, bounds in than.dose_range.items()):
        yield "dose_range"


def _is_wider(bounds: Any, than: Any) -> bool:
    """Whether a range is gone or goes higher; how low it goes is the more careful end."""
    if not isinstance(than, list):
        return bool(bounds != than)
    return not isinstance(bounds, list) or bool(bounds[-1] > than[-1])
