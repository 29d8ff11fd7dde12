"""A clinic's own limits: tightening is free, loosening needs a vet and a reason, and the rules weigh by them."""

import datetime as dt
from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from accounts.access import Role
from accounts.models import AuditEvent, Clinic, User
from rehab.guidance.actions import refresh_summaries
from rehab.guidance.engine.values import THRESHOLDS, Profile
from rehab.guidance.models import ThresholdChange
from rehab.guidance.thresholds import (
    LessCarefulThanMuscleError,
    NoReasonError,
    NotAVetError,
    OutOfOrderError,
    OutOfRangeError,
    ThresholdError,
    profiles_of,
    set_thresholds,
)
from rehab.patients.models import Patient
from rehab.sessions.models import WarningReport
from tests import make
from tests.make import NOW, TODAY

AsUser = Callable[[User], Client]
VET, THERAPIST = frozenset({Role.VET}), frozenset({Role.THERAPIST})


def change(
    clinic: Clinic, by: User, roles: frozenset[Role] = VET, reason: str = "", **msk: int
) -> list[ThresholdChange]:
    return set_thresholds(clinic=clinic, wanted={"msk": msk}, reason=reason, by=by, roles=roles, at=NOW)


def test_therapist_tightens_without_a_reason(clinic: Clinic, therapist: User) -> None:
    [made] = change(clinic, therapist, THERAPIST, resting_restrain=5)
    assert (made.value, made.is_loosening) == (5, False)
    assert profiles_of(clinic)["msk"].resting_restrain == 5
    assert profiles_of(clinic)["neuro"] == Profile.of("neuro")
    assert AuditEvent.objects.get(kind="thresholds.changed").details == {"changes": [["msk", "resting_restrain", 5]]}


@pytest.mark.parametrize(
    ("roles", "reason", "msk", "error"),
    [
        (THERAPIST, "Because", {"resting_restrain": 7}, NotAVetError),
        (VET, " ", {"resting_restrain": 7}, NoReasonError),
        (VET, "Because", {"resting_restrain": 11}, OutOfRangeError),
        (VET, "Because", {"green_max": 6}, OutOfOrderError),
        (VET, "Because", {"resting_restrain": 4}, LessCarefulThanMuscleError),
    ],
)
def test_limit_that_nobody_may_set_so_is_refused_and_nothing_is_kept(
    clinic: Clinic, vet: User, roles: frozenset[Role], reason: str, msk: dict[str, int], error: type[ThresholdError]
) -> None:
    with pytest.raises(error):
        change(clinic, vet, roles, reason, **msk)
    assert not ThresholdChange.objects.exists()


def test_vet_loosens_with_a_reason(clinic: Clinic, vet: User) -> None:
    [made] = change(clinic, vet, reason="Our dogs come late", resting_restrain=7)
    assert (made.is_loosening, made.reason) == (True, "Our dogs come late")


def test_way_back_from_a_tighter_limit_loosens_nothing(clinic: Clinic, therapist: User) -> None:
    change(clinic, therapist, THERAPIST, resting_restrain=5)
    [back] = change(clinic, therapist, THERAPIST, resting_restrain=6)
    assert (back.value, back.is_loosening) == (None, False)
    assert profiles_of(clinic)["msk"] == Profile.of("msk")


def test_same_numbers_again_are_no_change(clinic: Clinic, vet: User) -> None:
    assert change(clinic, vet, resting_restrain=6) == []


@pytest.mark.parametrize(("limit", "stopped"), [(6, False), (5, True)])
def test_rules_weigh_by_the_clinics_limits(
    clinic: Clinic, patient: Patient, vet: User, limit: int, stopped: bool
) -> None:
    change(clinic, vet, resting_restrain=limit)
    definition = make.make_definition(patient, vet, signed_at=NOW - dt.timedelta(days=15))
    make.make_program(patient, vet, definition)
    make.make_pain(patient, TODAY, "before", 5)
    refresh_summaries(at=NOW)
    assert WarningReport.objects.filter(patient=patient).stopping().exists() is stopped


# --- The page --------------------------------------------------------------------------------------------------------


def typed(clinic: Clinic, **changes: int | str) -> dict[str, int | str]:
    now = {f"{name}-{key}": getattr(one, key) for name, one in profiles_of(clinic).items() for key in THRESHOLDS}
    return {**now, "reason": "", **{key.replace("_", "-", 1): value for key, value in changes.items()}}


def url(clinic: Clinic) -> str:
    return reverse("guidance:thresholds", args=[clinic.pk])


def test_page_saves_and_shows_who_did_it(clinic: Clinic, therapist: User, as_user: AsUser) -> None:
    browser = as_user(therapist)
    assert "usually 6" in browser.get(url(clinic)).content.decode()
    assert browser.post(url(clinic), typed(clinic, msk_resting_restrain=5)).status_code == 302
    page = browser.get(url(clinic)).content.decode()
    assert "Pain at rest that stops everything: 5" in page
    assert therapist.get_full_name() in page


def test_refused_limit_says_why_and_keeps_what_was_typed(clinic: Clinic, therapist: User, as_user: AsUser) -> None:
    answer = as_user(therapist).post(url(clinic), typed(clinic, msk_resting_restrain=7))
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "Only a vet loosens a limit." in page
    assert 'value="7"' in page


def test_another_clinics_limits_do_not_exist(clinic: Clinic, outside_vet: User, admin: User, as_user: AsUser) -> None:
    assert as_user(outside_vet).get(url(clinic)).status_code == 404
    assert as_user(admin).get(url(clinic)).status_code == 404
