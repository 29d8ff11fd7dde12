"""The clock of the family's pages stands still, and forms are read from the page as a browser would."""

from collections.abc import Iterator
from html import unescape
from html.parser import HTMLParser
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from rehab.patients.models import Patient
from tests import make


@pytest.fixture
def clock() -> Iterator[Any]:
    with time_machine.travel(make.NOW, tick=False) as traveller:
        yield traveller


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[dict[str, Any]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag == "form":
            self.forms.append({"action": values.get("action"), "fields": [], "buttons": []})
        elif tag in ("input", "button") and self.forms and (name := values.get("name")):
            kind = "fields" if tag == "input" else "buttons"
            self.forms[-1][kind].append((name, values.get("value") or ""))


def forms_of(html: str, **fields: str) -> list[dict[str, Any]]:
    """The forms of a page that hold these hidden fields, each as ``{"action", "data", "buttons"}``."""
    parser = _Forms()
    parser.feed(html)
    found = []
    for form in parser.forms:
        data: dict[str, Any] = {}
        for name, value in form["fields"]:
            data[name] = (
                [*data[name], value]
                if isinstance(data.get(name), list)
                else ([data[name], value] if name in data else value)
            )
        if all(data.get(name) == value for name, value in fields.items()):
            found.append({"action": form["action"], "data": data, "buttons": form["buttons"]})
    return found


def mark_of(browser: Client, patient: Patient) -> str:
    """The mark of today's page."""
    html = browser.get(reverse("sessions:today", args=[patient.pk])).content.decode()
    return unescape(html.split('data-mark="')[1].split('"')[0])


def parts(browser: Client, patient: Patient, since: str = "") -> str:
    """What an open page of today gets when it asks for what has changed: since it knew of nothing, unless said otherwise."""
    if not since:
        since = "~".join(["", "0", *mark_of(browser, patient).split("~")[2:]])
    url = reverse("sessions:today-parts", args=[patient.pk])
    answer = browser.get(url, {"since": since}, headers={"HX-Request": "true"})
    assert answer.status_code in (200, 204)
    assert "Steadyback-Reload" not in answer.headers
    return answer.content.decode()


def told(browser: Client, patient: Patient, sent: dict[str, Any]) -> str:
    """Post a form, and what an open page gets then."""
    assert browser.post(reverse("sessions:command", args=[patient.pk]), sent).status_code == 303
    return parts(browser, patient)
