"""Which version of a clinic's own content is used: one at a time, and none is ever edited."""

from __future__ import annotations

import datetime as dt
from typing import TypeVar

from django.db import transaction

from accounts.models import Clinic, User, record
from rehab.library.models import Content, Exercise, ProtocolPhase

C = TypeVar("C", bound=Content)


class ContentChanged(Exception):
    """Somebody else saved or retired it since it was read; ``stored`` is the version that is used now, if any."""

    def __init__(self, stored: Content | None) -> None:
        super().__init__()
        self.stored = stored


class StillUsed(Exception):
    """Current protocols of the clinic name it, and no built-in one would take its place."""

    def __init__(self, protocols: list[str]) -> None:
        super().__init__(", ".join(protocols))
        self.protocols = protocols


@transaction.atomic
def retire(*, content: Content, by: User, at: dt.datetime) -> None:
    """Take a clinic's own exercise or protocol out of use; what is prescribed stays, and it can be restored.

    Raises:
        ContentChanged: it is not the version that is used.
        StillUsed: protocols of the clinic name it.
    """
    clinic = _locked(content)
    stored = type(content).objects.current().filter(pk=content.pk).first()
    if stored is None:
        raise ContentChanged(current_of(type(content), clinic, content.slug))
    users = _named_by(content, clinic)
    if users:
        raise StillUsed(users)
    type(content).objects.filter(pk=stored.pk).update(superseded_at=at)
    record(f"{kind_of(content)}.retired", subject=stored, by=by, at=at, clinic_id=clinic.pk, slug=content.slug)


@transaction.atomic
def restore(*, content: Content, by: User, at: dt.datetime) -> None:
    """Use a retired exercise or protocol again, in its last version.

    Raises:
        ContentChanged: a version is in use, or this is not the last one.
    """
    clinic = _locked(content)
    current = current_of(type(content), clinic, content.slug)
    newest = type(content).objects.filter(clinic=clinic, slug=content.slug).order_by("-version").first()
    if current is not None or newest is None or newest.pk != content.pk:
        raise ContentChanged(current)
    type(content).objects.filter(pk=content.pk).update(superseded_at=None)
    record(f"{kind_of(content)}.restored", subject=newest, by=by, at=at, clinic_id=clinic.pk, slug=content.slug)


def kind_of(content: Content | type[Content]) -> str:
    return str(content._meta.model_name)


def _locked(content: Content) -> Clinic:
    """The clinic, locked: its content changes one at a time."""
    assert content.clinic_id is not None  # noqa: S101 - built-in content has no page that retires it
    return Clinic.objects.select_for_update(no_key=True).get(pk=content.clinic_id)


def current_of(kind: type[C], clinic: Clinic, slug: str) -> C | None:
    found: C | None = kind.objects.current().filter(clinic=clinic, slug=slug).first()
    return found


def _named_by(content: Content, clinic: Clinic) -> list[str]:
    """The clinic's current protocols that would name nothing without this row."""
    kind, key = type(content), "exercise" if isinstance(content, Exercise) else "ref_protocol"
    if kind.objects.built_in().current().filter(slug=content.slug).exists():
        return []
    phases = ProtocolPhase.objects.filter(protocol__clinic=clinic, protocol__superseded_at=None).exclude(
        protocol=content.pk
    )
    return sorted(
        {
            phase.protocol.name
            for phase in phases.select_related("protocol")
            if any(content.slug in (item.get(key), item.get("replaces")) for item in phase.items)
        }
    )
