"""What a vet's ticks rule out, and that no contraindication of the content is forgotten."""

import pytest

from rehab.library import reading
from rehab.patients.findings import (
    CODES,
    ELSEWHERE,
    FINDINGS,
    FROM_THE_DEFINITION,
    contraindications_of,
    lifts,
    sets_overlay,
)

OVERLAYS = {overlay["id"] for overlay in reading.decision()["overlays"]}


def test_every_contraindication_of_the_content_is_answered_somewhere() -> None:
    ticked = {code for finding in FINDINGS for code in finding.contraindications}
    assert ticked | FROM_THE_DEFINITION.keys() | ELSEWHERE.keys() == reading.contraindications().keys()
    assert not ELSEWHERE.keys() & (ticked | FROM_THE_DEFINITION.keys())
    assert all(reason for reason in (*FROM_THE_DEFINITION.values(), *ELSEWHERE.values()))


def test_codes_are_unique_and_fit_their_column() -> None:
    assert len(set(CODES)) == len(FINDINGS) == 17
    assert all(code.isidentifier() and code.islower() for code in CODES)
    assert len({finding.label for finding in FINDINGS}) == len(FINDINGS)


def test_each_finding_means_something_and_names_only_what_exists() -> None:
    for finding in FINDINGS:
        assert finding.contraindications or finding.overlays or finding.releases
        assert {*finding.overlays} <= OVERLAYS
        # Good news forbids nothing, and bad news lifts nothing.
        assert not (finding.releases and (finding.contraindications or finding.overlays))
    assert {finding.code: finding.releases for finding in FINDINGS if finding.releases} == {
        "vet_released": "O1",
        "limb_stable": "D5",
    }


@pytest.mark.parametrize(
    ("ticks", "codes"),
    [
        ([], ()),
        (["neck_pain"], ("X_NECK",)),
        (["wound", "bites"], ("X_WOUND", "X_BITE")),
        (["bites", "wound"], ("X_WOUND", "X_BITE")),
        (["open_growth_plates", "limb_stable"], ()),
        (["no_longer_offered"], ()),
    ],
)
def test_ticks_mean_contraindications_in_the_order_of_the_form(ticks: list[str], codes: tuple[str, ...]) -> None:
    assert contraindications_of(ticks) == codes


def test_ticks_set_and_lift() -> None:
    assert sets_overlay(["pregnant_or_bloat"], "O12")
    assert not sets_overlay(["pregnant_or_bloat"], "O9")
    assert lifts(["limb_stable"], "D5")
    assert not lifts(["limb_stable"], "O1")
