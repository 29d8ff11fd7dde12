"""A clinic's own words for its messages."""

import datetime as dt
from dataclasses import dataclass

from django.db import transaction

from accounts.models import Clinic, User, record
from rehab.nudges.examples import placeholders_of
from rehab.nudges.models import Nudge, NudgeText
from rehab.nudges.placeholders import UnknownPlaceholderError, placeholders
from rehab.nudges.wording import FIXED


class FixedWordsError(Exception):
    """The words of this kind are the same in every clinic."""


class WordsChangedError(Exception):
    """Somebody else has changed these words since they were shown."""


@dataclass(frozen=True, kw_only=True)
class OwnWords:
    """A clinic's own words; an empty title keeps the product's."""

    title: str
    text: str


def version_of(stored: NudgeText | None) -> str:
    """What a page remembers of the words that it showed, to tell whether they have changed since."""
    return stored.changed_at.isoformat() if stored is not None else ""


def set_text(
    *, clinic: Clinic, kind: Nudge.Kind, language: str, words: OwnWords, seen: str, by: User, at: dt.datetime
) -> NudgeText | None:
    """Let the clinic's messages of this kind and language say this; nothing is returned where they do already.

    ``seen`` is the version that was shown to the person who changes it.

    Raises:
        FixedWordsError: a clinic may not reword this kind.
        BadTextError: a brace stands alone, or the text names what messages of this kind cannot fill in.
        WordsChangedError: the words are no longer those that the person saw.
    """
    if kind in FIXED:
        raise FixedWordsError
    known = placeholders_of(kind, clinic=clinic)
    for text in (words.title, words.text):
        for name in placeholders(text):
            if name not in known:
                raise UnknownPlaceholderError(name)
    with transaction.atomic():
        # Two people who save at once wait for each other, also where there is no row yet.
        Clinic.objects.select_for_update().get(pk=clinic.pk)
        now = NudgeText.objects.filter(clinic=clinic, kind=kind, language=language).first()
        if now is not None and (now.title, now.text) == (words.title, words.text):
            return None
        if version_of(now) != seen:
            raise WordsChangedError
        stored, _ = NudgeText.objects.update_or_create(
            clinic=clinic,
            kind=kind,
            language=language,
            defaults={"title": words.title, "text": words.text, "changed_by": by, "changed_at": at},
        )
        record(
            "nudges.text_set",
            subject=stored,
            by=by,
            at=at,
            clinic_id=clinic.pk,
            of=kind,
            language=language,
            title=words.title,
            text=words.text,
        )
    return stored


def reset_text(*, clinic: Clinic, kind: Nudge.Kind, language: str, by: User, at: dt.datetime) -> OwnWords | None:
    """Go back to the product's words, and return what the clinic's own were; nothing where there were none."""
    with transaction.atomic():
        Clinic.objects.select_for_update().get(pk=clinic.pk)
        stored = NudgeText.objects.filter(clinic=clinic, kind=kind, language=language).first()
        if stored is None:
            return None
        was = OwnWords(title=stored.title, text=stored.text)
        record(
            "nudges.text_reset",
            subject=stored,
            by=by,
            at=at,
            clinic_id=clinic.pk,
            of=kind,
            language=language,
            title=was.title,
            text=was.text,
        )
        stored.delete()
    return was
