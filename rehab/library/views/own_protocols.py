"""A clinic's own protocols: new, copied from a built-in one, changed, retired and restored."""

from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST
from django_htmx.http import HttpResponseClientRedirect

from accounts.access import Rule, access
from accounts.models import Clinic, User
from rehab.library.forms.protocols import (
    HEAD,
    PHASES_MOST,
    PhaseDraft,
    ProtocolForm,
    change,
    criterion_words,
    drafts_in,
    drafts_of,
    dress,
    show_wrong,
)
from rehab.library.models import Phase, Protocol
from rehab.library.own import (
    AlreadyCreated,
    ContentChanged,
    StillUsed,
    WrongContent,
    restore,
    retire,
    save_protocol,
)
from rehab.library.queries.protocols import exercises_for, find_ladders, protocols_for
from rehab.library.views.asking import found, own, staff_of
from rehab.library.views.own_exercises import still_used

READ = ("clinic", "based_on")


@access(Rule.STAFF)
@require_http_methods(["GET", "HEAD", "POST"])
def protocol_create(request: HttpRequest) -> HttpResponse:
    """A protocol of the clinic's own."""
    user, clinics = staff_of(request)
    return _editor(request, user, clinics, None)


@access(Rule.STAFF)
@require_http_methods(["GET", "HEAD", "POST"])
def protocol_copy(request: HttpRequest, pk: UUID) -> HttpResponse:
    """A changed copy of a built-in protocol, which the clinic then uses in its place."""
    user, clinics = staff_of(request)
    protocol = found(Protocol.objects.current().select_related(*READ), pk=pk, clinics=clinics)
    if protocol.clinic_id is not None:
        raise PermissionDenied(_("This is your clinic’s own already. Edit it instead."))
    return _editor(request, user, clinics, protocol)


