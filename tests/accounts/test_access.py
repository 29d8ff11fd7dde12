"""The table of rights is the design's table."""

import pytest
from django.urls import reverse

from accounts import views
from accounts.access import RIGHTS, Right, Role, Rule, allowed
from rehab.patients import join
from rehab.views import home

# The rows of the design's table that this release uses: who may.
DESIGN = {
    Right.SEE: {"owner", "caregiver", "therapist", "vet"},
    Right.SEE_RECORD: {"therapist", "vet"},
    Right.LOG: {"owner", "caregiver", "therapist", "vet"},
    Right.INVITE_CAREGIVER: {"owner", "therapist", "vet"},
    Right.REGISTER: {"therapist", "vet"},
    Right.DRAFT_DEFINITION: {"therapist", "vet"},
    Right.SIGN_DEFINITION: {"vet"},
    Right.ADJUST: {"therapist", "vet"},
    Right.LOOSEN: {"vet"},
    Right.HOLD: {"therapist", "vet"},
    Right.LIFT_STOP: {"vet"},
    Right.DISCHARGE: {"vet"},
    Right.SAY_FAREWELL: {"owner", "therapist", "vet"},
}


def test_rights_are_those_of_the_design() -> None:
    assert {right: {str(role) for role in roles} for right, roles in RIGHTS.items()} == DESIGN
    assert set(RIGHTS) == set(Right)


def test_an_admin_alone_has_no_right_to_a_dog() -> None:
    assert [right for right in Right if allowed(right, frozenset({Role.ADMIN}))] == []


def test_one_of_several_roles_is_enough() -> None:
    assert allowed(Right.SIGN_DEFINITION, frozenset({Role.OWNER, Role.VET}))
    assert not allowed(Right.SIGN_DEFINITION, frozenset({Role.OWNER, Role.THERAPIST}))
    assert not allowed(Right.SEE, frozenset())


@pytest.mark.parametrize(
    ("view", "rule"),
    [
        (views.sign_in, Rule.PUBLIC),
        (views.confirm_code, Rule.PUBLIC),
        (views.sign_out, Rule.PUBLIC),
        (views.account_inactive, Rule.PUBLIC),
        (views.sign_up_closed, Rule.PUBLIC),
        (views.demo, Rule.PUBLIC),
        (views.demo_sign_in, Rule.PUBLIC),
        (views.settings_edit, Rule.SIGNED_IN),
        (views.people, Rule.ADMIN),
        (join.join, Rule.PUBLIC),
        (join.join_confirm, Rule.PUBLIC),
        (home, Rule.SIGNED_IN),
    ],
)
def test_views_declare_their_rule(view: object, rule: Rule) -> None:
    assert getattr(view, "access_rule", None) is rule
    assert getattr(view, "login_required", True) is (rule is not Rule.PUBLIC)


def test_addresses_are_those_people_have_bookmarked() -> None:
    assert [reverse(name) for name in ("home", "accounts:settings", "accounts:people", "account_login")] == [
        "/",
        "/settings/",
        "/people/",
        "/accounts/login/",
    ]
