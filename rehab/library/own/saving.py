"""Writing a clinic's own exercise or protocol, and the next version of one."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, TypeVar
from uuid import UUID

from django.core.files.uploadedfile import UploadedFile
from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils.text import slugify
from django.utils.translation import gettext as _

from accounts.models import Clinic, Membership, User, record
from rehab.lib.ids import new_id
from rehab.library.models import Content, Exercise, Media, Protocol, ProtocolPhase
from rehab.library.own.loosening import loosened, loosened_protocol
from rehab.library.own.rules import Values, Wrong, WrongContent, with_always, wrong_exercise, wrong_protocol
from rehab.library.own.versions import ContentChanged, current_of, kind_of
from rehab.library.queries.clinics import seen_in

C = TypeVar("C", bound=Content)

SLUG_LENGTH: Final = 64


class AlreadyCreated(Exception):
    """The same form was sent before."""


@dataclass(frozen=True, kw_only=True)
class Shown:
    """What becomes of a photo or a clip: a new file, none any more, or the words that describe it."""

    upload: UploadedFile[Any] | None = None
    alternative: str = ""
    remove: bool = False


def save_exercise(
    *,
    clinic: Clinic,
    by: User,
    at: dt.datetime,
    values: Values,
    key: UUID | None = None,
    base: Exercise | None = None,
    photo: Shown = Shown(),
    clip: Shown = Shown(),
) -> Exercise:
    """Write a clinic's exercise: the next version of its own ``base``, a changed copy of a built-in one, or a new one.

    ``values`` are fields of the model; a dose says only what it means, the defaults of the content are added.

    Raises:
        WrongContent: the values break rules of the content, or loosen a built-in exercise and the person is no vet.
        ContentChanged: ``base`` is no longer the version that is used, or the clinic has a copy already.
        AlreadyCreated: the key is taken.
    """
    wrong = wrong_exercise(values, base.slug if base else "", clinic) or _only_a_vet(values, base, clinic=clinic, by=by)
    if wrong:
        raise WrongContent(wrong)
    made: list[Media] = []

    def media(before: Media | None, kind: Media.Kind, shown: Shown) -> Media | None:
        media = _media(before, kind, shown, clinic=clinic, by=by, at=at)
        if media is not None and media != before:
            made.append(media)
        return media

    def fields() -> dict[str, Any]:
        own = base if base is not None and base.clinic_id else None
        return {
            **with_always(values),
            "photo": media(own.photo if own else None, Media.Kind.PHOTO, photo),
            "clip": media(own.clip if own else None, Media.Kind.CLIP, clip),
        }

    try:
        return _save(Exercise, fields, name=values["name"], clinic=clinic, by=by, at=at, key=key, base=base)
    except BaseException:
        # The rows are rolled back; the files would stay for ever.
        for one in made:
            if one.upload.name:
                one.upload.storage.delete(one.upload.name)
        raise


def _only_a_vet(values: Values, base: Exercise | None, *, clinic: Clinic, by: User) -> Wrong:
    """What of a copy is less careful than the built-in exercise, where the person is no vet of the clinic."""
    built_in = Exercise.objects.built_in().current().filter(slug=base.slug).first() if base is not None else None
    if base is None or built_in is None or _is_vet(by, clinic):
        return []
    return [
        (field, _("Only a vet makes this less careful than in the built-in exercise."))
        for field in loosened(with_always(values), built_in=built_in, current=current_of(Exercise, clinic, base.slug))
    ]


def _is_vet(user: User, clinic: Clinic) -> bool:
    return Membership.objects.current().filter(clinic=clinic, role=Membership.Role.VET, user=user).exists()


def save_protocol(
    *,
    clinic: Clinic,
    by: User,
    at: dt.datetime,
    values: Values,
    key: UUID | None = None,
    base: Protocol | None = None,
) -> Protocol:
    """Write a clinic's protocol; ``values`` are fields of the model, and ``phases`` those of its phases in order.

    Raises:
        WrongContent, ContentChanged, AlreadyCreated: as for an exercise.
    """
    wrong = wrong_protocol(values, base.slug if base else "", clinic)
    if not wrong and not _is_vet(by, clinic):
        only_a_vet = _("Only a vet opens more than the protocol that it was made from.")
        wrong = [(field, only_a_vet) for field in loosened_protocol(values, base=base)]
    if wrong:
        raise WrongContent(wrong)
    with transaction.atomic():
        protocol = _save(Protocol, lambda: values, name=values["name"], clinic=clinic, by=by, at=at, key=key, base=base)
        if not protocol.phases.exists():
            ProtocolPhase.objects.bulk_create(
                ProtocolPhase(protocol=protocol, position=position, **phase)
                for position, phase in enumerate(values["phases"])
            )
    return protocol


def _save(
    kind: type[C],
    fields: Callable[[], Values],
    *,
    name: str,
    clinic: Clinic,
    by: User,
    at: dt.datetime,
    key: UUID | None,
    base: C | None,
) -> C:
    try:
        with transaction.atomic():
            Clinic.objects.select_for_update(no_key=True).get(pk=clinic.pk)
            if key is not None and kind.objects.filter(pk=key).exists():
                raise AlreadyCreated
            is_own = base is not None and base.clinic_id is not None
            slug = base.slug if base else _free_slug(kind, clinic, name)
            current = current_of(kind, clinic, slug)
            if (current.pk if current else None) != (base.pk if base and is_own else None):
                raise ContentChanged(current)
            said = fields()
            content_hash = _hash(said)
            if current is not None and current.content_hash == content_hash:
                return current
            if current is not None:
                kind.objects.filter(pk=current.pk).update(superseded_at=at)
            newest = kind.objects.filter(clinic=clinic, slug=slug).aggregate(newest=Max("version"))["newest"] or 0
            made: C = kind.objects.create(
                pk=key or new_id(),
                clinic=clinic,
                slug=slug,
                version=newest + 1,
                content_hash=content_hash,
                created_at=at,
                based_on=base.based_on if base and is_own else base,
                **{name: value for name, value in said.items() if name != "phases"},
            )
            what = "changed" if is_own else "copied" if base else "created"
            record(
                f"{kind_of(kind)}.{what}",
                subject=made,
                by=by,
                at=at,
                clinic_id=clinic.pk,
                slug=slug,
                version=made.version,
                supersedes=str(current.pk) if current else None,
            )
            return made
    except IntegrityError as error:
        if key is not None and kind.objects.filter(pk=key).exists():
            raise AlreadyCreated from error
        raise


def _hash(said: Values) -> str:
    plain = {name: str(value.pk) if isinstance(value, Media) else value for name, value in said.items()}
    return hashlib.sha256(json.dumps(plain, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def _free_slug(kind: type[Content], clinic: Clinic, name: str) -> str:
    """A slug of the name that neither the clinic nor the built-in content has ever used."""
    stem = slugify(name)[: SLUG_LENGTH - 4].strip("-") or kind_of(kind)
    taken = set(seen_in(kind.objects.filter(slug__startswith=stem), [clinic]).values_list("slug", flat=True))
    numbered = (f"{stem}-{number}" for number in range(2, 1000))
    return stem if stem not in taken else next(slug for slug in numbered if slug not in taken)


def _media(
    before: Media | None, kind: Media.Kind, shown: Shown, *, clinic: Clinic, by: User, at: dt.datetime
) -> Media | None:
    """The photo or clip of the next version; a new file waits to be prepared."""
    if shown.upload is not None:
        media = Media(
            clinic=clinic, kind=kind, alternative=shown.alternative, uploaded_by=by, uploaded_at=at
        )  # a name of ours: what the file was called may name a person
        media.upload.save(str(media.pk), shown.upload, save=False)
        media.save()
        record("media.uploaded", subject=media, by=by, at=at, clinic_id=clinic.pk, what=str(kind))
        return media
    if before is None or shown.remove:
        return None
    if shown.alternative and shown.alternative != before.alternative:
        Media.objects.filter(pk=before.pk).update(alternative=shown.alternative)
        record("media.described", subject=before, by=by, at=at, clinic_id=clinic.pk)
    return before
