"""Why a photo or clip from home was not taken, in words that a person can act on."""

from collections.abc import Mapping
from typing import Any, Final

from django.utils.translation import gettext_lazy

from rehab.library import wording
from rehab.sessions.receiving import MOST_A_DAY, Why

SENTENCES: Final[Mapping[str, Any]] = {
    Why.OTHER_CONTENT: gettext_lazy(
        "This page was already used for another file. Reload it and choose the file again."
    ),
    Why.DAY: gettext_lazy(
        "The day on this page is too long ago, or has not begun. Reload it and choose the file again."
    ),
    Why.EMPTY: gettext_lazy("Choose a photo or a clip first."),
    Why.TOO_LARGE: gettext_lazy(
        "This file is too large: photos up to 15 MB, clips up to 60 MB. Film a shorter clip, or in a lower quality."
    ),
    Why.TOO_MANY: gettext_lazy("%(most)s files came in about this dog within a day. Try again tomorrow."),
    Why.PHOTOS_ONLY: gettext_lazy("Clips cannot be shown here at present, only photos. Choose a photo."),
    Why.OFFSET: gettext_lazy("This part does not follow what has come in so far."),
    Why.PART: gettext_lazy("This part was damaged on its way."),
    Why.WHOLE: gettext_lazy("The file came in damaged. Try again."),
    Why.DISK_FULL: gettext_lazy("There is no room for this file at present. Try again later."),
}


def sentence(code: str) -> str:
    """What is wrong with a file, by the code of its refusal; empty where nothing is."""
    text = SENTENCES.get(code) or wording.REFUSALS.get(code, "")
    return str(text) % {"most": MOST_A_DAY} if code == Why.TOO_MANY else str(text)
