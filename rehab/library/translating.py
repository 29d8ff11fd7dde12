"""The clinical content in the reader's language: gettext on the text itself, in a context of its own.

The YAML files, the database and the audit stay English. A clinic's own text has no translation and stays as written. The
catalogue is ``locale`` beside this module (``docs/adr/0012-spanish.md``).
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from django.utils.translation import pgettext

from rehab.library import reading

CONTEXT: Final = "content"
# What people read of each file, as paths: ``*`` is every item of a list or every value of a mapping. All of it is shown to
# families or on a page of the library; notes between vets stay as they are written.
FIELDS: Final[Mapping[str, tuple[str, ...]]] = {
    reading.VOCABULARY: (
        "signs_without_deficit.*.label",
        "signs_with_deficit.*.label",
        "phases.*.name",
        "phases.*.idea",
    ),
    reading.NEURO: (
        "grades.*.name",
        "grades.*.owner_sees",
        "deep_pain.owner_log_for_toe_squeeze.*",
        "owner_screen.*.ask",
    ),
    reading.RED_FLAGS: ("flags.*.sign", "urgency_levels.*.owner_text", "stop_scopes.*"),
    reading.EXERCISES: (
        "stop_codes.*",
        "contraindication_codes.*",
        "exercises.*.name",
        "exercises.*.purpose",
        "exercises.*.steps.*",
        "exercises.*.mistakes.*",
        "exercises.*.equipment.*",
        "exercises.*.measure.unit",
        "exercises.*.earliest_note",
    ),
    reading.PROTOCOLS: (
        "protocols.*.name",
        "protocols.*.warn",
        "protocols.*.total_weeks",
        "protocols.*.phases.*.name",
        "protocols.*.phases.*.items.*.note",
        "protocols.*.phases.*.items.*.if",
    ),
    reading.PROGRESSION: ("pain_anchors.*",),
    reading.LADDERS: ("ladders.*.name", "ladders.*.rungs.*.do", "ladders.*.rungs.*.dose"),
    reading.TARGETS: ("habits.*.label",),
    reading.SYNONYMS: ("equipment.KEYS",),
    reading.AREAS: ("areas.*.label",),
    reading.INSTRUMENTS: ("instruments.*.why", "instruments.*.mic"),
    reading.SCORE_ENTRY: ("forms.*.form", "forms.*.parts.*.label"),
}


def said(text: str) -> str:
    """A text of the content in the language of the reader; as it is written where there is no translation."""
    return pgettext(CONTEXT, text) if text else text


def texts() -> Iterator[tuple[str, str]]:
    """Every text of ``FIELDS`` with the file it stands in."""
    for file, paths in FIELDS.items():
        for path in paths:
            for text in _found(reading.read(file), path.split(".")):
                yield file, text


def _found(node: Any, path: list[str]) -> Iterator[str]:
    if not path:
        if isinstance(node, str) and node:
            yield node
        return
    step, rest = path[0], path[1:]
    if step == "*":
        for one in node.values() if isinstance(node, dict) else node:
            yield from _found(one, rest)
    elif step == "KEYS":
        yield from node
    elif isinstance(node, dict) and node.get(step) is not None:
        yield from _found(node[step], rest)
