"""What makes the pages an app on a phone: its worker, its manifest, and the page for when there is no connection.

All three are the same for everybody, so none of them looks at who asks. The language is part of their address, because
a browser asks for a manifest without cookies and the worker stores the page in every language.
"""

import json
import re
from functools import cache
from typing import Final
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.urls import reverse
from django.utils import translation
from django.utils.cache import get_conditional_response
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_safe

from accounts.access import Rule, access
from rehab.lib.release import release
from rehab.nudges.push.keys import public_key

OUTBOX: Final = "js/outbox.js"
# Read by the worker itself: the browser keeps it with the worker.
PUSH: Final = "js/push.js"
# What an owner's page needs to open, and to work, without a connection; the worker finds what these import.
PRECACHED: Final = (
    "css/app.css",
    "css/medicine.css",
    "css/response.css",
    "img/avatar.svg",
    "img/dog-rest.svg",
    "img/icons.svg",
    "img/mark.svg",
    "js/app.js",
    "js/elements/outbox-list.js",
    "js/elements/stored-pages.js",
    OUTBOX,
    "js/phone.js",
    "vendor/htmx-2.0.11.min.js",
)
PAPER: Final = "#f8f4ee"
# A comment on lines of its own: half of the worker's bytes, which a phone fetches with every release.
COMMENT: Final = re.compile(r"^[ \t]*(?://[^\n]*|/\*.*?\*/[ \t]*)\n", re.MULTILINE | re.DOTALL)


@access(Rule.PUBLIC)
@require_safe
@gzip_page
def worker(request: HttpRequest) -> HttpResponseBase:
    """The service worker. It has this address, at the root, because it may only look after what lies below it."""
    answer = HttpResponse(_worker(), content_type="application/javascript")
    answer.headers["Cache-Control"] = "no-cache"
    # The browser asks at each page it opens: mostly the answer is that nothing has changed.
    etag = answer.headers["ETag"] = f'"{release()}-{public_key()[-12:]}"'
    return get_conditional_response(request, etag=etag, response=answer) or answer


@access(Rule.PUBLIC)
@require_safe
def manifest(request: HttpRequest) -> HttpResponse:
    """What a phone needs to know to put Steadyback on its home screen."""
    with translation.override(_language(request)):
        answer = HttpResponse(json.dumps(_manifest()), content_type="application/manifest+json")
    # The icons' addresses change with the icons, and a phone looks again once a day at most.
    answer.headers["Cache-Control"] = "public, max-age=3600"
    return answer


@access(Rule.PUBLIC)
@require_safe
@gzip_page
def offline(request: HttpRequest) -> HttpResponse:
    """The page that the worker shows in place of one that it does not have; it holds nothing about anybody."""
    language = _language(request)
    with translation.override(language):
        # Without the request: nothing that is said to one person can get into what the phone stores for all.
        answer = HttpResponse(render_to_string("pwa/offline_page.html"))
    answer.headers["Cache-Control"] = "no-cache"
    answer.headers["Content-Language"] = language
    return answer


def _language(request: HttpRequest) -> str:
    asked = request.GET.get("language", "")
    return asked if asked in dict(settings.LANGUAGES) else translation.get_language_from_request(request)


@cache
def _worker() -> str:
    told = {
        "version": release(),
        "outbox": static(OUTBOX),
        "push": static(PUSH),
        # A phone that has subscribed for another key does so anew; empty where messages on phones are not set up.
        "pushKey": public_key(),
        "files": [static(name) for name in PRECACHED],
        "offline": {
            code: f"{reverse('offline')}?{urlencode({'language': code})}" for code, _name in settings.LANGUAGES
        },
        "session": reverse("api:session"),
        "signOut": reverse("account_logout"),
        # The worker is the same for everybody: it chooses by the phone's language.
        "words": {code: _words(code) for code, _name in settings.LANGUAGES},
        "icon": static("img/icon-192.png"),
    }
    text = render_to_string("pwa/sw.js", {"told": mark_safe(json.dumps(told))})  # noqa: S308 (our own addresses)
    return COMMENT.sub("", text)


def _words(language: str) -> dict[str, str]:
    with translation.override(language):
        return {
            "news": _("There is something new."),
            "snoozed": _("No reminders until tomorrow."),
            "notSnoozed": _("No connection: nothing has changed. Tap here to try again."),
        }


def _manifest() -> dict[str, object]:
    name = _("Steadyback")
    today = reverse("sessions:today-home")
    return {
        # Never to be changed: by it a phone knows that an installed app is this one.
        "id": "/",
        "name": name,
        "short_name": name,
        "description": _("Today’s exercises for your dog, with and without a connection."),
        "lang": translation.get_language(),
        "dir": "rtl" if translation.get_language_bidi() else "ltr",
        "start_url": today,
        "scope": "/",
        "display": "standalone",
        "background_color": PAPER,
        "theme_color": PAPER,
        "categories": ["health", "lifestyle"],
        "icons": [
            _icon("img/icon-192.png", 192),
            _icon("img/icon-512.png", 512),
            _icon("img/icon-maskable-512.png", 512, purpose="maskable"),
        ],
        "shortcuts": [
            {"name": _("Today"), "url": today, "icons": [_icon("img/icon-192.png", 192)]},
            # A fragment outlives the redirect to the only dog's day; with several dogs, the choice comes first.
            {"name": _("Log pain"), "url": f"{today}#pain", "icons": [_icon("img/icon-192.png", 192)]},
        ],
    }


def _icon(name: str, size: int, *, purpose: str = "any") -> dict[str, str]:
    return {"src": static(name), "sizes": f"{size}x{size}", "type": "image/png", "purpose": purpose}
