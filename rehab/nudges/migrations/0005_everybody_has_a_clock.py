"""Each person's row of preferences is made and follows the person's time zone by triggers: see NudgePreference."""

# ruff: noqa: S608 (only constants go into the statements)

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

TABLE, USERS = "nudges_nudgepreference", "accounts_user"
MADE, MOVED = "person_has_a_nudge_clock", "nudge_clock_follows_the_person"

SQLITE = (
    f"""
CREATE TRIGGER {MADE} AFTER INSERT ON {USERS}
BEGIN INSERT OR IGNORE INTO {TABLE} (user_id, time_zone) VALUES (NEW.id, NEW.time_zone); END
""",
    f"""
CREATE TRIGGER {MOVED} AFTER UPDATE OF time_zone ON {USERS} WHEN NEW.time_zone <> OLD.time_zone
BEGIN UPDATE {TABLE} SET time_zone = NEW.time_zone WHERE user_id = NEW.id; END
""",
)
POSTGRESQL = (
    f"""
CREATE FUNCTION {MADE}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO {TABLE} (user_id, time_zone) VALUES (NEW.id, NEW.time_zone) ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$
""",
    f"CREATE TRIGGER {MADE} AFTER INSERT ON {USERS} FOR EACH ROW EXECUTE FUNCTION {MADE}()",
    f"""
CREATE FUNCTION {MOVED}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE {TABLE} SET time_zone = NEW.time_zone WHERE user_id = NEW.id;
    RETURN NULL;
END $$
""",
    f"""
CREATE TRIGGER {MOVED} AFTER UPDATE OF time_zone ON {USERS} FOR EACH ROW
WHEN (NEW.time_zone <> OLD.time_zone) EXECUTE FUNCTION {MOVED}()
""",
)
EVERYBODY = f"""
INSERT INTO {TABLE} (user_id, time_zone)
SELECT id, time_zone FROM {USERS} WHERE true ON CONFLICT (user_id) DO UPDATE SET time_zone = excluded.time_zone
"""
# Until now a time was only stored when a person had chosen it.
CHOSEN = f"UPDATE {TABLE} SET follows_habit = FALSE"


def forwards(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    schema_editor.execute(CHOSEN)
    schema_editor.execute(EVERYBODY)
    for statement in POSTGRESQL if schema_editor.connection.vendor == "postgresql" else SQLITE:
        schema_editor.execute(statement)


def backwards(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    for name in (MADE, MOVED):
        if schema_editor.connection.vendor == "postgresql":
            schema_editor.execute(f"DROP TRIGGER {name} ON {USERS}")
            schema_editor.execute(f"DROP FUNCTION {name}()")
        else:
            schema_editor.execute(f"DROP TRIGGER {name}")


class Migration(migrations.Migration):
    dependencies = [("nudges", "0004_kinds_phones_and_words"), ("accounts", "0006_opening_hours")]

    operations = [migrations.RunPython(forwards, backwards)]
