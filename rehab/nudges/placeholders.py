"""Placeholders in a clinic's own words: five names in braces, nothing that a template language could do."""

import re
from collections.abc import Mapping
from typing import Final

KNOWN: Final = ("dog", "left", "minutes", "clinic", "name")

# A placeholder is a word in braces; whatever else has a brace in it is none, so nothing is ever looked up or called.
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


class BadTextError(ValueError):
    """A text that cannot be filled."""


class LoneBraceError(BadTextError):
    """A brace that belongs to no placeholder: without its other half, or inside another one."""


class UnknownPlaceholderError(BadTextError):
    """Something in braces that is none of the known names."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


def placeholders(text: str) -> tuple[str, ...]:
    """The names that the text asks for, in the order of the text, each as often as it stands there.

    Raises:
        LoneBraceError: a brace has no other half, or there is one inside another.
        UnknownPlaceholderError: something else than a known name stands in braces; attributes, indexes, conversions and
            formats are unknown names like any other.
    """
    rest = _PLACEHOLDER.sub("", text)
    if "{" in rest or "}" in rest:
        raise LoneBraceError
    names = tuple(_PLACEHOLDER.findall(text))
    for name in names:
        if name not in KNOWN:
            raise UnknownPlaceholderError(name)
    return names


def filled(text: str, values: Mapping[str, str]) -> str | None:
    """The text with its placeholders filled in one pass, so that a value is never read as a placeholder.

    Nothing if it cannot be filled: it is malformed, or a value is missing or empty.
    """
    try:
        names = placeholders(text)
    except BadTextError:
        return None
    if not all(values.get(name) for name in names):
        return None
    return _PLACEHOLDER.sub(lambda found: values[found[1]], text)
