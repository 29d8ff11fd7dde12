"""The pages on which a clinic writes its own words, and chooses whether reminders are measured."""

import datetime as dt
from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.access import Rule, access, signed_in
from accounts.models import Clinic, Membership, User
from rehab.lib.time_zones import local_day
from rehab.nudges import actions, letters
from rehab.nudges.actions.texts import OwnWords, WordsChangedError, reset_text, set_text, version_of
from rehab.nudges.examples import example
from rehab.nudges.kinds.base import Words
from rehab.nudges.models import ClinicNudges, Nudge, NudgeText
from rehab.nudges.text_forms import TextForm
from rehab.nudges.texts_wording import WHEN
from rehab.nudges.wording import FIXED, KEEPS_LINES, in_own_words

PREVIEW, RESET, UNDO = "preview", "reset", "undo"
# What the clinic's own words were before somebody went back to the product's, for whoever did.
BEFORE: Final = "nudges-words-before"
SWITCH: Final = {"on": True, "off": False}


@access(Rule.WORKPLACE)
@require_http_methods(["GET", "HEAD", "POST"])
def texts(request: HttpRequest, pk: UUID) -> HttpResponse:
    """What the clinic's messages say, in one language; a post switches the measuring on or off."""
    user, at = signed_in(request), timezone.now()
    page = _page(user, pk)
    clinic: Clinic = page["clinic"]
    if request.method == "POST":
        measures = SWITCH.get(request.POST.get("measures", ""))
        if measures is None:
            raise BadRequest
        if actions.set_measures(clinic=clinic, measures=measures, by=user, at=at):
            messages.success(request, _("Saved."))
        else:
            messages.info(request, _("Nothing was changed."))
        return redirect("nudges:texts", pk=clinic.pk)
    language = request.GET.get("language", user.language)
    if language not in User.Language:
        raise Http404
    own = {row.kind: row for row in NudgeText.objects.filter(clinic=clinic, language=language)}
    rows = [_row(kind, own.get(kind), clinic=clinic, language=language, at=at) for kind in WHEN]
    context = {
        **page,
        "language": language,
        "languages": User.Language.choices,
        "rows": [row for row in rows if row["kind"] not in FIXED],
        "fixed": [row for row in rows if row["kind"] in FIXED],
        "measures": not ClinicNudges.objects.filter(clinic=clinic, measures=False).exists(),
    }
    return render(request, "nudges/texts_page.html", context)


@access(Rule.WORKPLACE)
@require_http_methods(["GET", "HEAD", "POST"])
def text(request: HttpRequest, pk: UUID, kind: str, language: str) -> HttpResponse:
    """The clinic's own words for one kind of message in one language."""
    user, at = signed_in(request), timezone.now()
    page = _page(user, pk) | _chosen(kind, language)
    clinic, chosen = page["clinic"], page["kind"]
    stored = NudgeText.objects.filter(clinic=clinic, kind=chosen, language=language).first()
    here, before = redirect("nudges:text", pk=clinic.pk, kind=chosen, language=language), _before(request, page)
    page |= {"stored": stored, "at": at, "may_undo": before is not None and stored is None}
    if request.method != "POST":
        shown = OwnWords(title=stored.title, text=stored.text) if stored is not None else None
        initial = {"title": shown.title, "text": shown.text} if shown is not None else None
        form = TextForm(clinic=clinic, kind=chosen, initial=initial)
        return _text_page(request, page, form, seen=version_of(stored), shown=shown)
    do, seen = request.POST.get("do", ""), request.POST.get("seen", "")
    if do == RESET:
        was = reset_text(clinic=clinic, kind=chosen, language=language, by=user, at=at)
        if was is not None:
            request.session[BEFORE] = {"of": _key(page), "title": was.title, "text": was.text}
            messages.success(request, _("The usual words are said again."))
        return here
    if do == UNDO and before is None:
        messages.info(request, _("There is nothing to take back any more."))
        return here
    data = {"title": before.title, "text": before.text} if do == UNDO and before else request.POST
    form = TextForm(data, clinic=clinic, kind=chosen)
    if not form.is_valid():
        return _text_page(request, page, form, seen=seen, status=422)
    if do == PREVIEW:
        return _text_page(request, page, form, seen=seen, shown=form.words, is_unsaved=True)
    try:
        changed = set_text(clinic=clinic, kind=chosen, language=language, words=form.words, seen=seen, by=user, at=at)
    except WordsChangedError:
        return _text_page(
            request, page | {"is_stale": True}, form, seen=version_of(stored), shown=form.words, status=409
        )
    request.session.pop(BEFORE, None)
    if changed is not None:
        messages.success(request, _("Saved. Messages say it from now on."))
    else:
        messages.info(request, _("Nothing was changed."))
    return here


