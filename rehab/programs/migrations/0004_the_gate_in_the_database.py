"""What must never be, refused by the database whoever asks.

A program stands on the newest signed, unexpired definition of its own dog and on a protocol that its row allows; a
prescription is of its program's dog and of an exercise that its clinic may use, and like a ladder's rung it only ends.
"""

from collections.abc import Iterator
from importlib import import_module

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

before = import_module("rehab.programs.migrations.0002_prescriptions_only_end")

FIXED = {
    "programs_prescription": (*before.FIXED, "aim"),
    "programs_ladderstep": (
        "clinic_id",
        "patient_id",
        "program_id",
        "ladder_id",
        "activity",
        "rung",
        "starts_on",
        "started_by_id",
    ),
}
ONLY_ENDS = {
    before.NAME: ("programs_prescription", "a prescription is immutable but for its end"),
    "ladder_step_only_ends": ("programs_ladderstep", "a rung is immutable but for its end"),
}

# {contains}: the JSON list of the protocol's rows holds the program's row; {day_before}: the day before the program was
# made, because the dog's day may be behind the clock of the server. Both in the database's own words.
PROGRAM_STANDS = """
EXISTS (
    SELECT 1 FROM patients_problemdefinition d
    WHERE d.id = NEW.definition_id AND d.patient_id = NEW.patient_id AND d.clinic_id = NEW.clinic_id
    AND d.signed_at IS NOT NULL
    AND NOT EXISTS (
        SELECT 1 FROM patients_problemdefinition newer
        WHERE newer.patient_id = d.patient_id AND newer.signed_at IS NOT NULL AND newer.version > d.version
    )
    AND d.re_exam_due_on >= {day_before}
)
AND (NEW.protocol_id IS NULL OR EXISTS (SELECT 1 FROM library_protocol p WHERE p.id = NEW.protocol_id AND {contains}))
"""
PRESCRIPTION_STANDS = """
EXISTS (
    SELECT 1 FROM programs_program g JOIN library_exercise e ON e.id = NEW.exercise_id
    WHERE g.id = NEW.program_id AND g.patient_id = NEW.patient_id AND g.clinic_id = NEW.clinic_id
    AND (e.clinic_id IS NULL OR e.clinic_id = NEW.clinic_id)
)
"""

REFUSALS = {
    "program_stands_on_its_definition": (
        "programs_program",
        "definition_id, protocol_id, decision_row, patient_id, clinic_id",
        PROGRAM_STANDS,
        "a program stands on the newest signed definition of its dog and a protocol that its row allows",
    ),
    "prescription_stands_in_its_program": (
        "programs_prescription",
        "",
        PRESCRIPTION_STANDS,
        "a prescription is of its program, its dog and an exercise of its clinic",
    ),
}
WORDS = {
    "sqlite": {
        "contains": "EXISTS (SELECT 1 FROM json_each(p.rows) r WHERE r.value = NEW.decision_row)",
        "day_before": "date(NEW.created_at, '-1 day')",
    },
    "postgresql": {
        "contains": "p.rows @> to_jsonb(NEW.decision_row::text)",
        "day_before": "(NEW.created_at - interval '1 day')::date",
    },
}


def _changed(vendor: str, table: str) -> str:
    differ = "IS NOT" if vendor == "sqlite" else "IS DISTINCT FROM"
    return " OR ".join(f"OLD.{column} {differ} NEW.{column}" for column in FIXED[table])


def _triggers(vendor: str) -> Iterator[tuple[str, str, str, str, str]]:
    """Name, table, moment, the condition that refuses, and the message of each trigger."""
    for name, (table, text) in ONLY_ENDS.items():
        yield name, table, "UPDATE", f"OLD.ended_by_id IS NOT NULL OR {_changed(vendor, table)}", text
    for name, (table, columns, stands, text) in REFUSALS.items():
        condition = f"NOT ({stands.format(**WORDS[vendor])})"
        yield f"{name}_at_first", table, "INSERT", condition, text
        if columns:
            yield f"{name}_later", table, f"UPDATE OF {columns}", condition, text


def forwards(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    vendor = schema_editor.connection.vendor
    _drop(schema_editor, before.NAME, "programs_prescription")
    for name, table, moment, condition, text in _triggers(vendor):
        if vendor == "sqlite":
            schema_editor.execute(
                f"CREATE TRIGGER {name} BEFORE {moment} ON {table} WHEN {condition} "
                f"BEGIN SELECT RAISE(ABORT, '{text}'); END"
            )
            continue
        schema_editor.execute(
            f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF {condition} THEN "
            f"RAISE EXCEPTION '{text}' USING ERRCODE = 'integrity_constraint_violation'; "
            "END IF; RETURN NEW; END $$"
        )
        schema_editor.execute(
            f"CREATE TRIGGER {name} BEFORE {moment} ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()"
        )


def backwards(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    for name, table, *_ in _triggers(schema_editor.connection.vendor):
        _drop(schema_editor, name, table)
    before.forwards(apps, schema_editor)


def _drop(schema_editor: BaseDatabaseSchemaEditor, name: str, table: str) -> None:
    # IF EXISTS: SQLite may have lost a trigger already, when a later migration rebuilt the table.
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(f"DROP TRIGGER IF EXISTS {name} ON {table}")
        schema_editor.execute(f"DROP FUNCTION IF EXISTS {name}()")
    else:
        schema_editor.execute(f"DROP TRIGGER IF EXISTS {name}")


class Migration(migrations.Migration):
    dependencies = [
        ("programs", "0003_phases_ladders_and_teach_back"),
        ("library", "0002_own_media_ladders_and_red_flags"),
    ]

    operations = [migrations.RunPython(forwards, backwards)]
