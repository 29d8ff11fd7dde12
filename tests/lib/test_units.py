"""Pounds, inches and Fahrenheit: exact, rounded as a scale at home would, and there and back again."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehab.lib import units


@pytest.mark.parametrize(
    ("unit", "metric", "imperial"),
    [
        ("kg", "0.45359237", "1.0"),
        ("kg", "12.4", "27.3"),
        ("kg", "120", "264.6"),
        ("cm", "2.54", "1.0"),
        ("cm", "40", "15.7"),
        ("°C", "38.5", "101.3"),
        ("°C", "-40", "-40.0"),
        ("°C", "0", "32.0"),
    ],
)
def test_value_is_shown_in_the_readers_unit(unit: str, metric: str, imperial: str) -> None:
    assert str(units.shown(Decimal(metric), unit, system="imperial")) == imperial
    assert units.shown(Decimal(metric), unit, system="metric") == Decimal(metric)


@pytest.mark.parametrize(
    ("unit", "imperial", "metric"),
    [
        ("kg", "1", "0.45"),
        ("kg", "27.5", "12.47"),
        ("kg", "264.5", "119.98"),
        ("cm", "10", "25.40"),
        ("°C", "101.3", "38.50"),
    ],
)
def test_value_is_stored_in_the_metric_unit(unit: str, imperial: str, metric: str) -> None:
    assert str(units.stored(Decimal(imperial), unit)) == metric


@pytest.mark.parametrize(
    ("unit", "system", "read_in"),
    [
        ("kg", "metric", "kg"),
        ("kg", "imperial", "lb"),
        ("cm", "imperial", "in"),
        ("°C", "imperial", "°F"),
        ("s", "imperial", "s"),
        ("", "imperial", ""),
    ],
)
def test_unit_is_the_readers_own(unit: str, system: str, read_in: str) -> None:
    assert units.unit_for(unit, system=system) == read_in


def test_what_has_no_counterpart_stays_as_it_is_and_is_never_converted() -> None:
    assert units.shown(Decimal("60.123"), "s", system="imperial") == Decimal("60.123")
    with pytest.raises(KeyError):
        units.stored(Decimal(60), "s")


@given(
    st.sampled_from(["kg", "cm", "°C"]),
    st.decimals(min_value="0.5", max_value="300", places=1, allow_nan=False, allow_infinity=False),
)
def test_what_somebody_typed_is_what_they_read_again(unit: str, typed: Decimal) -> None:
    assert units.shown(units.stored(typed, unit), unit, system="imperial") == typed
