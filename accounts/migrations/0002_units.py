from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0001_initial"),
    ]

    operations = [
        migrations.AddField(
            model_name="user",
            name="units",
            field=models.CharField(
                choices=[("metric", "Kilograms and centimetres"), ("imperial", "Pounds and inches")],
                default="metric",
                max_length=8,
                verbose_name="units",
            ),
        ),
        migrations.AddConstraint(
            model_name="user",
            constraint=models.CheckConstraint(
                condition=models.Q(units__in=["metric", "imperial"]), name="units_are_known"
            ),
        ),
    ]
