"""Where a dog stands on one day: its decision row with everything that tightens it. Pure.

What several rules say of one exercise is put together by taking the most careful of them, so that a rule more can
never allow what another one forbids.
"""

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal, Self

from rehab.library import reading
from rehab.patients.case import Case, ItemFacts
from rehab.patients.decision_rows import Row, Status, Verdict
from rehab.patients.findings import contraindications_of
from rehab.patients.overlays import Overlay, overlays_of

CAREFUL: Final[tuple[Status, ...]] = ("allowed", "gated", "blocked")
CANNOT_WALK_FROM: Final = 3  # tl_grade_0_5
STEPS_ALONE: Final = 10
STANDS_SECONDS: Final = 10
# O11 cannot be looked up then.
NOT_WEIGHED: Final = "The body condition was not scored: whether weight control belongs in the program is not known."


@dataclass(frozen=True, kw_only=True)
class Reason:
    """One thing that speaks against an exercise: whose rule, in words, and whether a vet may tick it."""

    rule: str
    status: Literal["gated", "blocked"]
    sentence: str
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Standing:
    """The row and the overlays of a case on one day."""

    case: Case
    row: Row
    overlays: tuple[Overlay, ...]

    @classmethod
    def of(cls, case: Case, *, on: dt.date, profile: str = "", row: Row | None = None) -> Self:
        """``profile`` is that of the program; ``row`` spares finding the case's own again."""
        return cls(case=case, row=row or case.row, overlays=overlays_of(case, on=on, profile=profile))

    def verdict(self, item: ItemFacts) -> Verdict:
        """Whether the exercise may be prescribed: what the row says, or what is more careful."""
        found = self.row_verdict(item)
        for reason in self.reasons(item):
            if CAREFUL.index(reason.status) > CAREFUL.index(found.status):
                found = replace(found, status=reason.status, why=reason.sentence % reason.values)
        return found

    def row_verdict(self, item: ItemFacts) -> Verdict:
        return self.row.verdict(
            category=item.category, slug=item.slug, load=item.load, limb_is_stable=self.case.limb_is_stable
        )

    def reasons(self, item: ItemFacts) -> tuple[Reason, ...]:
        """What tightens the row for this exercise: overlays, then contraindications, then pain without a plan."""
        return (*self._of_overlays(item), *self._of_contraindications(item), *self._of_the_pain_plan(item))

    def cautions(self, item: ItemFacts) -> tuple[str, ...]:
        """What must be said beside an item that may be given."""
        return tuple(overlay.caution for overlay in self.overlays if item.category in overlay.caution_for)

    @property
    def program_cautions(self) -> tuple[str, ...]:
        """What must be said beside the whole program."""
        said = tuple(overlay.caution for overlay in self.overlays if overlay.caution and not overlay.caution_for)
        return said if self.case.body_condition is not None else (*said, NOT_WEIGHED)

    def _of_overlays(self, item: ItemFacts) -> Iterator[Reason]:
        for overlay in self.overlays:
            status = overlay.status(item)
            if status != "allowed":
                yield Reason(rule=overlay.id, status=status, sentence=overlay.sentence, values=overlay.values)

    def _of_contraindications(self, item: ItemFacts) -> Iterator[Reason]:
        """Codes that the definition answers and no overlay has already named."""
        meanings = reading.contraindications()
        named = {code for overlay in self.overlays for code in overlay.contraindications}
        for code, status in contraindications_now(self.case).items():
            if code in item.contraindications and code not in named:
                yield Reason(rule=code, status=status, sentence="Not now: %(what)s.", values={"what": meanings[code]})

    def _of_the_pain_plan(self, item: ItemFacts) -> Iterator[Reason]:
        """No active exercise before nerve pain has a plan (``extra_gate`` of D2, R4); too much pain itself is O6."""
        if not item.is_active or not self.case.nerve_pain_is_possible or self.case.has_pain_plan:
            return
        # A plan would not help what the row itself forbids.
        if self.row_verdict(item).status != "blocked":
            yield Reason(
                rule=self.row.id,
                status="blocked",
                sentence="No active exercise until the definition holds a plan that controls the pain.",
            )


def contraindications_now(case: Case) -> dict[str, Literal["gated", "blocked"]]:
    """The contraindication codes that hold for the dog, beyond those of the overlays.

    What a vet ticked or graded holds until the next definition. What was measured at the examination may have
    improved since, so a vet may tick it.
    """
    found: dict[str, Literal["gated", "blocked"]] = {}
    if case.standing_s is not None and case.standing_s < STANDS_SECONDS:
        found["X_NOSTAND"] = "gated"
    if case.unaided_steps is not None and case.unaided_steps < STEPS_ALONE:
        found["X_NONAMB"] = "gated"
    if case.neuro_grade is not None and case.neuro_grade >= CANNOT_WALK_FROM:
        found["X_NONAMB"] = "blocked"
    return found | dict.fromkeys(contraindications_of(case.findings), "blocked")
