"""Where the content is from, as SOURCES.md lists it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from rehab.library import reading

DOCUMENT: Final = re.compile(r"^\| (\d{3}), ([^|]+) \| ", re.MULTILINE)
SOURCE: Final = re.compile(r"^\| (S\d+b?) \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)
ADDRESS: Final = re.compile(r"https?://\S+")


@dataclass(frozen=True, kw_only=True)
class Source:
    """One source: a founding document, a public page with what it was used for, or practice that has none."""

    code: str
    text: str
    used_for: str = ""
    links: tuple[str, ...] = ()
    is_practice: bool = False
    is_document: bool = False


@lru_cache(maxsize=1)
def _listed() -> Mapping[str, Source]:
    text = reading.sources_text()
    documents = {
        code: Source(code=code, text=title.strip(), is_document=True) for code, title in DOCUMENT.findall(text)
    }
    public = {
        code: Source(code=code, text=where.strip(), used_for=why.strip(), links=tuple(ADDRESS.findall(where)))
        for code, where, why in SOURCE.findall(text)
    }
    return {**documents, **public, "GK": Source(code="GK", text="", is_practice=True)}


def sources(codes: Sequence[str]) -> list[Source]:
    """What codes such as “003”, “S11” or “GK” stand for; a code that is not listed stands for itself."""
    listed = _listed()
    return [listed.get(code) or Source(code=code, text=code) for code in codes]
