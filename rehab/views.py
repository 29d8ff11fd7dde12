"""Where a person's day begins."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from accounts.access import Rule, access, signed_in
from accounts.models import Membership
from accounts.sign_in import JOIN_TOKEN
from rehab.patients.models import CLINICAL_ROLES, Caregiver


@access(Rule.SIGNED_IN)
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Send each person to the page they came for: the clinic's list, their dog's day, or the people of the clinic."""
    user = signed_in(request)
    if JOIN_TOKEN in request.session:
        return redirect("patients:join-confirm")
    roles = set(Membership.objects.current().filter(user=user).values_list("role", flat=True))
    if roles.intersection(CLINICAL_ROLES):
        return redirect("guidance:worklist")
    if Caregiver.objects.current().filter(user=user).exists():
        return redirect("sessions:today-home")
    if Membership.Role.ADMIN in roles:
        return redirect("accounts:people")
    return render(request, "accounts/nothing_shared_page.html")
