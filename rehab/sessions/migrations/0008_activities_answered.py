"""A phone may say how hard the activities of the dog’s own life are."""

from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0006_opening_hours"),
        ("patients", "0007_outcome_scores_and_farewells"),
        ("rehab_sessions", "0007_what_became_of_a_warning"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="command",
            name="command_kind_is_known",
        ),
        migrations.AlterField(
            model_name="command",
            name="kind",
            field=models.CharField(
                choices=[
                    ("tick", "done"),
                    ("partial", "done in part"),
                    ("stop", "stopped early"),
                    ("skip", "skipped"),
                    ("undo", "taken back"),
                    ("pain", "pain reported"),
                    ("exposure", "rung practised"),
                    ("response", "how the dog was"),
                    ("medicine", "medicine"),
                    ("measure", "measured"),
                    ("report", "warning signs checked"),
                    ("message", "message"),
                    ("activities", "activities of the dog’s own life"),
                ],
                max_length=16,
            ),
        ),
        migrations.AddConstraint(
            model_name="command",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "kind__in",
                        [
                            "tick",
                            "partial",
                            "stop",
                            "skip",
                            "undo",
                            "pain",
                            "exposure",
                            "response",
                            "medicine",
                            "measure",
                            "report",
                            "message",
                            "activities",
                        ],
                    )
                ),
                name="command_kind_is_known",
            ),
        ),
    ]
