"""What no signed definition says, refused by the database whoever signs: V4, V5, V6, days to come, another cause's leaf.

The database holds what ends up in a decision row or a limit and what never changes: these rules, and the shape of the
lists. Which signs, findings and habits there are is content, which grows; so the form and the action know the codes, and
here they are only texts. The leaves of a cause are few and their own words for a diagnosis, so they stand here too.

Triggers, not constraints: for a constraint SQLite would build the table anew, which triggers of other tables name.
"""

from collections.abc import Iterator
from importlib import import_module
from typing import Any

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

content = import_module("rehab.library.migrations.0003_content_is_never_edited")

TABLE = "patients_problemdefinition"
LEAVES = {
    "arthritis": ("spondylosis", "facet_arthritis"),
    "disc": ("ivdd_conservative", "ivdd_postop", "lumbosacral_disc"),
    "soft_tissue": ("muscle_strain", "ligament_sprain", "iliopsoas"),
    "inflammatory": ("discospondylitis", "meningitis_immune", "other_infection"),
    "other_neuro": ("fce", "degenerative_myelopathy", "spinal_fracture", "tumour", "unknown"),
    "compensatory": ("hip_dysplasia", "patellar_luxation", "cruciate", "other_limb"),
}
CODES = ("signs", "findings", "habits")
LISTS = (*CODES, "medicines", "activities")

NO_TEXTS = "EXISTS (SELECT 1 FROM json_each(NEW.{column}) c WHERE c.type <> 'text')"

# {day_after}: the day after it was signed, because the dog's day may be ahead of the clock of the server.
REFUSALS = {
    "signed_definition_is_of_the_past": (
        "NEW.onset_on > {day_after} OR NEW.surgery_on > {day_after}",
        "the onset and the surgery of a signed definition are past",
    ),
    "soft_tissue_means_no_deficit": (
        "NEW.cause = 'soft_tissue' AND NEW.neuro_deficit",
        "V4: a soft-tissue injury has no deficit",
    ),
    "nerve_cause_means_nerve_mechanism": (
        "NEW.cause IN ('disc', 'other_neuro') AND NEW.neuro_grade >= 2 AND NEW.mechanism NOT IN ('neurologic', 'mixed')",
        "V5: a cause in the nerves with a deficit has a neurologic mechanism",
    ),
    "grade_4_means_deep_pain_and_bladder": (
        "NEW.neuro_grade >= 4 AND (NEW.deep_pain IN ('', 'not_tested') OR trim(NEW.bladder_plan) = '')",
        "V6: from grade 4 on deep pain is tested and there is a bladder plan",
    ),
    "leaf_is_of_its_cause": (
        "NEW.leaf <> '' AND NOT ({leaf_of_cause})",
        "the diagnosis is one of its cause",
    ),
    "signed_lists_are_lists": ("{no_lists}", "signs, findings, habits, medicines and activities are lists"),
}


def _words(vendor: str) -> dict[str, str]:
    leaf_of_cause = " OR ".join(
        f"(NEW.cause = '{cause}' AND NEW.leaf IN ({', '.join(repr(leaf) for leaf in leaves)}))"
        for cause, leaves in LEAVES.items()
    )
    if vendor == "sqlite":
        return {
            "day_after": "date(NEW.signed_at, '+1 day')",
            "leaf_of_cause": leaf_of_cause,
            "no_lists": " OR ".join(
                [
                    *(f"json_type(NEW.{column}) <> 'array'" for column in LISTS),
                    "json_type(NEW.baseline) <> 'object'",
                    *(NO_TEXTS.format(column=column) for column in CODES),
                ]
            ),
        }
    return {
        "day_after": "((NEW.signed_at AT TIME ZONE 'UTC') + interval '1 day')::date",
        "leaf_of_cause": leaf_of_cause,
        "no_lists": " OR ".join(
            [
                *(f"jsonb_typeof(NEW.{column}) <> 'array'" for column in LISTS),
                "jsonb_typeof(NEW.baseline) <> 'object'",
                *(f"NEW.{column} @? '$[*] ? (@.type() != \"string\")'" for column in CODES),
            ]
        ),
    }


def _triggers(vendor: str) -> Iterator[Any]:
    for name, (refused, text) in REFUSALS.items():
        condition = refused.format(**_words(vendor))
        for moment, when, draft in (("INSERT", "at_first", ""), ("UPDATE", "later", "OLD.signed_at IS NULL AND ")):
            yield content.Trigger(
                name=f"{name}_{when}",
                table=TABLE,
                moment=moment,
                refuses=f"{draft}NEW.signed_at IS NOT NULL AND ({condition})",
                text=text,
            )


def forwards(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    content.set_triggers(schema_editor, _triggers(schema_editor.connection.vendor))


def backwards(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    content.drop_triggers(schema_editor, _triggers(schema_editor.connection.vendor))


class Migration(migrations.Migration):
    dependencies = [
        ("patients", "0004_signed_definitions_stay_immutable"),
        ("library", "0003_content_is_never_edited"),
    ]

    operations = [migrations.RunPython(forwards, backwards)]
