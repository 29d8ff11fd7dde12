"""Where the picture of an exercise is found: its addresses change whenever the drawing does."""

from dataclasses import dataclass
from typing import Final

from django.urls import reverse

from rehab.library import pictures, translating

MOVING: Final = "moving"
STILL: Final = "still"


@dataclass(frozen=True, kw_only=True)
class Picture:
    """What ``library/_picture.html`` shows: the moving picture, the still one for who wants no motion, and the words."""

    src: str
    still_src: str
    alt: str


def picture_of(slug: str) -> Picture | None:
    """The picture of a built-in exercise; None for any other."""
    if not pictures.has_picture(slug):
        return None
    return Picture(
        src=_address(slug, MOVING), still_src=_address(slug, STILL), alt=translating.said(pictures.alternative(slug))
    )


def _address(slug: str, kind: str) -> str:
    return reverse("library:picture", kwargs={"slug": slug, "version": pictures.version(slug), "kind": kind})
