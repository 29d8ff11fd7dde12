"""`make check`: every check a machine can do without running the product, each with its time.

All are run even when one fails; the exit code is 1 when any did.
"""

import os
import secrets
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BIN = Path(sys.executable).parent
PYTHON = sys.executable
EMBEDDED = {"STEADYBACK_MODE": "embedded"}


def production() -> dict[str, str]:
    """Return settings of an installation as the README describes it; nothing is connected to."""
    return {
        "STEADYBACK_MODE": "production",
        "STEADYBACK_ENV_FILE": os.devnull,
        "SECRET_KEY": secrets.token_urlsafe(64),
        "BASE_URL": "https://rehab.example.org",
        "ALLOWED_HOSTS": "rehab.example.org",
        "DATABASE_URL": "postgres://steadyback:password@127.0.0.1:5432/steadyback",
        "CELERY_BROKER_URL": "redis://127.0.0.1:6379/0",
        "CACHE_URL": "redis://127.0.0.1:6379/1",
        "EMAIL_URL": "smtp+tls://user:password@mail.example.org:587",
        "DEFAULT_FROM_EMAIL": "Steadyback <rehab@example.org>",
    }


def templates() -> list[str]:
    return sorted(str(path.relative_to(ROOT)) for path in (ROOT / "templates").rglob("*.html"))


def checks() -> list[tuple[str, list[str], dict[str, str]]]:
    """Return name, command and environment of each check."""
    manage = [PYTHON, "manage.py"]
    return [
        ("ruff", [str(BIN / "ruff"), "check", "--quiet", "."], {}),
        ("format", [str(BIN / "ruff"), "format", "--quiet", "--check", "."], {}),
        ("types", [str(BIN / "mypy"), "--no-error-summary"], {}),
        ("layers", [str(BIN / "lint-imports")], {}),
        ("template format", [str(BIN / "djade"), "--check", "--target-version", "5.2", *templates()], {}),
        ("template lint", [str(BIN / "djlint"), "--lint", "--quiet", "templates"], {}),
        ("migrations", [*manage, "makemigrations", "--check", "--dry-run"], EMBEDDED),
        ("deployment", [*manage, "check", "--deploy", "--fail-level", "WARNING"], production()),
    ]


def main() -> int:
    failed: list[str] = []
    for name, command, environment in checks():
        began = time.monotonic()
        done = subprocess.run(
            command,
            cwd=ROOT,
            env={**os.environ, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        verdict = "ok" if done.returncode == 0 else "FAILED"
        print(f"{name:<16} {verdict:<7} {time.monotonic() - began:5.1f} s", flush=True)
        if done.returncode != 0:
            failed.append(name)
            print(done.stdout.rstrip(), flush=True)
    if failed:
        print(f"make check failed: {', '.join(failed)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
