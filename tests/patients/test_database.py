"""What no signed definition says, refused by the database whoever signs."""

import datetime as dt
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from accounts.models import User
from rehab.library import reading
from rehab.patients.models import Patient, ProblemDefinition
from tests import make

DAY = dt.timedelta(days=1)
NERVES: dict[str, Any] = {"cause": "disc", "mechanism": "neurologic"}
GRADE_4: dict[str, Any] = {
    **NERVES,
    "neuro_deficit": True,
    "neuro_grade": 4,
    "deep_pain": "present",
    "bladder_plan": "Emptied three times a day",
}
SIGNABLE: list[dict[str, Any]] = [
    {},
    # The dog's day may be ahead of the clock that signed.
    {"onset_on": make.TODAY + DAY},
    {"onset_on": make.TODAY, "surgery_on": make.TODAY + DAY},
    {**NERVES, "neuro_deficit": True, "neuro_grade": 2},
    {"cause": "disc"},
    GRADE_4,
    {**GRADE_4, "neuro_grade": 5, "deep_pain": "equivocal"},
    {"signs": ["hunched_back"], "findings": ["neck_pain"], "habits": ["a"]},
    *({"cause": cause, "leaf": leaf} for cause, leaves in reading.leaves().items() for leaf in leaves),
]
IMPOSSIBLE: list[tuple[dict[str, Any], str]] = [
    ({"onset_on": make.TODAY + 2 * DAY}, "past"),
    ({"surgery_on": make.TODAY + 2 * DAY}, "past"),
    ({**NERVES, "cause": "soft_tissue", "neuro_deficit": True, "neuro_grade": 2}, "V4"),
    ({"cause": "disc", "mechanism": "undetermined", "neuro_deficit": True, "neuro_grade": 2}, "V5"),
    ({"cause": "other_neuro", "mechanism": "undetermined", "neuro_deficit": True, "neuro_grade": 3}, "V5"),
    ({**GRADE_4, "deep_pain": ""}, "V6"),
    ({**GRADE_4, "deep_pain": "not_tested"}, "V6"),
    ({**GRADE_4, "bladder_plan": ""}, "V6"),
    ({**GRADE_4, "bladder_plan": "  "}, "V6"),
    ({"leaf": "ivdd_postop"}, "one of its cause"),
    ({"cause": "disc", "leaf": "rumour"}, "one of its cause"),
    *(({name: "text"}, "lists") for name in ("signs", "findings", "habits", "medicines", "activities")),
    *(({name: {"a": "b"}}, "lists") for name in ("signs", "findings", "habits", "medicines", "activities")),
    *(({name: ["a", 1]}, "lists") for name in ("signs", "findings", "habits")),
    ({"baseline": [1]}, "lists"),
]


@pytest.mark.parametrize("fields", SIGNABLE, ids=str)
def test_database_lets_a_possible_definition_be_signed(patient: Patient, vet: User, fields: dict[str, Any]) -> None:
    draft = make.make_definition(patient, vet, signed=False, **fields)
    drafts = ProblemDefinition.objects.filter(pk=draft.pk)
    assert drafts.update(signed_by=vet, signed_at=make.NOW) == 1
    make.make_definition(patient, vet, **fields)


@pytest.mark.parametrize(("fields", "rule"), IMPOSSIBLE, ids=str)
def test_database_refuses_to_sign_what_cannot_be(
    patient: Patient, vet: User, fields: dict[str, Any], rule: str
) -> None:
    draft = make.make_definition(patient, vet, signed=False, **fields)
    drafts = ProblemDefinition.objects.filter(pk=draft.pk)
    with pytest.raises(IntegrityError, match=rule), transaction.atomic():
        drafts.update(signed_by=vet, signed_at=make.NOW)
    assert drafts.update(signed_at=None, region="Lumbar") == 1
    signed = make.make_definition(patient, vet, save=False, **{**fields, "version": 2})
    with pytest.raises(IntegrityError, match=rule), transaction.atomic():
        ProblemDefinition.objects.bulk_create([signed])
    assert not ProblemDefinition.objects.signed().exists()
