"""Taking in a photo or clip that a family sends in parts: each part is checked, and a lost answer costs one part.

No more than one part of a file is in memory at any time. A part lies on the disk before its row says so; where the two
disagree after a power cut or a restored backup, the shorter counts and the phone goes on from there.
"""

from __future__ import annotations

import datetime as dt
import errno
import hashlib
import os
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final
from uuid import UUID

from django.core.files.storage import default_storage
from django.db import IntegrityError, transaction

from accounts.models import User, record
from rehab.library.clips import can_take_clips, clip_format
from rehab.library.media import CLIP_BYTES, Refused, photo_format
from rehab.library.models import Media
from rehab.patients.models import Patient
from rehab.programs.models import Prescription
from rehab.sessions.models import Clip

PART_BYTES: Final = 1024 * 1024
MOST_BYTES: Final = {Clip.Kind.PHOTO: 15 * 1024 * 1024, Clip.Kind.CLIP: CLIP_BYTES}
MOST_A_DAY: Final = 20
ONE_DAY: Final = dt.timedelta(days=1)
# A phone may have been without a network for as long as this.
OLDEST: Final = dt.timedelta(days=30)
# What is not all there after this begins anew: the phone still has it.
KEPT: Final = dt.timedelta(hours=24)
BATCH: Final = 500
READ_BYTES: Final = 256 * 1024
# The disk, the quota of the account that writes, or the largest file that it may write.
FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class Why(StrEnum):
    """Why something was not taken in, besides the reasons of ``library.media``."""

    OTHER_CONTENT = "other_content"
    DAY = "day"
    EMPTY = "empty"
    TOO_LARGE = "too_large"
    TOO_MANY = "too_many"
    PHOTOS_ONLY = "photos_only"
    OFFSET = "wrong_offset"
    PART = "wrong_part"
    WHOLE = "wrong_whole"
    DISK_FULL = "disk_full"


