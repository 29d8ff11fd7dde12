"""Every address has a rule that says who may open it."""

import re
from collections.abc import Iterator
from typing import Any

from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from accounts.access import Right, Rule
from rehab.lib.ids import new_id


def addresses() -> Iterator[tuple[str, Any]]:
    """Yield each address with its view."""

    def walk(resolver: URLResolver, before: str) -> Iterator[tuple[str, Any]]:
        for pattern in resolver.url_patterns:
            here = f"{before}{pattern.pattern}"
            if isinstance(pattern, URLResolver):
                yield from walk(pattern, here)
            elif isinstance(pattern, URLPattern):
                yield here, pattern.callback

    yield from walk(get_resolver(), "/")


def is_api(view: Any) -> bool:
    return hasattr(view, "cls")


def test_every_address_has_an_access_rule() -> None:
    """Also allauth's: its pages are called through views of ours that carry a rule."""
    found = list(addresses())
    without = [address for address, view in found if not isinstance(getattr(view, "access_rule", None), Rule | Right)]
    assert without == []
    assert len(found) > 30


def test_only_public_addresses_are_open_to_visitors() -> None:
    pages = [(address, view) for address, view in addresses() if not is_api(view)]
    open_pages = {address for address, view in pages if not getattr(view, "login_required", True)}
    public = {address for address, view in pages if view.access_rule is Rule.PUBLIC}
    assert open_pages == public
    assert public


def test_api_is_closed_to_visitors(client: Client) -> None:
    """Django's middleware passes the API's views over; their own default permission must refuse."""
    paths = [re.sub(r"<uuid:\w+>", str(new_id()), address) for address, view in addresses() if is_api(view)]
    answers = {path: client.post(path, [], content_type="application/json").status_code for path in paths}
    assert {path: code for path, code in answers.items() if code not in (401, 403)} == {}
    assert paths
