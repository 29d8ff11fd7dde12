from django.db import migrations, models

import accounts.models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0004_phone_keys_stay"),
    ]

    operations = [
        migrations.AlterField(
            model_name="user",
            name="phone_key",
            field=models.CharField(default=accounts.models.new_phone_key, editable=False, max_length=16, unique=True),
        ),
    ]
