"""Dogs that had a program before episodes were kept are in their first."""

from django.db import migrations
from django.db.models import Min

from rehab.lib.ids import new_id

BATCH = 1000


def forwards(apps, schema_editor):  # type: ignore[no-untyped-def]
    Program, Episode = apps.get_model("programs", "Program"), apps.get_model("programs", "Episode")  # noqa: N806 - classes
    first = (
        Program.objects.values("patient_id", "clinic_id")
        .annotate(opened_on=Min("starts_on"), opened_at=Min("created_at"))
        .order_by("patient_id")
    )
    rows = [Episode(id=new_id(), number=1, because="first", **one) for one in first.iterator(chunk_size=BATCH)]
    Episode.objects.bulk_create(rows, batch_size=BATCH, ignore_conflicts=True)


class Migration(migrations.Migration):
    dependencies = [("programs", "0008_episodes_and_checkpoints")]

    operations = [migrations.RunPython(forwards, migrations.RunPython.noop)]
