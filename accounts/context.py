"""What every template may ask for; a question that needs the database costs nothing until it is asked."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _

from accounts.models import Membership, User
from rehab.lib.user_key import user_key


def _holds(request: HttpRequest, *roles: Membership.Role) -> bool:
    return (
        isinstance(request.user, User)
        and Membership.objects.current().filter(user=request.user, role__in=roles).exists()
    )


def _cares_for_a_dog(request: HttpRequest) -> bool:
    # Asked through the relation: the app that knows dogs lies above this one and cannot be imported.
    return isinstance(request.user, User) and request.user.caring.filter(ended_at=None).exists()


def site(request: HttpRequest) -> dict[str, Any]:
    """The product's name, whether this is the demo, and who the person is here."""
    return {
        "product_name": _("Steadyback"),
        "demo": settings.DEMO,
        "user_key": SimpleLazyObject(lambda: user_key(request.user)),
        "is_staff_member": SimpleLazyObject(lambda: _holds(request, Membership.Role.VET, Membership.Role.THERAPIST)),
        "is_clinic_admin": SimpleLazyObject(lambda: _holds(request, Membership.Role.ADMIN)),
        "is_caregiver": SimpleLazyObject(lambda: _cares_for_a_dog(request)),
    }
