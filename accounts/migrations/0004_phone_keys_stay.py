from django.db import migrations
from django.utils.crypto import salted_hmac

BATCH = 1000


def keep_the_keys(apps, schema_editor):
    """Give each account the key under which its phones hold their records today."""
    user_model = apps.get_model("accounts", "User")
    nameless = user_model.objects.using(schema_editor.connection.alias).filter(phone_key=None).order_by("pk")
    while users := list(nameless.only("pk")[:BATCH]):
        for user in users:
            # As rehab.lib.user_key made it until now.
            said = salted_hmac("rehab.lib.user_key", str(user.pk), algorithm="sha256").hexdigest()
            user.phone_key = said[:16]
        user_model.objects.using(schema_editor.connection.alias).bulk_update(users, ["phone_key"])


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0003_phone_key"),
    ]

    operations = [
        migrations.RunPython(keep_the_keys, migrations.RunPython.noop, elidable=True),
    ]
