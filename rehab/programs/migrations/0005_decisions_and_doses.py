"""A decision is never changed, and a dose outside its exercise's range has a reason, whoever asks.

What the database cannot say simply is held by the actions: that a program's phase and profile change by a decision, and
that the growth of a dose ends inside the range.
"""

from collections.abc import Iterator
from importlib import import_module
from typing import Any

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

content = import_module("rehab.library.migrations.0003_content_is_never_edited")

# What a dose means where it does not say it (rehab.programs.dose).
SILENT = {"sets": 1, "per_day": 1, "days_per_week": 7}

WITHOUT_A_REASON = """
EXISTS (SELECT 1 FROM programs_decision d WHERE d.id = NEW.started_by_id AND trim(d.reason) = '')
"""
# Only ranges of two numbers, and only numbers of the dose; a hold of 0 seconds is no hold.
OUTSIDE = {
    "sqlite": """
EXISTS (
    SELECT 1 FROM (
        SELECT
            r.key AS part,
            CASE WHEN s.type IN ('integer', 'real') THEN s.value WHEN s.type IS NULL OR s.type = 'null' THEN {silent} END
            AS said,
            json_extract(r.value, '$[0]') AS low,
            json_extract(r.value, '$[1]') AS high
        FROM library_exercise e
        JOIN json_each(e.dose_range) r ON r.type = 'array' AND json_array_length(r.value) = 2
        LEFT JOIN json_each(NEW.dose) s ON s.key = r.key
        WHERE e.id = NEW.exercise_id
    ) compared
    WHERE (said < low OR said > high) AND NOT (part = 'hold_s' AND said = 0)
)
""",
    "postgresql": """
EXISTS (
    SELECT 1 FROM (
        SELECT
            r.key AS part,
            CASE jsonb_typeof(COALESCE(NEW.dose -> r.key, 'null'))
                WHEN 'number' THEN NEW.dose -> r.key WHEN 'null' THEN to_jsonb({silent})
            END AS said,
            r.value -> 0 AS low,
            r.value -> 1 AS high
        FROM library_exercise e
        JOIN jsonb_each(e.dose_range) r
        ON CASE jsonb_typeof(r.value) WHEN 'array' THEN jsonb_array_length(r.value) END = 2
        WHERE e.id = NEW.exercise_id
    ) compared
    WHERE (said < low OR said > high) AND NOT (part = 'hold_s' AND said = '0')
)
""",
}


def _triggers(vendor: str) -> Iterator[Any]:
    yield content.Trigger(
        name="decision_is_immutable",
        table="programs_decision",
        moment="UPDATE",
        refuses="TRUE",
        text="a decision is immutable",
    )
    whens = " ".join(f"WHEN '{part}' THEN {number}" for part, number in SILENT.items())
    yield content.Trigger(
        name="dose_outside_its_range_has_a_reason",
        table="programs_prescription",
        moment="INSERT",
        refuses=f"{WITHOUT_A_REASON} AND {OUTSIDE[vendor].format(silent=f'CASE r.key {whens} END')}",
        text="a dose outside the range of its exercise has a reason",
    )


def forwards(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    content.set_triggers(schema_editor, _triggers(schema_editor.connection.vendor))


def backwards(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    content.drop_triggers(schema_editor, _triggers(schema_editor.connection.vendor))


class Migration(migrations.Migration):
    dependencies = [
        ("programs", "0004_the_gate_in_the_database"),
        ("library", "0003_content_is_never_edited"),
    ]

    operations = [migrations.RunPython(forwards, backwards)]
