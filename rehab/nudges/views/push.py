"""What a browser asks that wants messages, or no more of them; JSON, because only scripts can ask."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.access import Rule, access, signed_in
from rehab.nudges.push import keys, subscribing
from rehab.nudges.push.subscriptions import NotASubscription, endpoint_of, parse


@access(Rule.SIGNED_IN)
@require_http_methods(["POST", "DELETE"])
def push_subscription(request: HttpRequest) -> HttpResponse:
    """Keep this browser of the person who is signed in (POST), or forget it (DELETE)."""
    user = signed_in(request)
    if request.method == "DELETE":
        try:
            subscribing.remove(endpoint=endpoint_of(request.body), user=user, at=timezone.now())
        except NotASubscription:
            return _refused(_("This is not a subscription of a browser."), status=422)
        return HttpResponse(status=204)
    if not keys.public_key():
        return _refused(_("Messages on phones are not set up here."), status=422)
    try:
        is_new = subscribing.save(
            subscription=parse(request.body, test_origin=settings.PUSH_TEST_ORIGIN),
            session_hash=subscribing.session_hash(request.session),
            user=user,
            at=timezone.now(),
        )
    except NotASubscription as error:
        if error.refusal is not None:
            return _refused(_("We do not know the message service of this browser."), status=422)
        return _refused(_("This is not a subscription of a browser."), status=422)
    except subscribing.OtherAccount:
        return _refused(_("This browser gets the messages of another account."), status=409)
    except subscribing.TooManyPhones:
        return _refused(
            _("Ten of your phones and browsers get messages already. Switch one of them off first."), status=409
        )
    return JsonResponse({}, status=201 if is_new else 200)


def _refused(sentence: str, *, status: int) -> JsonResponse:
    return JsonResponse({"detail": sentence}, status=status)