class ClipRefusedError(Exception):
    """It was not taken in; ``code`` is a ``Why`` or a code of ``library.media.Refused``."""

    def __init__(self, code: str, *, received: int | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.received = received


@dataclass(frozen=True, kw_only=True)
class Announced:
    """What a phone says about a file before it sends it."""

    id: UUID
    kind: str
    size: int
    sha256: str
    day: dt.date


@transaction.atomic
def begin(*, patient: Patient, prescription: Prescription, said: Announced, by: User, at: dt.datetime) -> Clip:
    """Make room for a file; the same one again is the one that is there already.

    Raises:
        ClipRefusedError
    """
    # Two phones at once: the second waits here, so that the day's limit holds.
    list(Patient.objects.select_for_update().filter(pk=patient.pk).values_list("pk"))
    known = _known(patient=patient, prescription=prescription, said=said, by=by)
    if known is not None:
        return known
    if said.kind == Clip.Kind.CLIP and not can_take_clips():
        raise ClipRefusedError(Why.PHOTOS_ONLY)
    if said.size < 1:
        raise ClipRefusedError(Why.EMPTY)
    if said.size > MOST_BYTES[Clip.Kind(said.kind)]:
        raise ClipRefusedError(Why.TOO_LARGE)
    today = patient.today(at)
    if not today - OLDEST <= said.day <= today:
        raise ClipRefusedError(Why.DAY)
    if Clip.objects.filter(patient=patient, created_at__gt=at - ONE_DAY).count() >= MOST_A_DAY:
        raise ClipRefusedError(Why.TOO_MANY)
    try:
        with transaction.atomic():
            made: Clip = Clip.objects.create(
                id=said.id,
                clinic_id=patient.clinic_id,
                patient=patient,
                prescription=prescription,
                kind=said.kind,
                size=said.size,
                sha256=said.sha256,
                sent_by=by,
                day=said.day,
                created_at=at,
            )
            return made
    except IntegrityError:
        # The same key about another dog at once: only the lock of one dog was held.
        known = _known(patient=patient, prescription=prescription, said=said, by=by)
        if known is None:
            raise
        return known


def append(*, clip: Clip, offset: int, part: bytes, digest: bytes, at: dt.datetime) -> Clip:
    """Add the next part (``digest`` is its SHA-256); with the last one the file goes to be prepared.

    Raises:
        ClipRefusedError: with ``received`` where the part is not the next one, or where there was no room for it.
        Clip.DoesNotExist: it was tidied away meanwhile.
    """
    if hashlib.sha256(part).digest() != digest:
        raise ClipRefusedError(Why.PART)
    if offset == 0 and part:
        _look_at(clip.kind, part[:32])
    with transaction.atomic():
        # The same part twice at once: the second waits here, and is told below how far the first has come.
        mine: Clip = Clip.objects.select_for_update().get(pk=clip.pk)
        if mine.completed_at is not None:
            return mine
        here = min(mine.received, _size_of(_path(mine)))
        fits = offset == here and offset + len(part) <= mine.size
        if fits:
            try:
                _write(_path(mine), part, offset=offset)
            except OSError as error:
                if error.errno not in FULL:
                    raise
                raise ClipRefusedError(Why.DISK_FULL, received=here) from error
            here += len(part)
        if here != mine.received:
            mine.received = here
            mine.save(update_fields=["received"])
    if not fits:
        raise ClipRefusedError(Why.OFFSET if offset != here else Why.TOO_LARGE, received=here)
    return finish(clip=mine, at=at)


def finish(*, clip: Clip, at: dt.datetime) -> Clip:
    """Hand the file over to be prepared if all of it is there and is what the phone said; once.

    Raises:
        ClipRefusedError: it is not what was announced; it begins anew.
    """
    if clip.completed_at is not None or clip.received != clip.size:
        return clip
    digest = _sha256_of(_path(clip))
    with transaction.atomic():
        mine: Clip = Clip.objects.select_for_update().get(pk=clip.pk)
        if mine.completed_at is not None:
            return mine
        is_whole = digest == mine.sha256
        if is_whole:
            mine.media = Media.objects.create(
                clinic_id=mine.clinic_id,
                kind=mine.kind,
                upload=_name(mine),
                uploaded_by_id=mine.sent_by_id,
                uploaded_at=at,
                from_home=True,
            )
            mine.completed_at = at
            record("clip.sent", subject=mine, by=mine.sent_by, at=at, clinic_id=mine.clinic_id, what=mine.kind)
        else:
            _path(mine).unlink(missing_ok=True)
            mine.received = 0
        mine.save(update_fields=["media", "completed_at", "received"])
    if not is_whole:
        raise ClipRefusedError(Why.WHOLE, received=0)
    return mine


def receive_whole(
    *, patient: Patient, prescription: Prescription, said: Announced, parts: Iterable[bytes], by: User, at: dt.datetime
) -> Clip:
    """Take in a file that came in one form, part by part; ``said.sha256`` is what it really has.

    Raises:
        ClipRefusedError
    """
    clip = begin(patient=patient, prescription=prescription, said=said, by=by, at=at)
    offset = 0
    for part in parts:
        if clip.completed_at is not None:
            return clip
        if offset >= clip.received:
            clip = append(clip=clip, offset=offset, part=part, digest=hashlib.sha256(part).digest(), at=at)
        offset += len(part)
    return finish(clip=clip, at=at)


def forget_unfinished(*, at: dt.datetime) -> int:
    """Tidy away what was begun and not finished within a day; return how many."""
    count = 0
    while True:
        with transaction.atomic():
            old = Clip.objects.unfinished().filter(created_at__lt=at - KEPT).order_by("created_at", "pk")
            rows = list(old.select_for_update().only("pk")[:BATCH])
            # Files first: after a power cut the rows are still there, and the next run does both.
            for clip in rows:
                _path(clip).unlink(missing_ok=True)
            Clip.objects.filter(pk__in=[clip.pk for clip in rows]).delete()
        count += len(rows)
        if len(rows) < BATCH:
            return count


def _known(*, patient: Patient, prescription: Prescription, said: Announced, by: User) -> Clip | None:
    """The file that was announced under the same key.

    Raises:
        ClipRefusedError: it is another one.
    """
    known: Clip | None = Clip.objects.filter(pk=said.id).first()
    if known is not None:
        same = (known.patient_id, known.prescription_id, known.sent_by_id, known.kind, known.size, known.sha256)
        if same != (patient.pk, prescription.pk, by.pk, said.kind, said.size, said.sha256):
            raise ClipRefusedError(Why.OTHER_CONTENT)
    return known


def _look_at(kind: str, head: bytes) -> None:
    """Refuse by its first bytes what will be of no use, before the rest is sent."""
    try:
        photo_format(head) if kind == Clip.Kind.PHOTO else clip_format(head)
    except Refused as refused:
        raise ClipRefusedError(refused.code) from refused


def _name(clip: Clip) -> str:
    return f"uploads/{clip.pk}.part"


def _path(clip: Clip) -> Path:
    return Path(default_storage.path(_name(clip)))


def _size_of(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _write(path: Path, part: bytes, *, offset: int) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # Without a buffer, which would try once more to write what did not fit.
    with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+b", buffering=0) as file:
        file.seek(offset)
        rest = memoryview(part)
        try:
            while rest:
                rest = rest[file.write(rest) :]
            file.truncate()
            os.fsync(file.fileno())
        except OSError:
            # Half a part is of no use, and where the disk is full it is in everybody's way.
            with suppress(OSError):
                file.truncate(offset)
            raise


def _sha256_of(path: Path) -> str:
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while part := file.read(READ_BYTES):
                digest.update(part)
    except FileNotFoundError:  # somebody else has handed it over, and it is prepared already
        return ""
    return digest.hexdigest()
