"""Preparing what was uploaded, one row at a time; the rows say what is left to do.

While a row waits, its ``content_type`` says who works on it: empty, or the number of the attempt and the second at
which the claim ends. Once it failed, it says why (a key of ``wording.REFUSALS``); once it is ready, the type.
"""

import datetime as dt
import tempfile
from pathlib import Path
from typing import Final

import structlog
from django.core.files import File
from django.db import transaction

from accounts.models import record
from rehab.library.clips import rewrite_clip
from rehab.library.media import ENDING, Refused, rewrite_photo
from rehab.library.models import Media

LEASE: Final = dt.timedelta(minutes=6)
ATTEMPTS: Final = 3

log = structlog.get_logger()


def prepare_next(*, at: dt.datetime) -> bool:
    """Prepare the photo or clip that has waited longest; ``False`` when none waits."""
    media = _claim(at=at)
    if media is None:
        return False
    try:
        _prepare(media, at=at)
    except Refused as refused:
        _fail(media, refused.code, at=at)
    except (OSError, MemoryError) as error:
        # The disk may be full or the file not there yet: the claim ends by itself, and another attempt follows.
        log.warning("media.not_prepared", media=str(media.pk), error=type(error).__name__)
        if _attempt(media) >= ATTEMPTS:
            _fail(media, "not_prepared", at=at)
    return True


def _attempt(media: Media) -> int:
    return int(media.content_type.split()[0]) if media.content_type else 0


def _claim(*, at: dt.datetime) -> Media | None:
    waiting = Media.objects.filter(state=Media.State.WAITING)
    for media in waiting.order_by("uploaded_at", "pk"):
        if media.content_type and int(media.content_type.split()[1]) > at.timestamp():
            continue
        claim = f"{_attempt(media) + 1} {int((at + LEASE).timestamp())}"
        if _attempt(media) >= ATTEMPTS:  # a worker died of it each time
            _fail(media, "not_prepared", at=at)
        elif waiting.filter(pk=media.pk, content_type=media.content_type).update(content_type=claim):
            media.content_type = claim
            return media
    return None


def _prepare(media: Media, *, at: dt.datetime) -> None:
    with tempfile.TemporaryDirectory(prefix="media-", dir=Path(media.upload.path).parent) as folder:
        target = Path(folder) / "made"
        source = Path(media.upload.path)
        if media.kind == Media.Kind.PHOTO:
            content_type = rewrite_photo(source, target)
        else:
            content_type = rewrite_clip(source, target, from_home=media.from_home)
        claim, upload = media.content_type, media.upload.name
        with target.open("rb") as made, transaction.atomic():
            mine = Media.objects.select_for_update().filter(pk=media.pk, state=Media.State.WAITING, content_type=claim)
            if not mine.exists():  # it took so long that somebody else has it now
                return
            media.file.save(f"{media.pk}.{ENDING[content_type]}", File(made), save=False)
            media.content_type, media.state, media.upload = content_type, Media.State.READY, ""
            media.save(update_fields=["file", "content_type", "state", "upload"])
            record("media.prepared", subject=media, by=None, at=at, clinic_id=media.clinic_id)
    if upload:
        media.upload.storage.delete(upload)


def _fail(media: Media, code: str, *, at: dt.datetime) -> None:
    upload = media.upload.name
    with transaction.atomic():
        waiting = Media.objects.filter(pk=media.pk, state=Media.State.WAITING, content_type=media.content_type)
        if not waiting.update(state=Media.State.FAILED, content_type=code, upload=""):
            return
        record("media.refused", subject=media, by=None, at=at, clinic_id=media.clinic_id, why=code)
    if upload:
        media.upload.storage.delete(upload)
