"""Browsing protocols, ladders and warning signs."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.access import Rule, access
from rehab.library import reading, translating, wording
from rehab.library.models import Protocol, RedFlag
from rehab.library.queries.clinics import seen_in
from rehab.library.queries.protocols import course, find_ladders, find_protocols
from rehab.library.queries.sources import sources
from rehab.library.views.asking import found, staff_of, standing


@access(Rule.STAFF)
@require_safe
def protocol_list(request: HttpRequest) -> HttpResponse:
    """The protocols, by the cause that they are for."""
    _user, clinics = staff_of(request)
    return render(
        request,
        "library/protocol_list_page.html",
        {
            "protocols": [
                (protocol, wording.CAUSES.get(protocol.cause, protocol.cause)) for protocol in find_protocols(clinics)
            ],
            "place": "library",
            "tab": "protocols",
        },
    )


@access(Rule.STAFF)
@require_safe
def protocol_detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    """One protocol as a timeline of phases."""
    _user, clinics = staff_of(request)
    protocol = found(Protocol.objects.select_related("clinic", "based_on"), pk=pk, clinics=clinics)
    whole = course(protocol, clinics=clinics)
    return render(
        request,
        "library/protocol_detail_page.html",
        {
            "protocol": protocol,
            "base": protocol.based_on,
            "course": whole,
            **standing(protocol, versions=whole.versions, copies=whole.copies, clinics=clinics),
            "cause": wording.CAUSES.get(protocol.cause, protocol.cause),
            "warning": wording.plain(translating.said(protocol.warning)),
            "profile": wording.PROFILES.get(protocol.profile, protocol.profile),
            "place": "library",
            "tab": "protocols",
        },
    )


@access(Rule.STAFF)
@require_safe
def ladder_list(request: HttpRequest) -> HttpResponse:
    """The ladders back to the activities of a dog's own life, rung by rung."""
    _user, clinics = staff_of(request)
    rule = reading.ladder_rule()
    return render(
        request,
        "library/ladder_list_page.html",
        {
            "ladders": [(ladder, wording.plain(ladder.note)) for ladder in find_ladders(clinics)],
            "rule": rule,
            "passes": wording.plain(rule.passes),
            "fails": wording.plain(rule.fails),
            "place": "library",
            "tab": "ladders",
        },
    )


@access(Rule.STAFF)
@require_safe
def red_flag_list(request: HttpRequest) -> HttpResponse:
    """The warning signs by urgency: what each stops, how it is noticed, and where it is from."""
    _user, clinics = staff_of(request)
    flags = list(seen_in(RedFlag.objects.current(), clinics).order_by("slug", "pk"))
    levels = reading.urgencies()
    return render(
        request,
        "library/red_flag_list_page.html",
        {
            "levels": [
                (
                    RedFlag.Urgency(code),
                    levels[code],
                    [
                        (flag, wording.plain(f"{flag.detect} {flag.extra.get('note', '')}"), sources(flag.sources))
                        for flag in flags
                        if flag.urgency == code
                    ],
                )
                for code in RedFlag.Urgency.values
            ],
            "scopes": reading.read(reading.RED_FLAGS)["stop_scopes"],
            "total": len(flags),
            "place": "library",
            "tab": "red-flags",
        },
    )
