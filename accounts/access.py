"""Who may do what: one table, one decorator. A guard test refuses a URL without a rule."""

from collections.abc import Callable
from enum import StrEnum
from typing import Any, Final, Protocol, TypeVar, cast

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase

from accounts.models import User


class Role(StrEnum):
    """What a person can be to a dog or a clinic; a person may be several at once."""

    OWNER = "owner"
    CAREGIVER = "caregiver"
    THERAPIST = "therapist"
    VET = "vet"
    ADMIN = "admin"


class Right(StrEnum):
    """What a person may want to do to a dog's record."""

    SEE = "see the dog"
    SEE_RECORD = "see the clinical record"
    LOG = "log exercises and answers"
    INVITE_CAREGIVER = "invite a caregiver"
    REGISTER = "register and edit a dog"
    DRAFT_DEFINITION = "draft a problem definition"
    SIGN_DEFINITION = "sign a problem definition"
    ADJUST = "assign and adjust a program inside the signed row"
    LOOSEN = "loosen a limit with a reason"
    HOLD = "choose a more careful option"
    LIFT_STOP = "lift what a warning sign has stopped"
    DISCHARGE = "discharge into maintenance"
    SAY_FAREWELL = "record that the dog has died"


STAFF: Final = frozenset({Role.THERAPIST, Role.VET})
FAMILY: Final = frozenset({Role.OWNER, Role.CAREGIVER})

RIGHTS: Final[dict[Right, frozenset[Role]]] = {
    Right.SEE: FAMILY | STAFF,
    Right.SEE_RECORD: STAFF,
    Right.LOG: FAMILY | STAFF,
    Right.INVITE_CAREGIVER: frozenset({Role.OWNER}) | STAFF,
    Right.REGISTER: STAFF,
    Right.DRAFT_DEFINITION: STAFF,
    Right.SIGN_DEFINITION: frozenset({Role.VET}),
    Right.ADJUST: STAFF,
    Right.LOOSEN: frozenset({Role.VET}),
    Right.HOLD: STAFF,
    Right.LIFT_STOP: frozenset({Role.VET}),
    Right.DISCHARGE: frozenset({Role.VET}),
    Right.SAY_FAREWELL: frozenset({Role.OWNER}) | STAFF,
}


class Rule(StrEnum):
    """The access rule of a view that is not about one dog."""

    PUBLIC = "anybody"
    SIGNED_IN = "anybody who has signed in, about themselves"
    STAFF = "vets and therapists, about their own clinics"
    ADMIN = "clinic admins, about the people of their own clinics"
    WORKPLACE = "vets, therapists and clinic admins, about the settings of their own clinics"


class View(Protocol):
    def __call__(self, *args: Any, **kwargs: Any) -> HttpResponseBase: ...


V = TypeVar("V", bound=View)


def access(rule: Rule | Right) -> Callable[[V], V]:
    """Declare a view's access rule.

    A ``Right`` promises that the view loads its dog through ``rehab.patients.access``, which checks it; the rule is
    declared so that people and tests can read who may open each URL. ``Rule.PUBLIC`` lifts the need to sign in.
    """

    def mark(view: V) -> V:
        marked = cast(V, login_not_required(cast(Any, view))) if rule is Rule.PUBLIC else view
        cast(Any, marked).access_rule = rule
        return marked

    return mark


def allowed(right: Right, roles: frozenset[Role]) -> bool:
    """Whether any of the roles has the right."""
    return not RIGHTS[right].isdisjoint(roles)


def signed_in(request: HttpRequest) -> User:
    """The person who asks; for views that are not public, where the middleware has let only people in."""
    if not request.user.is_authenticated:
        raise PermissionDenied
    return request.user
