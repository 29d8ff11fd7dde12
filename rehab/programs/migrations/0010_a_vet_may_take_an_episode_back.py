"""A vet may say that an episode was no new one: it stays on record, and another may have its number."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0006_opening_hours"),
        ("patients", "0007_outcome_scores_and_farewells"),
        ("programs", "0009_every_dog_with_a_program_has_an_episode"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="episode",
            name="one_episode_per_patient_and_number",
        ),
        migrations.AddField(
            model_name="episode",
            name="withdrawn_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="episode",
            name="withdrawn_because",
            field=models.CharField(blank=True, max_length=500),
        ),
        migrations.AddIndex(
            model_name="episode",
            index=models.Index(fields=["patient", "number"], name="episode_by_patient"),
        ),
        migrations.AddConstraint(
            model_name="episode",
            constraint=models.UniqueConstraint(
                condition=models.Q(("withdrawn_at", None)),
                fields=("patient", "number"),
                name="one_standing_episode_per_patient_and_number",
            ),
        ),
        migrations.AddConstraint(
            model_name="episode",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("withdrawn_at", None), ("withdrawn_because", "")),
                    models.Q(
                        ("number__gt", 1),
                        ("withdrawn_at__isnull", False),
                        models.Q(("withdrawn_because", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="a_withdrawn_episode_says_why",
            ),
        ),
    ]
