"""Where a mail provider reports what became of a mail."""

from typing import Any

import structlog
from anymail.webhooks.base import AnymailCoreWebhookView
from anymail.webhooks.brevo import BrevoTrackingWebhookView
from anymail.webhooks.mailgun import MailgunTrackingWebhookView
from anymail.webhooks.postmark import PostmarkTrackingWebhookView
from anymail.webhooks.resend import ResendTrackingWebhookView
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from accounts.access import Rule, access
from rehab.nudges import bounces

READERS: dict[str, type[AnymailCoreWebhookView]] = {
    "brevo": BrevoTrackingWebhookView,
    "mailgun": MailgunTrackingWebhookView,
    "postmark": PostmarkTrackingWebhookView,
    "resend": ResendTrackingWebhookView,
}

log = structlog.get_logger(__name__)


@access(Rule.PUBLIC)
@csrf_exempt  # a provider posts here; the secret in its address says that it is ours
@require_http_methods(["POST", "HEAD"])
def mail_events(request: HttpRequest) -> HttpResponse:
    """Take the reports of the provider that sends our mail; without one there is no such page."""
    provider = settings.MAIL_PROVIDER
    if provider not in READERS or not settings.ANYMAIL.get("WEBHOOK_SECRET"):
        raise Http404
    if request.method == "HEAD":
        return HttpResponse()  # providers look whether somebody is at home
    reader = READERS[provider]()
    if not _is_ours(reader, request):
        log.warning("mail report with a wrong secret", provider=provider)
        return HttpResponse(status=403)
    events = _read(reader, request)
    if events is None:
        log.warning("mail report that cannot be read", provider=provider)
        return HttpResponse(status=400)
    for event in events:
        bounces.note(event, provider=provider, at=timezone.now())
    return HttpResponse()


def _is_ours(reader: AnymailCoreWebhookView, request: HttpRequest) -> bool:
    try:
        reader.run_validators(request)  # type: ignore[no-untyped-call]
    except Exception:  # noqa: BLE001 (a forger may send anything; what breaks the check has not passed it)
        return False
    return True


def _read(reader: AnymailCoreWebhookView, request: HttpRequest) -> list[Any] | None:
    try:
        return list(reader.parse_events(request))  # type: ignore[no-untyped-call]
    except Exception:  # noqa: BLE001 (a provider's format may change in any way)
        return None
