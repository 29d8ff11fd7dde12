"""Whether it works: for load balancers, for monitoring, and for whoever looks first when something is wrong.

The answers are for machines and operators, in English, and name no host, no person and no secret.
"""

import datetime as dt
import threading
import time
from collections.abc import Mapping, Sequence
from typing import Final

from django.conf import settings
from django.db import Error
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from accounts.access import Rule, access
from rehab.ops import checks, signs
from rehab.ops.figures import Figures

OK: Final = "ok"
# Anybody may ask, and a look at everything opens a connection to the broker: who asks more often gets the last answer.
FRESH_SECONDS: Final = 2.0


@access(Rule.PUBLIC)
@require_safe
def live(request: HttpRequest) -> HttpResponse:
    """The process answers; it looks at nothing else, for restarting it mends nothing else."""
    return _answer(request, {"web": OK})


@access(Rule.PUBLIC)
@require_safe
def ready(request: HttpRequest) -> HttpResponse:
    """The process can serve people: what it needs answers."""
    return _answer(request, _results(checks.needed_to_serve()))


@access(Rule.PUBLIC)
@require_safe
def health(request: HttpRequest) -> HttpResponse:
    """Everything works, also what happens behind the pages. Not for a load balancer: a late worker is no fault of theirs."""
    return _answer(request, _everything.look())


@access(Rule.PUBLIC)
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """The figures for Prometheus, to who brings the token; without a token in the settings there is no such page."""
    if not settings.METRICS_TOKEN:
        raise Http404
    if not constant_time_compare(request.headers.get("Authorization", ""), f"Bearer {settings.METRICS_TOKEN}"):
        return HttpResponse(status=401, headers={"WWW-Authenticate": "Bearer"})
    registry = CollectorRegistry(auto_describe=False)
    registry.register(Figures(at=timezone.now()))
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


class _Everything:
    """The last look at everything; while one is under way and for a moment after it, all get the same."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seen: tuple[float, dict[str, str]] | None = None

    def look(self) -> dict[str, str]:
        with self._lock:
            if self._seen is None or time.monotonic() - self._seen[0] > FRESH_SECONDS:
                self._seen = time.monotonic(), _look_at_everything(at=timezone.now())
            return self._seen[1]

    def forget(self) -> None:
        self._seen = None


_everything = _Everything()


def _look_at_everything(*, at: dt.datetime) -> dict[str, str]:
    found = {"web": OK, **_results([*checks.needed_to_serve(), checks.Broker()])}
    try:
        told = signs.read(at=at) if found["database"] == OK else None
    except Error:
        found["database"], told = "does not answer", None
    return found if told is None else {**found, **_results(checks.of_the_work(told))}


def _results(looked_at: Sequence[checks.Check]) -> dict[str, str]:
    return {check.name: checks.result(check) for check in looked_at}


def _answer(request: HttpRequest, found: Mapping[str, str]) -> HttpResponse:
    status = 200 if set(found.values()) == {OK} else 503
    if request.GET.get("format") == "text" or request.headers.get("Accept", "").startswith("text/plain"):
        lines = "".join(f"{name}: {result}\n" for name, result in found.items())
        response = HttpResponse(lines, content_type="text/plain; charset=utf-8", status=status)
    else:
        response = JsonResponse({"status": OK if status == 200 else "ill", "checks": dict(found)}, status=status)
    response.headers["Cache-Control"] = "no-store"
    response.headers["Vary"] = "Accept"
    return response
