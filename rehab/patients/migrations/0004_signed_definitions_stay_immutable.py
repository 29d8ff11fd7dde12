"""SQLite rebuilds a table to add constraints, and loses its triggers on the way: set the one of 0002 again."""

from importlib import import_module

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

before = import_module("rehab.patients.migrations.0002_signed_definitions_are_immutable")


def forwards(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    if schema_editor.connection.vendor == "sqlite":
        schema_editor.execute(f"DROP TRIGGER IF EXISTS {before.NAME}")
        schema_editor.execute(before.SQLITE)


class Migration(migrations.Migration):
    dependencies = [("patients", "0003_the_whole_definition_and_observations")]

    operations = [migrations.RunPython(forwards, migrations.RunPython.noop)]
