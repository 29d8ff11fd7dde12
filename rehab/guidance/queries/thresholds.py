"""The numbers that clinics have set for themselves."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from uuid import UUID

from django.db.models import QuerySet, Window
from django.db.models.functions import RowNumber

from rehab.guidance.models import ThresholdChange


def thresholds_of(clinic_ids: Collection[UUID] | QuerySet[Any, Any]) -> dict[UUID, dict[str, dict[str, int]]]:
    """The clinics' own thresholds as ``{clinic: {profile: {name: value}}}``; one statement for any number of clinics."""
    found: dict[UUID, dict[str, dict[str, int]]] = {}
    newest = Window(RowNumber(), partition_by=["clinic", "profile", "name"], order_by=["-changed_at", "-pk"])
    for clinic, profile, name, value in (
        ThresholdChange.objects.filter(clinic__in=clinic_ids)
        .annotate(place=newest)
        .filter(place=1)
        .values_list("clinic_id", "profile", "name", "value")
    ):
        if value is not None:
            found.setdefault(clinic, {}).setdefault(profile, {})[name] = value
    return found
