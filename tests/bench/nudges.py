"""``make bench-nudges``: what reminders cost at ten thousand, a hundred thousand and a million caregivers, on PostgreSQL.

Planning: one dog and its family are made by the product's own models, the others are its copies, spread over the world's
time zones and the minutes of the day. A tick is measured beside the very statement that it runs, sent bare, and beside a
plain insert of the rows that it wrote, with the same keys and indexes. Everything measured is rolled back.

Delivery: a real worker, a real broker, a real SMTP server; reminders a second beside tasks a second that do nothing.

As a program: ``python -m tests.bench.nudges [--caregivers 10000 100000 1000000]``. It makes a database of its own and drops it.
"""

import argparse
import os
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.bench import delivering
from tests.journeys.stack import ROOT
from tests.run import find_postgres

CAREGIVERS = (10_000, 100_000, 1_000_000)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--caregivers", type=int, nargs="+", default=list(CAREGIVERS))
    parser.add_argument("--only", choices=["planning", "delivery"])
    options = parser.parse_args()
    with ExitStack() as resources:
        found = find_postgres(resources)
        if found is None:
            sys.exit("No PostgreSQL answers: apt-get install postgresql, or TEST_DATABASE_URL=postgres://…")
        url, _ = found
        folder = resources.enter_context(tempfile.TemporaryDirectory(prefix="steadyback-nudges-"))
        env = resources.enter_context(installation(url, Path(folder)))
        if options.only != "delivery":
            told = run(env, "-m", "tests.bench.planning", *map(str, options.caregivers))
            print(told, end="")
        if options.only != "planning":
            print(delivering.measured(env))


@contextmanager
def installation(url: str, folder: Path) -> Iterator[dict[str, str]]:
    """An installation on a database of its own."""
    import psycopg
    from psycopg import sql

    name = f"steadyback_bench_{secrets.token_hex(4)}"
    with psycopg.connect(url, autocommit=True) as server:
        server.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        try:
            base, _, query = url.partition("?")
            env = {
                "PATH": os.environ.get("PATH", ""),
                "HOME": os.environ.get("HOME", ""),
                "STEADYBACK_MODE": "embedded",
                "STEADYBACK_VAR": str(folder),
                "STEADYBACK_ENV_FILE": os.devnull,
                "DATABASE_URL": f"{base.rpartition('/')[0]}/{name}" + (f"?{query}" if query else ""),
                "DATABASE_STATEMENT_SECONDS": "0",
                "DJANGO_SETTINGS_MODULE": "rehab.settings",
                "LOG_LEVEL": "WARNING",
            }
            run(env, "manage.py", "migrate", "-v0")
            run(env, "manage.py", "load_library")
            yield env
        finally:
            server.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def run(env: dict[str, str], *command: str) -> str:
    return subprocess.run(
        [sys.executable, "-W", "ignore", *command], cwd=ROOT, env=env, check=True, stdout=subprocess.PIPE, text=True
    ).stdout


if __name__ == "__main__":
    main()
