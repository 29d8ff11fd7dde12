"""Content is never edited in place, whoever asks."""

import datetime as dt
from typing import Any

import pytest
from django.db import IntegrityError, connection, models, transaction

from accounts.models import Clinic, User
from rehab.library.actions import load_library
from rehab.library.models import Exercise, Ladder, Media, Protocol, ProtocolPhase, RedFlag
from tests import make

# What may be written, or is no content of its own; the keys that may be empty are tested below.
LEFT_OUT = {"id", "protocol", "superseded_at", "clinic", "based_on", "photo", "clip"}


@pytest.fixture
def library(db: None) -> None:
    load_library(at=make.NOW)


def refused(rows: models.QuerySet[Any], /, **fields: Any) -> bool:
    with pytest.raises(IntegrityError, match="content is never edited in place"), transaction.atomic():
        rows.update(**fields)
    return True


def another(value: Any) -> Any:
    """A value of the same kind that is not this one."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, str):
        return "" if value else "x"
    if value is None:
        return 1
    if isinstance(value, dt.datetime):
        return value - dt.timedelta(days=1)
    return value + 1 if isinstance(value, int) else ["other"]


@pytest.mark.parametrize("kind", [Exercise, Protocol, ProtocolPhase, Ladder, RedFlag])
def test_database_refuses_to_edit_content(library: None, kind: type[models.Model]) -> None:
    row = kind._base_manager.all()[:1].get()
    names = {field.name for field in kind._meta.concrete_fields} - LEFT_OUT
    assert len(names) >= 7
    assert all(refused(kind._base_manager.filter(pk=row.pk), **{name: another(getattr(row, name))}) for name in names)


def test_database_refuses_to_give_content_away_or_to_exchange_its_picture(
    clinic: Clinic, vet: User, other_clinic: Clinic
) -> None:
    photo, other = (
        Media.objects.create(clinic=clinic, kind="photo", uploaded_by=vet, uploaded_at=make.NOW) for _ in range(2)
    )
    built_in = make.make_exercise()
    own = make.make_exercise("ours", clinic=clinic, photo=photo, based_on=built_in)
    rows = Exercise.objects.filter(pk=own.pk)
    assert refused(rows, clinic=None)
    assert refused(rows, clinic=other_clinic)
    assert refused(rows, photo=other)
    assert refused(rows, clip=other)
    assert refused(rows, based_on=own)


def test_content_is_superseded_and_outlives_what_it_points_to(clinic: Clinic, vet: User) -> None:
    photo = Media.objects.create(clinic=clinic, kind="photo", uploaded_by=vet, uploaded_at=make.NOW)
    built_in = make.make_exercise()
    own = make.make_exercise("ours", clinic=clinic, photo=photo, based_on=built_in)
    for superseded_at in (make.NOW, None):
        assert Exercise.objects.filter(pk=own.pk).update(superseded_at=superseded_at) == 1
    photo.delete()
    built_in.delete()
    own.refresh_from_db()
    assert (own.photo, own.based_on) == (None, None)


def test_triggers_of_every_table_are_there(db: None) -> None:
    """SQLite loses those of a table that a later migration builds anew."""
    statement = (
        "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        if connection.vendor == "sqlite"
        else "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal"
    )
    with connection.cursor() as cursor:
        cursor.execute(statement)
        assert sorted(name for (name,) in cursor.fetchall()) == [
            "decision_is_immutable",
            "dose_outside_its_range_has_a_reason",
            "exercise_is_never_edited",
            "grade_4_means_deep_pain_and_bladder_at_first",
            "grade_4_means_deep_pain_and_bladder_later",
            "ladder_is_never_edited",
            "ladder_step_only_ends",
            "leaf_is_of_its_cause_at_first",
            "leaf_is_of_its_cause_later",
            "nerve_cause_means_nerve_mechanism_at_first",
            "nerve_cause_means_nerve_mechanism_later",
            "nudge_clock_follows_the_person",
            "person_has_a_nudge_clock",
            "prescription_only_ends",
            "prescription_stands_in_its_program_at_first",
            "program_stands_on_its_definition_at_first",
            "program_stands_on_its_definition_later",
            "protocol_is_never_edited",
            "protocolphase_is_never_edited",
            "redflag_is_never_edited",
            "signed_definition_is_immutable",
            "signed_definition_is_of_the_past_at_first",
            "signed_definition_is_of_the_past_later",
            "signed_lists_are_lists_at_first",
            "signed_lists_are_lists_later",
            "soft_tissue_means_no_deficit_at_first",
            "soft_tissue_means_no_deficit_later",
        ]
