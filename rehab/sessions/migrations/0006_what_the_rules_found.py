"""A report has a key of its own: the rules may find a warning sign that nobody said."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models import F, Q

import rehab.lib.ids


def link_commands(apps, schema_editor):
    """Until now a report's key was that of its command."""
    apps.get_model("rehab_sessions", "WarningReport").objects.update(command_id=F("id"))


def pointing(*, db_constraint):
    return models.OneToOneField(
        db_constraint=db_constraint,
        on_delete=django.db.models.deletion.CASCADE,
        primary_key=True,
        related_name="release",
        serialize=False,
        to="rehab_sessions.warningreport",
    )


class Migration(migrations.Migration):
    dependencies = [
        ("rehab_sessions", "0005_reads_have_their_indexes"),
    ]

    operations = [
        migrations.RemoveIndex("warningreport", "report_by_patient"),
        # SQLite would go on pointing at the column by its old name: without a constraint, and with it again below.
        migrations.AlterField("release", "report", pointing(db_constraint=False)),
        migrations.RenameField("warningreport", "command", "id"),
        migrations.AlterField(
            "warningreport",
            "id",
            models.UUIDField(default=rehab.lib.ids.new_id, editable=False, primary_key=True, serialize=False),
        ),
        migrations.AddField(
            "warningreport",
            "command",
            models.OneToOneField(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="report",
                to="rehab_sessions.command",
            ),
        ),
        migrations.RunPython(link_commands, migrations.RunPython.noop),
        migrations.AlterField("release", "report", pointing(db_constraint=True)),
        migrations.AddField("warningreport", "rules", models.JSONField(default=list)),
        migrations.AddField("warningreport", "numbers", models.JSONField(default=dict)),
        migrations.AlterField(
            "warningreport",
            "recorded_by",
            models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddConstraint(
            "warningreport",
            models.CheckConstraint(
                condition=Q(command__isnull=False, recorded_by__isnull=False, rules=[])
                | Q(command=None, recorded_by=None),
                name="a_report_is_said_by_somebody_or_found",
            ),
        ),
        migrations.AddIndex(
            "warningreport",
            models.Index(fields=["patient", "-done_at", "-id"], name="report_by_patient"),
        ),
    ]
