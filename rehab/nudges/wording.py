"""What a nudge says to its person: the product's words in the person's language, or the clinic's own where it has some."""

import dataclasses
import logging
from collections.abc import Collection, Mapping
from typing import Any, Final
from uuid import UUID

from django.utils import translation

from rehab.nudges import kinds
from rehab.nudges.kinds.base import Words
from rehab.nudges.models import Nudge, NudgeText
from rehab.nudges.placeholders import filled

# A clinic may not reword these: the one is about safety, and of the other the clinic is the reader.
FIXED: Final = frozenset({Nudge.Kind.CALL_CLINIC, Nudge.Kind.CLINIC_WEEK})
# What these say holds a day, a phase or sums that no placeholder names: it stays, below the clinic's own words.
KEEPS_LINES: Final = frozenset({Nudge.Kind.CHECKPOINT, Nudge.Kind.RE_EXAM, Nudge.Kind.PHASE_REACHED, Nudge.Kind.WEEK})

# The clinics' own words by clinic, kind and language.
Texts = Mapping[tuple[UUID, str, str], NudgeText]

logger = logging.getLogger(__name__)


def texts_for(nudges: Collection[Nudge]) -> Texts:
    """The own words of the clinics of these nudges, in one statement for any number of them."""
    clinics = {nudge.clinic_id for nudge in nudges}
    if not clinics:
        return {}
    kinds = {nudge.kind for nudge in nudges}
    rows = NudgeText.objects.filter(clinic__in=clinics, kind__in=kinds)
    return {(row.clinic_id, row.kind, row.language): row for row in rows}


def words(nudge: Nudge, facts: Any, *, texts: Texts) -> Words:
    """What this nudge says, in the language of its person; its user, clinic and dog are loaded.

    A text of the clinic that cannot be filled is passed over: the product's words always can.
    """
    with translation.override(nudge.user.language):
        said = kinds.BY_CODE[Nudge.Kind(nudge.kind)].say(nudge, facts)
    own = texts.get((nudge.clinic_id, nudge.kind, nudge.user.language))
    if own is None or nudge.kind in FIXED:
        return said
    result = in_own_words(nudge, said, title=own.title, text=own.text)
    if result is None:
        logger.warning("text %s of a clinic could not be filled for nudge %s", own.pk, nudge.pk)
    return result or said


def values(nudge: Nudge, said: Words) -> dict[str, str]:
    """What a text about this nudge may name; where the kind does not say what, from the nudge itself."""
    own = {
        "dog": nudge.patient.name if nudge.patient is not None else "",
        "clinic": nudge.clinic.name,
        "name": nudge.user.get_short_name() if nudge.user.name else "",
        **said.values,
    }
    # Nothing left, or minutes that the doses do not tell: no sentence is written for that.
    return {name: "" if value == "0" else " ".join(str(value).split()) for name, value in own.items()}


def in_own_words(nudge: Nudge, said: Words, *, title: str, text: str) -> Words | None:
    """The same message in other words: button, page and encouragement stay; nothing if they cannot be filled.

    Each line of the text is a paragraph. An empty title keeps the product's.
    """
    known = values(nudge, said)
    own_title = filled(title, known) if title else said.title
    own_text = filled(text, known)
    if not own_title or not own_text or not own_text.strip():
        return None
    lines = tuple(line.strip() for line in own_text.splitlines() if line.strip())
    if nudge.kind in KEEPS_LINES:
        lines += said.lines
    return dataclasses.replace(said, title=own_title, lines=lines, notice=lines[0])