@access(Rule.WORKPLACE)
@require_POST
def text_preview(request: HttpRequest, pk: UUID, kind: str, language: str) -> HttpResponse:
    """How what is being typed would look; nothing is stored."""
    page = _page(signed_in(request), pk) | _chosen(kind, language)
    form = TextForm(request.POST, clinic=page["clinic"], kind=page["kind"])
    shown = form.words if form.is_valid() else None
    context = {**page, "preview": _preview(page, shown, at=timezone.now()), "is_typed": True, "form": form}
    return render(request, "nudges/_texts_preview.html", context, status=422 if form.errors else 200)


def _page(user: User, pk: UUID) -> dict[str, Any]:
    """The clinic, for the people who work there; what is somebody else's does not exist."""
    roles = set(Membership.objects.current().filter(user=user, clinic=pk).values_list("role", flat=True))
    clinic = Clinic.objects.filter(pk=pk).first() if roles else None
    if clinic is None:
        raise Http404
    is_treating = bool(roles & {Membership.Role.VET, Membership.Role.THERAPIST})
    return {
        "clinic": clinic,
        "is_treating": is_treating,
        "base": "base_staff.html" if is_treating else "accounts/base_account.html",
        "place": "settings",
    }


def _chosen(kind: str, language: str) -> dict[str, Any]:
    if kind not in WHEN or kind in FIXED or language not in User.Language:
        raise Http404
    chosen = Nudge.Kind(kind)
    return {
        "kind": chosen,
        "when": WHEN[chosen],
        "language": language,
        "language_name": User.Language(language).label,
        "keeps_lines": chosen in KEEPS_LINES,
    }


def _row(kind: Nudge.Kind, own: NudgeText | None, *, clinic: Clinic, language: str, at: dt.datetime) -> dict[str, Any]:
    nudge, said = example(kind, clinic=clinic, language=language, on=local_day(at=at, time_zone=clinic.time_zone))
    mine = in_own_words(nudge, said, title=own.title, text=own.text) if own is not None and kind not in FIXED else None
    words = mine or said
    return {"kind": kind, "when": WHEN[kind], "is_own": mine is not None, "words": words}


def _preview(page: dict[str, Any], shown: OwnWords | None, *, at: dt.datetime) -> dict[str, Any]:
    """The message to an example family, as a phone and as a mail show it; in the usual words where none are given."""
    clinic: Clinic = page["clinic"]
    on = local_day(at=at, time_zone=clinic.time_zone)
    nudge, said = example(page["kind"], clinic=clinic, language=page["language"], on=on)
    words: Words = (shown and in_own_words(nudge, said, title=shown.title, text=shown.text)) or said
    title, body = letters.lock_screen(words)
    heading, lines = letters.headed(words)
    return {
        "title": title,
        "body": body,
        "words": words,
        "heading": heading,
        "lines": lines,
        "is_own": words is not said,
    }


def _key(page: dict[str, Any]) -> str:
    return f"{page['clinic'].pk}:{page['kind']}:{page['language']}"


def _before(request: HttpRequest, page: dict[str, Any]) -> OwnWords | None:
    """The own words that this person has just taken away."""
    kept = request.session.get(BEFORE)
    return OwnWords(title=kept["title"], text=kept["text"]) if kept is not None and kept["of"] == _key(page) else None


def _text_page(
    request: HttpRequest,
    page: dict[str, Any],
    form: TextForm,
    *,
    seen: str,
    shown: OwnWords | None = None,
    is_unsaved: bool = False,
    status: int = 200,
) -> HttpResponse:
    preview = _preview(page, shown, at=page["at"])
    context = {**page, "form": form, "seen": seen, "preview": preview, "is_unsaved": is_unsaved}
    return render(request, "nudges/texts_edit_page.html", context, status=status)
