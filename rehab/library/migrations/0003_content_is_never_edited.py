"""Content is never edited in place, whoever asks: what was prescribed last month still says what it said then.

A change is the next version. What may be written to a row afterwards: that it is superseded, or used again; and that the
photo, the clip or the version that it came from is gone.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

TEXT = "content is never edited in place: a change is the next version"
KINDS = ("exercise", "protocol", "protocolphase", "ladder", "redflag")
MAY_CHANGE = {"superseded_at"}
MAY_BE_GONE = {"based_on_id", "photo_id", "clip_id"}


@dataclass(frozen=True, kw_only=True)
class Trigger:
    """What the database refuses before it inserts into or updates a table: ``refuses`` is a condition in its own words."""

    name: str
    table: str
    moment: str
    refuses: str
    text: str


def set_triggers(schema_editor: BaseDatabaseSchemaEditor, triggers: Iterable[Trigger]) -> None:
    for trigger in triggers:
        if schema_editor.connection.vendor == "sqlite":
            schema_editor.execute(
                f"CREATE TRIGGER {trigger.name} BEFORE {trigger.moment} ON {trigger.table} WHEN {trigger.refuses} "
                f"BEGIN SELECT RAISE(ABORT, '{trigger.text}'); END"
            )
            continue
        schema_editor.execute(
            f"CREATE FUNCTION {trigger.name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF {trigger.refuses} THEN "
            f"RAISE EXCEPTION '{trigger.text}' USING ERRCODE = 'integrity_constraint_violation'; "
            "END IF; RETURN NEW; END $$"
        )
        schema_editor.execute(
            f"CREATE TRIGGER {trigger.name} BEFORE {trigger.moment} ON {trigger.table} "
            f"FOR EACH ROW EXECUTE FUNCTION {trigger.name}()"
        )


def drop_triggers(schema_editor: BaseDatabaseSchemaEditor, triggers: Iterable[Trigger]) -> None:
    # IF EXISTS: SQLite may have lost a trigger already, when a later migration rebuilt the table.
    for trigger in triggers:
        if schema_editor.connection.vendor == "sqlite":
            schema_editor.execute(f"DROP TRIGGER IF EXISTS {trigger.name}")
        else:
            schema_editor.execute(f"DROP TRIGGER IF EXISTS {trigger.name} ON {trigger.table}")
            schema_editor.execute(f"DROP FUNCTION IF EXISTS {trigger.name}()")


def _triggers(vendor: str, apps: StateApps) -> Iterator[Trigger]:
    differ = "IS NOT" if vendor == "sqlite" else "IS DISTINCT FROM"
    for kind in KINDS:
        columns = [field.column for field in apps.get_model("library", kind)._meta.concrete_fields]
        changed = [
            f"OLD.{column} {differ} NEW.{column}" for column in columns if column not in MAY_CHANGE | MAY_BE_GONE
        ]
        exchanged = [
            f"(NEW.{column} IS NOT NULL AND OLD.{column} {differ} NEW.{column})"
            for column in columns
            if column in MAY_BE_GONE
        ]
        yield Trigger(
            name=f"{kind}_is_never_edited",
            table=f"library_{kind}",
            moment="UPDATE",
            refuses=" OR ".join([*changed, *exchanged]),
            text=TEXT,
        )


def forwards(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    set_triggers(schema_editor, _triggers(schema_editor.connection.vendor, apps))


def backwards(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    drop_triggers(schema_editor, _triggers(schema_editor.connection.vendor, apps))


class Migration(migrations.Migration):
    dependencies = [("library", "0002_own_media_ladders_and_red_flags")]

    operations = [migrations.RunPython(forwards, backwards)]
