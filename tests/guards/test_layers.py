"""What import-linter does not see: foreign keys by name, and modules whose name says nothing."""

from typing import Any

from django.apps import apps
from django.db.models import Model

from tests.guards.sources import python_files

# Lowest first; a table may refer to its own app and to those before it.
ORDER = ("accounts", "library", "patients", "programs", "rehab_sessions", "guidance", "nudges")
SAYS_NOTHING = {"utils.py", "helpers.py", "common.py", "services.py", "managers.py", "signals.py"}


def own_models() -> list[type[Model]]:
    return [model for model in apps.get_models() if model._meta.app_label in ORDER]


def relations(model: type[Model]) -> list[Any]:
    return [
        field
        for field in (*model._meta.local_fields, *model._meta.local_many_to_many)
        if field.remote_field is not None
    ]


def test_foreign_keys_point_downwards() -> None:
    seen = 0
    upwards = []
    for model in own_models():
        for field in relations(model):
            seen += 1
            target = field.related_model._meta.app_label
            if target in ORDER and ORDER.index(target) > ORDER.index(model._meta.app_label):
                upwards.append(f"{model._meta.label}.{field.name} -> {target}")
    assert upwards == []
    assert seen > 20


def test_every_app_of_the_project_has_its_place_in_the_order() -> None:
    ours = {
        config.label
        for config in apps.get_app_configs()
        if config.name.split(".")[0] in ("accounts", "rehab") and list(config.get_models())
    }
    assert ours == {label for label in ORDER if list(apps.get_app_config(label).get_models())}
    assert "accounts" in ours


def test_foreign_keys_never_refer_to_just_anything() -> None:
    generic = [f"{model._meta.label}.{field.name}" for model in own_models() for field in model._meta.private_fields]
    assert generic == []
    assert len(own_models()) > 10


def test_module_names_say_what_is_inside() -> None:
    files = python_files("accounts", "rehab")
    assert [str(path) for path in files if path.name in SAYS_NOTHING] == []
    assert len(files) > 30
