"""What staff measure on a dog: the metrics of 05_protocols.yaml that a person records, with their bounds. Pure.

The family's own answers (pain around a session, what was done) and what follows from the record (days, rungs) are not
here: nobody types them. Words are in ``measure_wording``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Literal

Unit = Literal["", "s", "min", "kg", "%"]
Kind = Literal["number", "scale", "yes_no"]


@dataclass(frozen=True, kw_only=True)
class Measure:
    """One metric: its smallest and largest value, its decimals, and whether only a vet says it.

    A ``scale`` has a word for each whole number from ``low`` to ``high``; ``yes_no`` is 1 or 0.
    """

    metric: str
    low: Decimal
    high: Decimal
    decimals: int = 0
    unit: Unit = ""
    kind: Kind = "number"
    vet_only: bool = False

    def accepts(self, value: Decimal) -> bool:
        """Whether the value lies within the bounds and is no finer than it can be measured."""
        return self.low <= value <= self.high and value == round(value, self.decimals)


def _of(
    metric: str,
    high: int,
    *,
    low: str = "0",
    decimals: int = 0,
    unit: Unit = "",
    kind: Kind = "number",
    vet_only: bool = False,
) -> Measure:
    return Measure(
        metric=metric,
        low=Decimal(low),
        high=Decimal(high),
        decimals=decimals,
        unit=unit,
        kind=kind,
        vet_only=vet_only,
    )


# In the order of the form. Bounds from the meaning of each metric; where it names none, what a dog can do at all.
GROUPS: Final[Mapping[str, tuple[Measure, ...]]] = {
    "function": (
        _of("standing_s", 600, unit="s"),
        _of("unaided_steps", 10),
        _of("straight_sits", 5),
        _of("self_corrections", 10),
        _of("pole_touches", 20, decimals=1),
        _of("walk_min_total", 240, unit="min"),
        _of("falls", 50),
    ),
    "nerves": (
        _of("knuckling_level", 3, kind="scale"),
        _of("toe_response", 2, kind="scale"),
        _of("urination_normal", 1, kind="yes_no"),
    ),
    "care": (
        _of("pain_rest", 10),
        _of("rest_breaks", 50),
        _of("doses_given_pct", 100, unit="%"),
        _of("skin_ok", 1, kind="yes_no"),
        _of("weight_kg", 120, low="0.5", decimals=2, unit="kg"),
    ),
    "vet": (_of("limb_stable_signed", 1, kind="yes_no", vet_only=True),),
}
MEASURES: Final[Mapping[str, Measure]] = {one.metric: one for group in GROUPS.values() for one in group}


def is_recordable(metric: str, *, by_a_vet: bool) -> bool:
    """Whether this person may record it."""
    measure = MEASURES.get(metric)
    return measure is not None and (by_a_vet or not measure.vet_only)
