"""From what a vet signed to what may be prescribed: the decision rows D1–D7. Pure.

Source: ``03_decision.yaml`` of the clinical content; the first row that matches wins. What is not answered,
not determined, or contradicts itself lands in D7, the most careful row, and is never read as musculoskeletal.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Final, Literal, Protocol

from rehab.library import reading

UNDETERMINED: Final = "undetermined"
MOST_CAREFUL: Final = "D7"

# Conditions of ``block_until_gate`` that the definition itself meets, once a vet ticks in it that the limb is stable.
# Every other condition of a row (pain controlled, a phase signed, normal feeling) is met by a vet's tick with a reason.
UNTIL_THE_LIMB_IS_STABLE: Final = frozenset(
    {"limb source treated or stable (vet tick)", "hills, steps, poles only when limb is stable"}
)
# A condition that speaks of some exercises and not of their whole category, wherever their own category is.
ONLY_FOR: Final[Mapping[str, frozenset[str]]] = {
    "hills, steps, poles only when limb is stable": frozenset(
        {"hill-walk", "step-up", "cavaletti-flat", "cavaletti-raised"}
    ),
}
# In that category a clinic's own exercise of this load or more is taken for a hill.
HILL_LOAD: Final = 3

Status = Literal["allowed", "gated", "blocked"]


class Axes(Protocol):
    """The answers that select a row."""

    @property
    def origin(self) -> str: ...

    @property
    def mechanism(self) -> str: ...

    @property
    def neuro_deficit(self) -> bool | None: ...

    @property
    def neuro_grade(self) -> int | None: ...


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """Whether an exercise may be prescribed, and why not; a vet may unlock what is gated, with a reason."""

    status: Status
    why: str = ""
    is_probe: bool = False


@dataclass(frozen=True, kw_only=True)
class Limits:
    """How fast a plan may grow: load per week and per 14 days in percent, items, and the first load level."""

    weekly_load_pct: int
    hard_14d_pct: int
    new_exercises_per_week: int
    max_active_items: int
    start_load_level_max: int
    one_variable_at_a_time: bool = False


@dataclass(frozen=True, kw_only=True)
class Row:
    """One decision row: which categories a plan may use, in which profile, and who must look again when.

    ``gated`` maps a category to the condition under which a vet may unlock it, or some of it. ``probe_allowed`` are
    exercises that serve as an assessment although their category is not allowed: low load, logged, never
    progressed. ``re_exam_days`` count from the day of signing.
    """

    id: str
    meaning: str
    profile: Literal["msk", "neuro"]
    allow: frozenset[str]
    gated: Mapping[str, str]
    probe_allowed: frozenset[str]
    start_phase: str
    limits: Limits
    re_exam_days: tuple[int, ...]
    approver: Mapping[str, str]
    requires_limb_plan: bool
    requires_surgical_decision: bool
    requires_bladder_plan: bool
    requires_deep_pain: bool
    extra_gate: str = ""
    rule: str = ""
    inherits: str = ""

    @property
    def blocked(self) -> tuple[str, ...]:
        """Categories that nobody may prescribe in this row, in the order of the content."""
        return tuple(category for category in categories() if category not in self.allow and category not in self.gated)

    @property
    def forbids_progress(self) -> bool:
        return self.approver["progress"] == "nobody"

    def verdict(self, *, category: str, slug: str, load: int = 0, limb_is_stable: bool = False) -> Verdict:
        """What the row says about one exercise; a category that it does not name is blocked."""
        if slug in self.probe_allowed:
            return Verdict(status="allowed", is_probe=True)
        if category not in self.allow and category not in self.gated:
            return Verdict(status="blocked", why=f"{self.id}: {self.meaning}")
        conditions = [
            condition
            for gated, condition in self.gated.items()
            if _concerns(condition, slug=slug, load=load, in_its_category=gated == category)
            and not (limb_is_stable and condition in UNTIL_THE_LIMB_IS_STABLE)
        ]
        return Verdict(status="gated", why=conditions[0]) if conditions else Verdict(status="allowed")


def _concerns(condition: str, *, slug: str, load: int, in_its_category: bool) -> bool:
    """Whether the condition is about this exercise, not only about others of its category."""
    if condition not in ONLY_FOR:
        return in_its_category
    return slug in ONLY_FOR[condition] or (in_its_category and load >= HILL_LOAD)


def row_for(*, origin: str, mechanism: str, neuro_deficit: bool | None, neuro_grade: int | None) -> Row:
    """The decision row of a problem definition; every combination of answers has exactly one.

    ``origin`` and ``mechanism`` are codes, empty when not answered; the grade is that of ``tl_grade_0_5``.
    """
    row_id, inherited_from = _find(
        origin=origin, mechanism=mechanism, neuro_deficit=neuro_deficit, neuro_grade=neuro_grade
    )
    return _row(row_id, inherited_from)


def row_of(answers: Axes) -> Row:
    """The decision row of anything that holds the four answers: a draft, a signed definition, a case."""
    return row_for(
        origin=answers.origin,
        mechanism=answers.mechanism,
        neuro_deficit=answers.neuro_deficit,
        neuro_grade=answers.neuro_grade,
    )


def categories() -> tuple[str, ...]:
    """The exercise categories in the order of the content."""
    return tuple(reading.decision()["categories"])


def max_load(*, profile: str, phase: str) -> int:
    """The highest load level (0–4) that the phase allows in the profile."""
    level: int = reading.decision()["load_level_by_phase_max"][profile][phase]
    return level


def _find(
    *, origin: str, mechanism: str, neuro_deficit: bool | None, neuro_grade: int | None
) -> tuple[str, str | None]:
    fallback: str = reading.decision()["no_row_matches"]
    if not origin or not mechanism or neuro_deficit is None or neuro_grade is None:
        return fallback, None
    # A deficit is grade 2 or more (rule V1); two answers that contradict each other answer nothing.
    if neuro_deficit != (neuro_grade >= 2):
        return fallback, None
    answers = {
        "origin": origin,
        "mechanism": mechanism,
        "neuro_deficit": "yes" if neuro_deficit else "no",
        "neuro_grade": neuro_grade,
        "any_undetermined": UNDETERMINED in (origin, mechanism),
    }
    for data in reading.decision()["rows"]:
        if all(answers[axis] in _one_or_many(wanted) for axis, wanted in data["when"].items()):
            if answers["any_undetermined"] and data["id"] != fallback:
                return fallback, data["id"]
            parents = data.get("inherit")
            return data["id"], _parent(parents, answers) if parents else None
    return fallback, None


def _parent(parents: Collection[str], answers: Mapping[str, Any]) -> str:
    """The row that the answers would have if the back were the source, among those that may be inherited."""
    for data in reading.decision()["rows"]:
        if data["id"] in parents and all(
            answers[axis] in _one_or_many(wanted)
            for axis, wanted in data["when"].items()
            if axis in ("neuro_deficit", "neuro_grade")
        ):
            return str(data["id"])
    return MOST_CAREFUL


def _one_or_many(wanted: Any) -> list[Any]:
    return wanted if isinstance(wanted, list) else [wanted]


@lru_cache(maxsize=32)
def _row(row_id: str, inherited_from: str | None) -> Row:
    data = next(row for row in reading.decision()["rows"] if row["id"] == row_id)
    if inherited_from is not None and row_id == MOST_CAREFUL:
        return _more_careful_of_both(_row(MOST_CAREFUL, None), _row(inherited_from, None))
    if inherited_from is not None:
        base = _row(inherited_from, None)
        return replace(
            base,
            id=row_id,
            meaning=data["meaning"],
            profile=data["profile"],
            rule=data["rule"],
            approver=data["approver"],
            re_exam_days=tuple(sorted({*base.re_exam_days, *data["re_exam_days"]})),
            requires_limb_plan=True,
            inherits=inherited_from,
        )
    requires = data.get("requires", {})
    gated = data.get("block_until_gate", {})
    return Row(
        id=data["id"],
        meaning=data["meaning"],
        profile=data["profile"],
        # A category that is allowed once a condition is met is not allowed before.
        allow=frozenset(data["allow"]) - frozenset(gated) - frozenset(data.get("block", ())),
        gated=gated,
        probe_allowed=frozenset(data.get("probe_allowed", ())),
        start_phase=data["start_phase"],
        limits=Limits(**data["limits"]),
        re_exam_days=tuple(data["re_exam_days"]),
        approver=data["approver"],
        requires_limb_plan="limb_source_and_plan" in requires,
        requires_surgical_decision="surgical_referral_decision" in requires,
        requires_bladder_plan="bladder_plan" in requires,
        requires_deep_pain="deep_pain" in requires,
        extra_gate=data.get("extra_gate", ""),
        rule=data.get("rule", ""),
    )


def _more_careful_of_both(undetermined: Row, specific: Row) -> Row:
    """The row of an open question for a dog that another row also describes: what both allow, and what either asks.

    03_decision.yaml lets D4 take an undetermined origin, which would allow more than D7 does; docs/adr/0006 says why not.
    """
    return replace(
        undetermined,
        allow=undetermined.allow & specific.allow,
        gated={category: why for category, why in specific.gated.items() if category in undetermined.allow},
        probe_allowed=frozenset(),
        re_exam_days=tuple(sorted({*undetermined.re_exam_days, *specific.re_exam_days})),
        requires_surgical_decision=specific.requires_surgical_decision,
        requires_bladder_plan=specific.requires_bladder_plan,
        requires_deep_pain=specific.requires_deep_pain,
        inherits=specific.id,
    )
