"""``make messages``: every text that people read, into the Spanish catalogues, without the GNU gettext tools.

There are two: ``rehab/locale`` for the program, ``rehab/library/locale`` for the clinical content. What is translated stays,
what is new is added empty (and keeps ``make test`` red until it is translated), what has gone is dropped. The compiled ``.mo``
is written beside and belongs into the repository: a machine that runs Steadyback needs no tools.
"""

import ast
import io
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import django
from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.utils import translation

ROOT: Final = Path(__file__).resolve().parent.parent
LANGUAGES: Final = ("es",)
PROGRAM: Final = ROOT / "rehab" / "locale"
CONTENT: Final = ROOT / "rehab" / "library" / "locale"
SOURCES: Final = ("accounts", "rehab")
TEMPLATES: Final = ROOT / "templates"
# Which arguments of Django's functions are texts; "c": the context.
KEYWORDS: Final[Mapping[str, Any]] = {
    name + lazy: arguments
    for lazy in ("", "_lazy")
    for name, arguments in {
        "gettext": None,
        "ngettext": (1, 2),
        "pgettext": ((1, "c"), 2),
        "npgettext": ((1, "c"), 2, 3),
    }.items()
} | {"_": None, "gettext_noop": None}
# Plain rules may not know Django: their sentences are translated by whoever shows them.
PURE_RULES: Final = ("rehab/patients/overlays.py", "rehab/patients/standing.py")
NOTE_TO_TRANSLATORS: Final = "Translators:"
WIDTH: Final = 120


def program_texts() -> Catalog:
    """What Python modules and templates say."""
    found = Catalog()
    for path in python_files():
        _add(found, path, path.read_text(encoding="utf-8"))
    for name in PURE_RULES:
        for sentence in _sentences(ROOT / name):
            found.add(sentence, locations=[(name, 0)])
    for path in sorted(TEMPLATES.rglob("*")):
        if path.suffix in {".html", ".txt", ".js", ".json", ".webmanifest"}:
            _add(found, path, _as_python(path))
    return found


def content_texts() -> Catalog:
    """What the clinical content says to people, in its own context."""
    from rehab.library import pictures, reading, translating
    from rehab.patients.findings import FINDINGS
    from rehab.programs.forms import ANCHORS

    texts = [(reading.FOLDER / file, text) for file, text in translating.texts()]
    texts += [(path, pictures.alternative(path.stem)) for path in sorted(pictures.FOLDER.glob("*.yaml"))]
    texts += [(ROOT / "rehab" / "patients" / "findings.py", one.label) for one in FINDINGS]
    # Offered to the clinic while it writes a program, and read by a family whose language may be another.
    with translation.override("en"):
        texts += [(ROOT / "rehab" / "programs" / "forms.py", str(anchor)) for anchor in ANCHORS]
    found = Catalog()
    for path, text in texts:
        found.add(text, context=translating.CONTEXT, locations=[(str(path.relative_to(ROOT)), 0)])
    return found


def python_files() -> Iterator[Path]:
    for folder in SOURCES:
        yield from sorted(path for path in (ROOT / folder).rglob("*.py") if "migrations" not in path.parts)


def _sentences(path: Path) -> Iterator[str]:
    """Every text of a module that ends like a sentence; docstrings say nothing to people."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    described = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        text = getattr(node, "value", None) if isinstance(node, ast.Constant) and id(node) not in described else None
        if isinstance(text, str) and text.endswith(".") and " " in text:
            yield text


def _as_python(path: Path) -> str:
    """A template as calls of gettext between words without meaning; indentation would mean something to Python."""
    from django.utils.translation.template import templatize

    return "\n".join(line.lstrip() for line in templatize(path.read_text(), origin=str(path)).splitlines())


def _add(found: Catalog, path: Path, python: str) -> None:
    source = io.BytesIO(python.encode())
    for _line, message, comments, context in extract(
        "python", source, KEYWORDS, [NOTE_TO_TRANSLATORS], strip_comment_tags=True
    ):
        found.add(message, locations=[(str(path.relative_to(ROOT)), 0)], auto_comments=comments, context=context)


# --- The catalogues -----------------------------------------------------------------------------------------------


def catalogues() -> Iterator[tuple[Path, Catalog]]:
    """The file of each catalogue, with what it should hold."""
    found = ((PROGRAM, program_texts()), (CONTENT, content_texts()))
    for language in LANGUAGES:
        for folder, texts in found:
            yield folder / language / "LC_MESSAGES" / "django.po", texts


def read(path: Path) -> Catalog:
    with path.open("rb") as file:
        return read_po(file)


def compiled(catalogue: Catalog) -> bytes:
    """The catalogue as Python reads it; the same bytes for the same texts."""
    file = io.BytesIO()
    write_mo(file, catalogue)
    return file.getvalue()


def write(path: Path, catalogue: Catalog) -> None:
    with path.open("wb") as file:
        write_po(file, catalogue, width=WIDTH, ignore_obsolete=True, sort_by_file=True, include_lineno=False)
    path.with_suffix(".mo").write_bytes(compiled(catalogue))


def refresh(path: Path, texts: Catalog) -> int:
    """Bring one catalogue up to its source; returns how many texts are not translated yet."""
    catalogue = read(path)
    created = catalogue.creation_date
    catalogue.update(texts, no_fuzzy_matching=True, update_header_comment=False)
    catalogue.obsolete.clear()
    catalogue.creation_date = created
    write(path, catalogue)
    return sum(1 for message in catalogue if message.id and not is_translated(message.string))


def is_translated(string: Any) -> bool:
    return all(string) if isinstance(string, list | tuple) else bool(string)


def main() -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "rehab.settings")
    os.environ.setdefault("STEADYBACK_MODE", "embedded")
    django.setup()
    for path, texts in catalogues():
        missing = refresh(path, texts)
        print(f"{path.relative_to(ROOT)}: {len(texts)} texts, {missing} to translate")
    return 0


if __name__ == "__main__":
    sys.exit(main())