@access(Rule.STAFF)
@require_http_methods(["GET", "HEAD", "POST"])
def protocol_edit(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The next version of an own protocol; programs keep the version that they began with."""
    user, clinics = staff_of(request)
    protocol = own(Protocol.objects.select_related(*READ), pk=pk, clinics=clinics)
    if protocol.superseded_at and request.method != "POST":
        return redirect("library:protocol-detail", pk=protocol.pk)
    return _editor(request, user, clinics, protocol)


def _editor(request: HttpRequest, user: User, clinics: list[Clinic], base: Protocol | None) -> HttpResponse:
    """Show the editor, do what one of its buttons says, or save."""
    if request.method != "POST":
        phases = drafts_of(list(base.phases.order_by("position", "pk"))) if base else [PhaseDraft()]
        return _page(request, clinics, base, ProtocolForm(clinics=clinics, base=base), phases)
    phases = drafts_in(request.POST)
    if request.POST.get("do") != "save":
        look_at = change(phases, request.POST.get("do", ""), request.POST)
        form = ProtocolForm(clinics=clinics, base=base, initial=_typed(request))
        return _page(request, clinics, base, form, phases, look_at=look_at)
    return _save(request, user, clinics, base, ProtocolForm(request.POST, clinics=clinics, base=base), phases)


def _typed(request: HttpRequest) -> dict[str, Any]:
    """The head of the protocol as it was sent: nothing is judged until it is saved."""
    typed: dict[str, Any] = {name: request.POST.get(name, "") for name in (*HEAD, "key", "seen", "clinic")}
    return {**typed, "rows": request.POST.getlist("rows"), "progress_disabled": "progress_disabled" in request.POST}


def _save(
    request: HttpRequest,
    user: User,
    clinics: list[Clinic],
    base: Protocol | None,
    form: ProtocolForm,
    phases: list[PhaseDraft],
) -> HttpResponse:
    stale: Protocol | None = None
    status = 422
    values = {"phases": [phase.values() for phase in phases], "sources": []}
    if form.is_valid() and not any(item.errors for phase in phases for item in phase.items):
        clinic = _clinic(form, clinics, base)
        values |= {name: form.cleaned_data[name] for name in HEAD}
        try:
            protocol = save_protocol(
                clinic=clinic,
                by=user,
                at=timezone.now(),
                values=values,
                key=form.cleaned_data["key"],
                base=_seen(base, form, clinic),
            )
        except WrongContent as error:
            show_wrong(form, phases, error.wrong)
        except ContentChanged as error:
            stale, status = error.stored if isinstance(error.stored, Protocol) else None, 409
        except AlreadyCreated:
            return _on(request, form.cleaned_data["key"])
        else:
            messages.success(request, _("Saved as version %(number)s.") % {"number": protocol.version})
            return _on(request, protocol.pk)
    else:
        show_wrong(form, phases, [])
    return _page(request, clinics, base, form, phases, status=status, stale=stale)


def _on(request: HttpRequest, pk: UUID) -> HttpResponse:
    address = reverse("library:protocol-detail", args=[pk])
    return HttpResponseClientRedirect(address) if getattr(request, "htmx", False) else redirect(address)


def _clinic(form: ProtocolForm, clinics: Sequence[Clinic], base: Protocol | None) -> Clinic:
    """Whose it will be; an own protocol stays where it is."""
    chosen = str(base.clinic_id) if base and base.clinic_id else form.cleaned_data.get("clinic", str(clinics[0].pk))
    return next(clinic for clinic in clinics if str(clinic.pk) == chosen)


def _seen(base: Protocol | None, form: ProtocolForm, clinic: Clinic) -> Protocol | None:
    """The version on which the person worked: after a conflict they were shown a newer one, or somebody's copy."""
    if base is None or form.cleaned_data["seen"] is None:
        return base
    versions = Protocol.objects.filter(clinic=clinic, slug=base.slug).select_related(*READ)
    return versions.filter(pk=form.cleaned_data["seen"]).first() or base


def _page(
    request: HttpRequest,
    clinics: list[Clinic],
    base: Protocol | None,
    form: ProtocolForm,
    phases: list[PhaseDraft],
    *,
    look_at: int | None = None,
    status: int = 200,
    stale: Protocol | None = None,
) -> HttpResponse:
    # Whose exercises are offered: who works in several clinics sees those of the first until they choose another.
    chosen = str(base.clinic_id) if base and base.clinic_id else request.POST.get("clinic", "")
    clinic = next((one for one in clinics if str(one.pk) == chosen), clinics[0])
    exercises, protocols = exercises_for(clinic), protocols_for(clinic)
    dress(phases, exercises=exercises, protocols=protocols)
    context = {
        "form": form,
        "phases": phases,
        "may_add_phase": len(phases) < PHASES_MOST,
        "look_at": look_at,
        "codes": Phase.choices,
        "exercise_choices": sorted(exercises.values(), key=lambda one: (one.category, one.name.casefold(), one.slug)),
        "protocol_choices": sorted(protocols.values(), key=lambda one: (one.name.casefold(), one.slug)),
        "ladder_choices": find_ladders([clinic]),
        "criterion_words": criterion_words(),
        "base": base,
        "is_own": base is not None and base.clinic_id is not None,
        "is_stale": status == 409,
        "stale": stale,
        "stale_address": reverse("library:protocol-detail", args=[stale.pk]) if stale else "",
        "differences": list(_differences(form, phases, stale)) if stale else [],
        "seen": stale.pk if stale else None,
        "place": "library",
        "tab": "protocols",
    }
    part = bool(getattr(request, "htmx", False))
    template = "library/_protocol_editor.html" if part else "library/protocol_form_page.html"
    return render(request, template, context, status=status)


def _differences(form: ProtocolForm, phases: Sequence[PhaseDraft], stored: Protocol) -> Iterator[dict[str, Any]]:
    """Where the typed protocol differs from the stored one; of phases, which."""
    for name in HEAD:
        yours, theirs = form.cleaned_data[name], getattr(stored, name)
        if yours != theirs:
            yield {"label": form.fields[name].label, "yours": yours, "theirs": theirs}
    mine = {phase.code: phase.values() for phase in phases}
    others = {phase.code: phase.values() for phase in drafts_of(list(stored.phases.order_by("position")))}
    for code in Phase.values:
        if mine.get(code) != others.get(code):
            yield {
                "label": _("Phase %(code)s") % {"code": code},
                "yours": _summary(mine.get(code)),
                "theirs": _summary(others.get(code)),
            }


def _summary(phase: dict[str, Any] | None) -> str:
    if phase is None:
        return ""
    named = [item.get("exercise") or item.get("ref_protocol", "") for item in phase["items"]]
    return f"{phase['name']}, {phase['days_min']}–{phase['days_max']}: {', '.join(named)}"


@access(Rule.STAFF)
@require_POST
def protocol_retire(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Take an own protocol out of use."""
    user, clinics = staff_of(request)
    protocol = own(Protocol.objects.all(), pk=pk, clinics=clinics)
    try:
        retire(content=protocol, by=user, at=timezone.now())
    except StillUsed as error:
        messages.error(request, still_used(error))
    except ContentChanged:
        messages.warning(request, _("Somebody changed it meanwhile. Look at it again before you retire it."))
    else:
        messages.success(request, _("Retired. Programs that follow it go on; you can restore it here."))
    return redirect("library:protocol-detail", pk=protocol.pk)


@access(Rule.STAFF)
@require_POST
def protocol_restore(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Use a retired protocol again."""
    user, clinics = staff_of(request)
    protocol = own(Protocol.objects.all(), pk=pk, clinics=clinics)
    try:
        restore(content=protocol, by=user, at=timezone.now())
    except ContentChanged:
        messages.warning(request, _("There is a newer version in use already."))
    else:
        messages.success(request, _("In use again."))
    return redirect("library:protocol-detail", pk=protocol.pk)
