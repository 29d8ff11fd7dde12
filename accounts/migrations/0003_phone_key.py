from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0002_units"),
    ]

    operations = [
        migrations.AddField(
            model_name="user",
            name="phone_key",
            field=models.CharField(editable=False, max_length=16, null=True, unique=True),
        ),
    ]
