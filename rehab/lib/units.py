"""Pounds, inches and Fahrenheit for whoever measures in them; what is stored is always metric. Pure.

A dog's temperature is read in °C by the rules, so that it needs both directions as weight and length do.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Final, Literal

System = Literal["metric", "imperial"]

# Both exact by definition (international yard and pound agreement, 1959).
KG_PER_LB: Final = Decimal("0.45359237")
CM_PER_INCH: Final = Decimal("2.54")
# No finer than the tables store.
STORED: Final = Decimal("0.01")


@dataclass(frozen=True, kw_only=True)
class Imperial:
    """The unit in which a metric quantity is shown to whoever does not think in it."""

    unit: str
    decimals: int
    shown: Callable[[Decimal], Decimal]
    stored: Callable[[Decimal], Decimal]


def kg_to_lb(kg: Decimal) -> Decimal:
    return kg / KG_PER_LB


def lb_to_kg(lb: Decimal) -> Decimal:
    return lb * KG_PER_LB


def cm_to_inch(cm: Decimal) -> Decimal:
    return cm / CM_PER_INCH


def inch_to_cm(inch: Decimal) -> Decimal:
    return inch * CM_PER_INCH


def celsius_to_fahrenheit(celsius: Decimal) -> Decimal:
    return celsius * 9 / 5 + 32


def fahrenheit_to_celsius(fahrenheit: Decimal) -> Decimal:
    return (fahrenheit - 32) * 5 / 9


IMPERIAL: Final[Mapping[str, Imperial]] = {
    "kg": Imperial(unit="lb", decimals=1, shown=kg_to_lb, stored=lb_to_kg),
    "cm": Imperial(unit="in", decimals=1, shown=cm_to_inch, stored=inch_to_cm),
    "°C": Imperial(unit="°F", decimals=1, shown=celsius_to_fahrenheit, stored=fahrenheit_to_celsius),
}


def unit_for(unit: str, *, system: System | str) -> str:
    """The unit in which somebody of this system reads a quantity of the metric ``unit``; its own where there is no other."""
    return IMPERIAL[unit].unit if system == "imperial" and unit in IMPERIAL else unit


def shown(value: Decimal, unit: str, *, system: System | str) -> Decimal:
    """A stored value in the reader's unit, as exact as a scale at home is."""
    if system != "imperial" or unit not in IMPERIAL:
        return value
    other = IMPERIAL[unit]
    return _rounded(other.shown(value), Decimal(1).scaleb(-other.decimals))


def stored(value: Decimal, unit: str) -> Decimal:
    """A value typed in the imperial counterpart of the metric ``unit``, as it is stored.

    Raises:
        KeyError: the unit has no counterpart.
    """
    return _rounded(IMPERIAL[unit].stored(value), STORED)


def _rounded(value: Decimal, step: Decimal) -> Decimal:
    return value.quantize(step, rounding=ROUND_HALF_UP)
