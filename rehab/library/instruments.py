"""The outcome instruments of the content: what may be done with each, and which numbers of a licensed form may be entered.

What an instrument is and what its licence allows is said in ``08_instruments.yaml``, the numbers in ``13_score_entry.yaml``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final

from rehab.library import reading

# The name of the number that a form adds up to.
TOTAL: Final = "total"
# How 08 says that no change has been published.
NONE_PUBLISHED: Final = ("none", "not ")


@dataclass(frozen=True, kw_only=True)
class Instrument:
    """One outcome instrument, its licence class with the reason, and the published change in words (``mic``)."""

    id: str
    name: str
    licence: str
    why: str
    mic: str
    ship: str

    @property
    def has_published_change(self) -> bool:
        """Whether somebody has published how much of a change means something."""
        return bool(self.mic) and not self.mic.lower().startswith(NONE_PUBLISHED)

    @property
    def is_shipped(self) -> bool:
        """Whether its numbers may be kept: it is ours to show, or a number field is allowed."""
        return is_shipped(self.ship)


@dataclass(frozen=True, kw_only=True)
class Number:
    """One number of a form; without bounds where none is known."""

    code: str
    label: str
    low: Decimal | None
    high: Decimal | None
    decimals: int


@dataclass(frozen=True, kw_only=True)
class ScoreForm:
    """The numbers of one form that may be entered.

    ``form`` tells two lengths of the same form apart, ``change`` is the published change by the number's code: each of
    these numbers must fall by at least as much; empty where there is none that holds in general.
    """

    instrument: Instrument
    form: str
    numbers: tuple[Number, ...]
    change: Mapping[str, Decimal]

    @property
    def key(self) -> str:
        """What the address calls it."""
        return f"{self.instrument.id}:{self.form.split(',')[0].replace(' ', '-')}" if self.form else self.instrument.id

    @property
    def has_total(self) -> bool:
        return any(one.code == TOTAL for one in self.numbers)


def is_shipped(ship: str) -> bool:
    return ship == "number field only" or ship.startswith("V1")


@lru_cache(maxsize=1)
def instruments() -> Mapping[str, Instrument]:
    """Every instrument by its id."""
    return {
        row["id"]: Instrument(
            id=row["id"],
            name=row["name"],
            licence=row["licence"],
            why=row["why"],
            mic=row.get("mic", ""),
            ship=row.get("ship", ""),
        )
        for row in reading.read(reading.INSTRUMENTS)["instruments"]
    }


@lru_cache(maxsize=1)
def score_forms() -> Mapping[str, ScoreForm]:
    """The forms whose numbers may be entered, by key, in the order of the content."""
    found = [_form(row) for row in reading.read(reading.SCORE_ENTRY)["forms"]]
    return {one.key: one for one in found}


def _form(row: Mapping[str, Any]) -> ScoreForm:
    total = [{"code": TOTAL, "label": "", **row[TOTAL]}] if TOTAL in row else []
    return ScoreForm(
        instrument=instruments()[row["id"]],
        form=row.get("form", ""),
        numbers=tuple(_number(one) for one in (*total, *row.get("parts", ()))),
        change={code: Decimal(str(least)) for code, least in row.get("change", {}).items()},
    )


def _number(row: Mapping[str, Any]) -> Number:
    low, high = (None if row.get(name) is None else Decimal(str(row[name])) for name in ("low", "high"))
    return Number(code=row["code"], label=row["label"], low=low, high=high, decimals=row.get("decimals", 0))
