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
        self._rendered: dict[tuple[Any, ...], str] = {}

    def fill(self, values: Mapping[str, object], *, language: str | None = None, **shape: str | bool) -> SafeString:
        """The part with these values; who fills in many asks for the active ``language`` once and passes it on.

        Raises:
            KeyError: a variable of the template has no value.
        """
        key = (language or get_language(), *shape.values())
        part = self._rendered.get(key)
        if part is None:
            part = self._render(shape)
            if not settings.DEBUG:
                self._rendered[key] = part
        # Literals come from the template; all else is escaped here unless it already was.
        return SafeString(
            part
            % {name: value if isinstance(value, SafeString) else escape(str(value)) for name, value in values.items()}
        )

    def _render(self, shape: Mapping[str, str | bool]) -> str:
        tokens = {name: f"\ue000{name}\ue001" for name in self._names}
        constants = self._constants() if self._constants else {}
        part = render_to_string(self.template, {**constants, **tokens, **shape})
        return _TOKEN.sub(r"%(\1)s", part.replace("%", "%%"))
