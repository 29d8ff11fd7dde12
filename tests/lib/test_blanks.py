"""A part that is filled in reads exactly like the template that was run."""

from pathlib import Path

import pytest
from django.template.loader import render_to_string
from django.test import override_settings
from django.utils.safestring import mark_safe
from django.utils.translation import override

from rehab.lib.blanks import Blank

NASTY = "<script>alert('1')</script> & \"Bruno\" 100% {{ name }}"


@pytest.fixture
def template(tmp_path: Path, settings: object) -> str:
    (tmp_path / "_part.html").write_text(
        '{% load i18n %}<p title="{{ name }}">{% if loud %}{{ name }}!{% else %}{{ name }}{% endif %} {{ part }}'
        '{% for one in all %}<i>{{ one }}</i>{% endfor %}{% translate "Save" %}</p>'
    )
    engine = {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [tmp_path],
        "OPTIONS": {},
    }
    settings.TEMPLATES = [engine]  # type: ignore[attr-defined]
    return "_part.html"


@pytest.mark.parametrize("loud", [True, False])
def test_filled_part_equals_the_rendered_template(template: str, loud: bool) -> None:
    blank = Blank(template, "name", "part", constants=lambda: {"all": [1, NASTY]})
    for name in (NASTY, 7, "Bruno"):
        values = {"name": name, "part": mark_safe("<b>bold</b>")}
        expected = render_to_string(template, {**values, "loud": loud, "all": [1, NASTY]})
        assert blank.fill(values, loud=loud) == expected


def test_part_is_rendered_once_a_language_and_shape(template: str) -> None:
    asked = []

    def constants() -> dict[str, object]:
        asked.append(1)
        return {}

    blank = Blank(template, "name", "part", constants=constants)
    for language in ("en", "es", "en"):
        with override(language):
            for loud in (True, False, True):
                blank.fill({"name": "x", "part": "y"}, loud=loud)
    assert len(asked) == 4


def test_part_is_read_again_while_developing(template: str) -> None:
    asked = []

    def constants() -> dict[str, object]:
        asked.append(1)
        return {}

    blank = Blank(template, "name", "part", constants=constants)
    with override_settings(DEBUG=True):
        blank.fill({"name": "x", "part": "y"})
        blank.fill({"name": "x", "part": "y"})
    assert len(asked) == 2


def test_missing_value_is_an_error(template: str) -> None:
    with pytest.raises(KeyError):
        Blank(template, "name", "part").fill({"name": "x"})
