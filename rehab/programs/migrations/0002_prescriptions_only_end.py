"""A prescription can be ended once and never changed otherwise, whoever asks: the database refuses."""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

TABLE = "programs_prescription"
NAME = "prescription_only_ends"

# Every column but the two that end it; "position" may change, for it only orders the page.
FIXED = (
    "clinic_id",
    "patient_id",
    "program_id",
    "exercise_id",
    "phase",
    "dose",
    "times_per_day",
    "weekdays",
    "is_one_off",
    "anchor",
    "note",
    "starts_on",
    "started_by_id",
)
SQLITE_CHANGED = " OR ".join(f"OLD.{column} IS NOT NEW.{column}" for column in FIXED)
POSTGRESQL_CHANGED = " OR ".join(f"OLD.{column} IS DISTINCT FROM NEW.{column}" for column in FIXED)

SQLITE = f"""
CREATE TRIGGER {NAME} BEFORE UPDATE ON {TABLE} WHEN OLD.ended_by_id IS NOT NULL OR {SQLITE_CHANGED}
BEGIN SELECT RAISE(ABORT, 'a prescription is immutable but for its end'); END
"""
POSTGRESQL = (
    f"""
CREATE FUNCTION {NAME}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'a prescription is immutable but for its end' USING ERRCODE = 'integrity_constraint_violation'; END $$
""",
    f"""
CREATE TRIGGER {NAME} BEFORE UPDATE ON {TABLE} FOR EACH ROW
WHEN (OLD.ended_by_id IS NOT NULL OR {POSTGRESQL_CHANGED}) EXECUTE FUNCTION {NAME}()
""",
)


def forwards(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    if schema_editor.connection.vendor == "postgresql":
        for statement in POSTGRESQL:
            schema_editor.execute(statement)
    else:
        schema_editor.execute(SQLITE)


def backwards(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(f"DROP TRIGGER {NAME} ON {TABLE}")
        schema_editor.execute(f"DROP FUNCTION {NAME}()")
    else:
        schema_editor.execute(f"DROP TRIGGER {NAME}")


class Migration(migrations.Migration):
    dependencies = [("programs", "0001_initial")]

    operations = [migrations.RunPython(forwards, backwards)]
