from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("rehab_sessions", "0004_clips"),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name="warningreport",
            name="report_by_patient",
        ),
        migrations.AddIndex(
            model_name="warningreport",
            index=models.Index(fields=["patient", "-done_at", "-command"], name="report_by_patient"),
        ),
        migrations.AddIndex(
            model_name="command",
            index=models.Index(
                condition=models.Q(("device__isnull", False)),
                fields=["issued_by", "received_at"],
                name="command_by_person",
            ),
        ),
        migrations.AddIndex(
            model_name="refusedcommand",
            index=models.Index(fields=["received_at", "issued_by"], name="refused_by_arrival"),
        ),
    ]
