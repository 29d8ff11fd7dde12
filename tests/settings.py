"""The product's settings, started the way tests need them: embedded, in a folder of their own, quickly.

A variable that is set wins, so the same tests run on PostgreSQL, Redis and RabbitMQ (tests/run.py).
"""

import atexit
import os
import shutil
import sys
import tempfile
from pathlib import Path

# Tools that only read the settings (mypy) leave without tidying up: they share one folder.
RUN = os.environ.setdefault("STEADYBACK_TEST_RUN", str(os.getpid()) if "pytest" in sys.modules else "tools")
os.environ.setdefault("STEADYBACK_MODE", "embedded")
if "STEADYBACK_VAR" not in os.environ:
    _own = Path(tempfile.gettempdir()) / f"steadyback-test-{RUN}"
    os.environ["STEADYBACK_VAR"] = str(_own)
    atexit.register(shutil.rmtree, _own, ignore_errors=True)
os.environ.setdefault("LOG_LEVEL", "WARNING")
# What a person keeps in .env for a running installation must not change what is tested.
os.environ["STEADYBACK_ENV_FILE"] = os.devnull

from rehab.settings import *  # noqa: E402, F403
from rehab.settings import DATABASES, STORAGES, VAR_DIR  # noqa: E402

STATIC_ROOT = VAR_DIR / "static-root"
STATIC_ROOT.mkdir(exist_ok=True)
# Hashed names exist only after collectstatic; the journeys' web process runs with the product's own settings.
STORAGES = {**STORAGES, "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}

# A file on SQLite too: in memory, connections share one transaction lock and refuse what the product would do.
DATABASES["default"]["TEST"] = {
    "NAME": (
        str(VAR_DIR / "test.sqlite3")
        if DATABASES["default"]["ENGINE"].endswith("sqlite3")
        else f"test_steadyback_{RUN}"
    )
}
