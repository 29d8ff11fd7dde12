"""Lets a load balancer ask for the state of the machine it is about to send people to."""

from collections.abc import Callable
from typing import Final

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase

OWN_PATHS: Final = ("/health/", "/metrics/")


class AskedByAddress:
    """Load balancers and Prometheus ask a machine by its address, which is no name of ours and would be refused.

    The pages of this package name no host, so it does not matter by which one they were asked for.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.path_info.startswith(OWN_PATHS):
            request.META["HTTP_HOST"] = settings.ALLOWED_HOSTS[0]
        return self.get_response(request)
