"""What somebody who searches means: words in any form, what things are called elsewhere, and what is near. Pure.

The other names and the groups of equipment are ``11_synonyms.yaml`` of the content: practice, and no clinical rule.
"""

import difflib
import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping
from typing import Final

from rehab.library import reading

# A shorter word is looked for only where a word begins: "rom" is not meant by "from".
ANYWHERE_FROM: Final = 4
NEAREST_MAX: Final = 4
# How alike a typed word and a known one must be (difflib: 0 nothing in common, 1 the same).
ALIKE: Final = 0.7


def folded(text: str) -> str:
    """Text as people type it in a hurry: without accents, capitals and hyphens."""
    plain = unicodedata.normalize("NFKD", text).casefold().replace("-", " ").replace("_", " ")
    return "".join(letter for letter in plain if not unicodedata.combining(letter))


def says(text: str, words: Iterable[str]) -> bool:
    """Whether the folded text holds every word, each of them in one or in many."""
    return all(any(_holds(text, form) for form in _forms(word)) for word in words)


def _holds(text: str, word: str) -> bool:
    return word in text if len(word) >= ANYWHERE_FROM else re.search(rf"\b{re.escape(word)}", text) is not None


def _forms(word: str) -> tuple[str, ...]:
    """The word as it was typed, and without what makes it plural."""
    shorter = (word[:-end] for end, plural in ((1, "s"), (2, "es")) if word.endswith(plural) and len(word) > end + 2)
    return (word,) if word.endswith("ss") else (word, *shorter)


def called(slug: str) -> str:
    """Everything else that a built-in exercise is called, as one folded text."""
    return folded(" · ".join((slug, *reading.synonyms().get(slug, ()))))


def groups_of(thing: str) -> frozenset[str]:
    """The groups of equipment that a thing belongs to; a thing of no group is one by itself."""
    rest, found = folded(thing), set()
    words = sorted(((folded(word), group) for group, words in reading.equipment().items() for word in words), key=_long)
    for word, group in words:
        whole = rf"\b{re.escape(word)}s?\b"
        if re.search(whole, rest):
            found.add(group)
            rest = re.sub(whole, " ", rest)
    return frozenset(found) or frozenset({thing})


def _long(known: tuple[str, str]) -> tuple[int, str]:
    return -len(known[0]), known[0]


def nearest(typed: str, names: Mapping[str, Collection[str]]) -> list[str]:
    """The few keys of ``names`` whose texts come nearest to what was typed, the nearest first."""
    wanted = [word for word in folded(typed).split() if len(word) >= ANYWHERE_FROM] or [folded(typed)]
    scores = {key: _likeness(wanted, texts) for key, texts in names.items()}
    near = [key for key, score in scores.items() if score >= ALIKE]
    return sorted(near, key=lambda key: (-scores[key], key))[:NEAREST_MAX]


def _likeness(wanted: list[str], texts: Collection[str]) -> float:
    known = {word for text in texts for word in folded(text).split()}
    return max((difflib.SequenceMatcher(None, one, word).ratio() for one in wanted for word in known), default=0.0)
