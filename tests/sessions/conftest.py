"""The clock of the family's pages stands still, and forms are read from the page as a browser would."""

from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import pytest
import time_machine

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
