"""What must not get into the repository: this or that machine, and packages without a checksum."""

import re
from pathlib import Path

import pytest

from tests.guards.sources import ROOT, repository_files

# Written in pieces, so that this file is clean itself.
FORBIDDEN = re.compile(
    "|".join(
        (
            r"(?<![\w./<])/" + r"(?:work|root|Users)/\w",
            r"(?<![\w./<])/" + r"home/\w+/",
            "pypi" + r"\.org",
            "python" + r"hosted\.org",
            "registry" + r"\.npmjs",
            "/opt/" + "pypi",
            "deb" + r"\.debian\.org",
        )
    )
)
BINARY = {".png", ".jpg", ".webp", ".woff2", ".mo", ".ico", ".gz"}
REQUIREMENTS = sorted((ROOT / "requirements").glob("*.txt"))


def texts() -> dict[Path, str]:
    return {
        path: path.read_text(encoding="utf-8")
        for path in repository_files()
        if path.suffix not in BINARY and "vendor" not in path.parts
    }


@pytest.mark.parametrize("bad", ["see /" + "root/x", "(/" + "home/anna/code)", "https://py" + "pi.org/simple"])
def test_guard_finds_machine_paths(bad: str) -> None:
    assert FORBIDDEN.search(bad)


def test_no_file_names_a_machine_path_or_a_registry() -> None:
    read = texts()
    found = {
        f"{path.relative_to(ROOT)}:{number}"
        for path, text in read.items()
        for number, line in enumerate(text.splitlines(), start=1)
        if FORBIDDEN.search(line)
    }
    assert found == set()
    assert len(read) > 50


def test_nothing_is_left_for_later() -> None:
    words = re.compile("|".join(("TO" + "DO", "FIX" + "ME", "X" * 3)))
    found = {str(path.relative_to(ROOT)) for path, text in texts().items() if words.search(text)}
    assert found == set()


def test_every_requirement_is_pinned_with_hashes() -> None:
    assert [path.name for path in REQUIREMENTS] == ["dev.txt", "runtime.txt"]
    for path in REQUIREMENTS:
        entries = re.split(r"\n(?=[a-z0-9])", path.read_text().replace("\\\n", " "))
        pinned = [entry for entry in entries if not entry.startswith("#")]
        assert len(pinned) > 20
        assert [entry.split()[0] for entry in pinned if not re.match(r"[\w.-]+(?:\[[\w,]+\])?==\S+ ", entry)] == []
        assert [entry.split()[0] for entry in pinned if "--hash=sha256:" not in entry] == []


def test_requirements_name_no_place_to_fetch_from() -> None:
    for path in REQUIREMENTS:
        words = re.compile(r"https?:|index-url|find-links|file:|^-[fi]\b", re.MULTILINE)
        assert words.findall(path.read_text()) == []


def test_tests_use_the_same_versions_as_the_product() -> None:
    runtime, dev = (
        set(re.findall(r"^([a-z0-9-]+==\S+)", (ROOT / "requirements" / name).read_text(), re.MULTILINE))
        for name in ("runtime.txt", "dev.txt")
    )
    assert runtime - dev == set()
    assert runtime
