"""`make mutants`: break the rules engine one small thing at a time, and count how many breaks a test notices.

It works in a copy, so that what is being edited is never broken, and without Django: the engine is plain Python, and a
thousand starts of the framework are not what is to be tested. [tool.mutmut] of pyproject.toml says what is mutated.
"""

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LEAST_PERCENT = 90
PROCESSES = 2
# In the copy this takes the place of pytest's settings, which are those of a Django project.
SETTINGS = """[pytest]
addopts = -p no:django -p no:randomly -p no:xdist -p no:cacheprovider --import-mode=importlib
  --confcutdir=tests/guidance/engine
pythonpath = .
"""
# The tests that are named after the broken module come first: they mostly notice.
FIRST = """import os

def pytest_collection_modifyitems(items):
    module = os.environ.get("MUTANT_UNDER_TEST", "").removeprefix("rehab.guidance.engine.").partition(".")[0]
    items.sort(key=lambda item: item.path.stem != f"test_{module}")
"""
NOTICED = ("killed", "timeout", "segfault", "caught_by_type_check")
UNNOTICED = ("survived", "no tests")


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="steadyback-mutants-") as name:
        copy = Path(name)
        for folder in ("rehab", "tests"):
            shutil.copytree(ROOT / folder, copy / folder, ignore=shutil.ignore_patterns("__pycache__", "*.mo", "*.po"))
        shutil.copy(ROOT / "pyproject.toml", copy)
        # The package starts Celery, which none of the rules needs.
        (copy / "rehab" / "__init__.py").write_text("")
        (copy / "pytest.ini").write_text(SETTINGS)
        (copy / "tests" / "guidance" / "engine" / "conftest.py").write_text(FIRST)
        mutmut = [sys.executable, "-m", "mutmut"]
        run = subprocess.run([*mutmut, "run", "--max-children", str(PROCESSES)], cwd=copy, check=False)
        if run.returncode != 0:
            print("The mutants could not be run.")
            return run.returncode
        subprocess.run([*mutmut, "export-cicd-stats"], cwd=copy, check=True, stdout=subprocess.DEVNULL)
        counted = json.loads((copy / "mutants" / "mutmut-cicd-stats.json").read_text())
        results = subprocess.run([*mutmut, "results"], cwd=copy, check=True, capture_output=True, text=True).stdout
        for line in results.splitlines():
            mutant, _, outcome = line.strip().partition(": ")
            if outcome in UNNOTICED:
                subprocess.run([*mutmut, "show", mutant], cwd=copy, check=True)
    noticed = sum(counted.get(outcome, 0) for outcome in NOTICED)
    total = counted["total"] - counted.get("skipped", 0)
    percent = 100 * noticed / total if total else 0
    print(f"{noticed} of {total} mutants were noticed: {percent:.1f} % (at least {LEAST_PERCENT} % are wanted)")
    return 0 if percent >= LEAST_PERCENT else 1


if __name__ == "__main__":
    sys.exit(main())
