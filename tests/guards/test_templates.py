"""The content security policy forbids inline code; a template that holds some would be dead on the page."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.guards.sources import ROOT

# Mail has no content security policy, and mail programs read only inline styles.
PAGES = sorted(path for path in (ROOT / "templates").rglob("*.html") if "email" not in path.parts)
DJANGO = re.compile(r"\{%.*?%\}|\{\{.*?\}\}|\{#.*?#\}", re.DOTALL)
COMMENT = re.compile(r"\{%\s*comment\b.*?\{%\s*endcomment\s*%\}", re.DOTALL)


class Inline(HTMLParser):
    """Collects inline code of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.tags = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags += 1
        names = dict(attrs)
        if tag == "style" or (tag == "script" and "src" not in names):
            self.found.append(f"<{tag}> in line {self.getpos()[0]}")
        for name, value in attrs:
            told = (value or "").strip().lower()
            if (
                name == "style"
                or (name.startswith("on") and name != "on")
                or name.startswith(("hx-on", "data-hx-on"))
                or (name in ("href", "src", "action", "formaction") and told.startswith("javascript:"))
                or (name in ("hx-vals", "hx-headers") and told.startswith(("js:", "javascript:")))
            ):
                self.found.append(f"{name} in line {self.getpos()[0]}")


def inline_code(source: str) -> Inline:
    parser = Inline()
    keep_lines = COMMENT.sub(lambda match: "\n" * match[0].count("\n"), source)
    # A tag may stand between attributes, a variable is part of a value.
    parser.feed(
        DJANGO.sub(lambda match: (" " if match[0][1] == "%" else "x") + "\n" * match[0].count("\n"), keep_lines)
    )
    return parser


@pytest.mark.parametrize(
    "bad",
    [
        "<script>alert(1)</script>",
        '<p style="color: red">',
        '<p style="{{ colour }}">',
        "<style>p {}</style>",
        '<a href="javascript:go()">',
        '<button onclick="go()">',
        '<button {% if x %}onclick="go()"{% endif %}>',
        '<div hx-on:click="go()">',
        """<div hx-vals='js:{a: 1}'>""",
    ],
)
def test_guard_finds_inline_code(bad: str) -> None:
    assert inline_code(bad).found


def test_templates_hold_no_inline_code() -> None:
    parsed = {path: inline_code(path.read_text()) for path in PAGES}
    assert {str(path.relative_to(ROOT)): seen.found for path, seen in parsed.items() if seen.found} == {}
    assert len(PAGES) > 10
    assert sum(seen.tags for seen in parsed.values()) > 100


def test_pages_and_parts_are_named_as_such() -> None:
    def wrong(path: Path) -> bool:
        is_part = path.name.startswith("_")
        extends = bool(re.search(r"\{%\s*extends\b", path.read_text()))
        return is_part and extends

    assert [str(path.relative_to(ROOT)) for path in PAGES if wrong(path)] == []
