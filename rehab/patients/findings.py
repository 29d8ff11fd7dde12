"""What else a vet found, tick by tick, and what each finding rules out. Pure.

Sources: ``contraindication_codes`` of 04_exercises.yaml and the overlays of 03_decision.yaml. A tick is stored as its
code in the definition; when it no longer holds, a vet signs a new definition without it.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One tick: the exercises it rules out by their codes, and the overlays that it sets or, where it is good news, lifts.

    ``releases`` is an overlay or a decision row: what is forbidden there until a vet ticks this.
    """

    code: str
    label: str
    contraindications: tuple[str, ...] = ()
    overlays: tuple[str, ...] = ()
    releases: str = ""


# In the order of the form: the back and its limbs, the skin, the whole dog, then what a vet releases.
FINDINGS: Final[tuple[Finding, ...]] = (
    Finding(
        code="neck_pain",
        label="Neck pain, or a neck disc suspected",
        contraindications=("X_NECK",),
        overlays=("O9",),
    ),
    Finding(
        code="back_extension_pain",
        label="Pain when the hips or the low back are extended",
        contraindications=("X_LSEXT",),
    ),
    Finding(code="unstable_spine", label="Unstable spine suspected", contraindications=("X_STRICT",)),
    Finding(
        code="hip_extension_pain",
        label="Painful or dislocated hip",
        contraindications=("X_HIPEXT",),
    ),
    Finding(
        code="unstable_stifle",
        label="Unstable cruciate, or kneecap grade 3–4, not repaired",
        contraindications=("X_STIFLE",),
    ),
    Finding(
        code="cannot_stand_10s",
        label="Cannot stand alone for 10 seconds",
        contraindications=("X_NOSTAND",),
    ),
    Finding(code="numb_area", label="Skin with reduced feeling", contraindications=("X_NUMB",)),
    Finding(
        code="wound",
        label="Wound that is not healed",
        contraindications=("X_WOUND",),
        overlays=("O10",),
    ),
    Finding(
        code="skin_damage",
        label="Pressure sore or broken skin",
        contraindications=("X_SKIN",),
        overlays=("O10",),
    ),
    Finding(
        code="infection",
        label="Fever or an infection that is not released",
        contraindications=("X_INFECT",),
    ),
    Finding(
        code="heart_or_breathing",
        label="Heart or breathing disease that is not controlled",
        contraindications=("X_HEART",),
    ),
    Finding(
        code="overheats",
        label="Flat face, or overheats easily",
        contraindications=("X_HEAT",),
    ),
    Finding(
        code="bites",
        label="Bites or panics when handled",
        contraindications=("X_BITE",),
    ),
    Finding(
        code="pregnant_or_bloat",
        label="Pregnant, belly surgery, or bloat in the past",
        contraindications=("X_BELLY",),
        overlays=("O12",),
    ),
    Finding(
        code="open_growth_plates",
        label="Still growing: open growth plates",
        overlays=("O12",),
    ),
    Finding(
        code="vet_released",
        label="Inflammation or infection treated; released for exercise",
        releases="O1",
    ),
    Finding(
        code="limb_stable",
        label="Limb problem treated or stable",
        releases="D5",
    ),
)
CODES: Final = tuple(finding.code for finding in FINDINGS)

# Codes that the definition answers without a tick, and where.
FROM_THE_DEFINITION: Final[Mapping[str, str]] = {
    "X_STRICT": "O5: strict rest is ordered",
    "X_PAIN": "O6: pain at rest above the limit of the profile",
    "X_ACUTE3": "O3: the first three days",
    "X_INFECT": "O1: inflammation that is not released",
    "X_WOUND": "O4: the first 14 days after surgery",
    "X_NONAMB": "neurologic grade 3 or more, or fewer than 10 unaided steps at the examination",
    "X_NOSTAND": "stood for less than 10 seconds at the examination",
    "X_REDFLAG": "O2: the stops of warning signs that are open now",
}
# Codes that no definition can answer, and who does.
ELSEWHERE: Final[Mapping[str, str]] = {
    "X_NOTGRADED": "a change of grade is a new definition: nothing is added until a program stands on it",
    "X_UNTAUGHT": "the teach-back of each exercise (H4)",
}


def contraindications_of(findings: Collection[str]) -> tuple[str, ...]:
    """The codes that the ticks mean, in the order of the form."""
    codes = (code for finding in FINDINGS if finding.code in findings for code in finding.contraindications)
    return tuple(dict.fromkeys(codes))


def sets_overlay(findings: Collection[str], overlay: str) -> bool:
    return any(finding.code in findings and overlay in finding.overlays for finding in FINDINGS)


def lifts(findings: Collection[str], what: str) -> bool:
    """Whether a vet released the overlay or the row's condition."""
    return any(finding.code in findings and finding.releases == what for finding in FINDINGS)
