"""Parts of pages that are rendered once and then only filled in: for what a page repeats ten or fifty times."""

import re
from collections.abc import Callable, Mapping
from html import escape
from typing import Any, Final

from django.conf import settings
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import get_language

_TOKEN: Final = re.compile("\ue000([a-z_]+)\ue001")


class Blank:
    """A template whose variables are filled by ``fill`` without running it again; one rendering a language and shape.

    ``names`` are the variables that are filled; they are escaped as the template would. What decides the shape of the
    part (its ``{% if %}``) is given as keywords of ``fill``; ``constants`` are what else the template reads.
    """

    def __init__(self, template: str, *names: str, constants: Callable[[], Mapping[str, Any]] | None = None) -> None:
        self.template = template
        self._names = names
        self._constants = constants
        self._rendered: dict[tuple[Any, ...], list[str]] = {}

    def fill(self, values: Mapping[str, object], **shape: str | bool) -> SafeString:
        """The part with these values.

        Raises:
            KeyError: a variable of the template has no value.
        """
        key = (get_language(), *shape.values())
        parts = self._rendered.get(key)
        if parts is None:
            parts = self._render(shape)
            if not settings.DEBUG:
                self._rendered[key] = parts
        # Literal, name, literal, name, …, literal.
        filled = parts[:]
        for place in range(1, len(parts), 2):
            value = values[parts[place]]
            filled[place] = value if isinstance(value, SafeString) else escape(str(value))
        return SafeString("".join(filled))

    def _render(self, shape: Mapping[str, str | bool]) -> list[str]:
        tokens = {name: f"\ue000{name}\ue001" for name in self._names}
        constants = self._constants() if self._constants else {}
        return _TOKEN.split(render_to_string(self.template, {**constants, **tokens, **shape}))
