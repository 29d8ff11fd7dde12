"""A start with a missing or bad variable must stop and name it."""

import json
import os
import re
import runpy
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from tests.check import ROOT, production

VARIABLES = re.findall(r'_env\.\w+\(\s*"([A-Z_]+)"', (ROOT / "rehab" / "settings.py").read_text())

PRINT = """
import json
from django.conf import settings
names = ("DEBUG", "DEMO", "BASE_URL", "SESSION_COOKIE_NAME", "SESSION_COOKIE_SECURE", "CELERY_BROKER_URL", "EMAIL_BACKEND")
print(json.dumps({**{name: getattr(settings, name) for name in names},
    "database": settings.DATABASES["default"]["ENGINE"], "options": settings.DATABASES["default"]["OPTIONS"],
    "cache": settings.CACHES["default"]["BACKEND"], "secret": len(settings.SECRET_KEY)}))
"""


def start(tmp_path: Path, **variables: str | None) -> subprocess.CompletedProcess[str]:
    environment = {
        "PATH": os.environ["PATH"],
        "DJANGO_SETTINGS_MODULE": "rehab.settings",
        "STEADYBACK_ENV_FILE": os.devnull,
        "STEADYBACK_VAR": str(tmp_path / "var"),
    }
    environment |= {name: value for name, value in variables.items() if value is not None}
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", PRINT],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def problems(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, **variables: str | None) -> list[str]:
    """Return what a start with these variables complains about; in this process, because there are many."""
    for name in {*VARIABLES, *variables}:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("STEADYBACK_VAR", str(tmp_path / "var"))
    for name, value in variables.items():
        if value is not None:
            monkeypatch.setenv(name, value)
    with pytest.raises(ImproperlyConfigured) as stopped:
        runpy.run_path(str(ROOT / "rehab" / "settings.py"))
    return [line.strip() for line in str(stopped.value).splitlines()[1:-1]]


def test_production_starts_with_every_variable_and_is_strict(tmp_path: Path) -> None:
    done = start(tmp_path, **production())

    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    options = seen.pop("options")
    assert "statement_timeout=15000" in options["options"]
    assert seen.pop("secret") >= 50
    assert seen == {
        "DEBUG": False,
        "DEMO": False,
        "BASE_URL": "https://rehab.example.org",
        "SESSION_COOKIE_NAME": "__Host-sessionid",
        "SESSION_COOKIE_SECURE": True,
        "CELERY_BROKER_URL": "redis://127.0.0.1:6379/0",
        "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "database": "django.db.backends.postgresql",
        "cache": "django.core.cache.backends.redis.RedisCache",
    }
    assert not (tmp_path / "var").exists()


def test_empty_environment_names_everything_that_is_missing(tmp_path: Path) -> None:
    done = start(tmp_path)

    assert done.returncode != 0
    named = [line.split(":")[0].strip() for line in done.stderr.splitlines() if ": is missing; expected" in line]
    assert named == [
        "SECRET_KEY",
        "BASE_URL",
        "ALLOWED_HOSTS",
        "DATABASE_URL",
        "DEFAULT_FROM_EMAIL",
        "EMAIL_URL",
        "CELERY_BROKER_URL",
    ]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("STEADYBACK_MODE", "prod"),
        ("SECRET_KEY", None),
        ("SECRET_KEY", "too-short"),
        ("SECRET_KEY", "x" * 60),
        ("SECRET_KEY", "django-insecure-0123456789abcdefghijklmnopqrstuvwxyz0123456789"),
        ("ALLOWED_HOSTS", None),
        ("ALLOWED_HOSTS", "*"),
        ("ALLOWED_HOSTS", " , "),
        ("ALLOWED_HOSTS", "rehab.example.org,*"),
        ("ALLOWED_HOSTS", "https://rehab.example.org"),
        ("BASE_URL", "http://rehab.example.org"),
        ("BASE_URL", "rehab.example.org"),
        ("BASE_URL", "https://rehab.example.org/app"),
        ("BASE_URL", "https://"),
        ("BASE_URL", "https://rehab.example.org:99999"),
        ("DATABASE_URL", "mysql://host/name"),
        ("DATABASE_URL", "postgres://"),
        ("DATABASE_URL", "postgres://host:port/name"),
        ("DATABASE_URL", "sqlite://"),
        ("CELERY_BROKER_URL", "memory://"),
        ("CELERY_BROKER_URL", "embedded://"),
        ("CELERY_BROKER_URL", "redis://"),
        ("CACHE_URL", "locmemcache://"),
        ("EMAIL_URL", "consolemail://"),
        ("EMAIL_URL", "smtp://"),
        ("EMAIL_URL", "smtp://host:mail"),
        ("EMAIL_URL", "resend://"),
        ("EMAIL_URL", "resend://@"),
        ("EMAIL_URL", "resend://KEY@"),
        ("EMAIL_URL", "resend://re_0123456789abcdef"),
        ("EMAIL_URL", "resend://re_0123456789abcdef@api.example.org"),
        ("EMAIL_URL", "resend://re_0123456789abcdef:more@"),
        ("EMAIL_URL", "resend://re_0123456789abcdef@?region=eu"),
        ("EMAIL_URL", "resend://re_0123456789abcdef@/emails"),
        ("EMAIL_URL", "brevo://xkeysib%20-0123456789abcdef@"),
        ("EMAIL_URL", "brevo://xkeysib%0A-0123456789abcdef@"),
        ("EMAIL_URL", "postmark://schlüssel-0123456789@"),
        ("EMAIL_URL", "mailgun://key-0123456789abcdef@mg.example.org"),
        ("EMAIL_URL", "mailgun://key-0123456789abcdef:0123456789abcdef@mg.example.org?region=mars"),
        ("EMAIL_URL", "mailgun://key-0123456789abcdef:0123456789abcdef@mg.example.org?region"),
        ("EMAIL_URL", "mailgun://key-0123456789abcdef:0123456789abcdef@mg.example.org:443"),
        ("EMAIL_URL", "sendgrid://SG.0123456789abcdef@"),
        ("METRICS_TOKEN", "too-short"),
        ("DEFAULT_FROM_EMAIL", "Steadyback"),
        ("DEFAULT_FROM_EMAIL", "Steadyback\nBcc: all@example.org <rehab@example.org>"),
        ("DEMO", "1"),
        ("DEMO", "perhaps"),
        ("DEBUG", "1"),
        ("PORT", "0"),
        ("PORT", "http"),
        ("TRUSTED_PROXY_COUNT", "-1"),
        ("DATABASE_STATEMENT_SECONDS", "1.5"),
        ("NUDGE_TICK_SECONDS", "0"),
        ("CELERY_QUEUE_PREFIX", "a b"),
        ("LOG_LEVEL", "loud"),
    ],
)
def test_bad_variable_stops_the_start_with_its_name(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, value: str | None
) -> None:
    assert name in [
        problem.split(":")[0] for problem in problems(monkeypatch, tmp_path, **{**production(), name: value})
    ]


PROVIDERS = {
    "resend://re_0123456789abcdef@": ("Resend", {"RESEND_API_KEY": "re_0123456789abcdef"}),
    "brevo://xkeysib-0123%2F456789@": ("Brevo", {"BREVO_API_KEY": "xkeysib-0123/456789"}),
    "postmark://0123-4567-89ab-cdef@": ("Postmark", {"POSTMARK_SERVER_TOKEN": "0123-4567-89ab-cdef"}),
    "mailgun://key-0123456789abcdef:0123456789abcdef@": (
        "Mailgun",
        {"MAILGUN_API_KEY": "key-0123456789abcdef", "MAILGUN_WEBHOOK_SIGNING_KEY": "0123456789abcdef"},
    ),
    "mailgun://key-0123456789abcdef:0123456789abcdef@mg.example.org?region=eu": (
        "Mailgun",
        {
            "MAILGUN_API_KEY": "key-0123456789abcdef",
            "MAILGUN_WEBHOOK_SIGNING_KEY": "0123456789abcdef",
            "MAILGUN_SENDER_DOMAIN": "mg.example.org",
            "MAILGUN_API_URL": "https://api.eu.mailgun.net/v3",
        },
    ),
}


@pytest.mark.parametrize("url", PROVIDERS)
def test_provider_of_mail_is_read_from_its_address(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, url: str) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    variables = {**production(), "EMAIL_URL": url, "EMAIL_WEBHOOK_SECRET": "reports:0123456789abcdef"}
    for name, value in {**variables, "STEADYBACK_VAR": str(tmp_path / "var")}.items():
        monkeypatch.setenv(name, value)
    settings = runpy.run_path(str(ROOT / "rehab" / "settings.py"))
    backend, keys = PROVIDERS[url]
    assert settings["EMAIL_BACKEND"] == f"rehab.lib.mail_providers.{backend}"
    assert settings["MAIL_PROVIDER"] == backend.lower()
    assert settings["ANYMAIL"] == {
        **keys,
        "REQUESTS_TIMEOUT": 10,
        "WEBHOOK_SECRET": "reports:0123456789abcdef",
    }


@pytest.mark.parametrize(
    "secret", [None, "0123456789abcdef", "reports:short", "re ports:0123456789abcdef", "a:b:c" * 9]
)
def test_provider_of_mail_cannot_report_without_a_secret(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, secret: str | None
) -> None:
    changed = {"EMAIL_URL": "resend://re_0123456789abcdef@", "EMAIL_WEBHOOK_SECRET": secret}
    told = problems(monkeypatch, tmp_path, **{**production(), **changed})
    assert [problem.split(":")[0] for problem in told] == ["EMAIL_WEBHOOK_SECRET"]
    assert "0123456789abcdef" not in "".join(told)


def test_bad_variable_is_named_without_its_value(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    bad = {"SECRET_KEY": "hunter2hunter2", "DATABASE_URL": "mysql://user:hunter2hunter2@host/name"}

    told = problems(monkeypatch, tmp_path, **{**production(), **bad})

    assert [problem.split(":")[0] for problem in told] == ["SECRET_KEY", "DATABASE_URL"]
    assert "hunter2" not in "".join(told)


def test_embedded_starts_with_nothing_and_keeps_its_secret_to_itself(tmp_path: Path) -> None:
    first = start(tmp_path, STEADYBACK_MODE="embedded")
    key = (tmp_path / "var" / "secret_key").read_text()
    second = start(tmp_path, STEADYBACK_MODE="embedded", DEMO="1")

    assert (first.returncode, second.returncode) == (0, 0), first.stderr + second.stderr
    assert (tmp_path / "var" / "secret_key").read_text() == key
    assert stat.S_IMODE((tmp_path / "var" / "secret_key").stat().st_mode) == 0o600
    seen = json.loads(second.stdout)
    assert seen["options"]["transaction_mode"] == "IMMEDIATE"
    assert (seen["DEMO"], seen["database"], seen["CELERY_BROKER_URL"], seen["EMAIL_BACKEND"]) == (
        True,
        "django.db.backends.sqlite3",
        "embedded://localhost",
        "rehab.lib.eml.EmailBackend",
    )


def test_embedded_names_the_folder_that_cannot_be_made(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for folder in ("file", "file/var"):
        told = problems(monkeypatch, tmp_path, STEADYBACK_MODE="embedded", STEADYBACK_VAR=str(tmp_path / folder))
        assert [problem.split(":")[0] for problem in told] == ["STEADYBACK_VAR"]


def test_embedded_with_servers_uses_them(tmp_path: Path) -> None:
    done = start(
        tmp_path,
        STEADYBACK_MODE="embedded",
        DATABASE_URL="postgres://user@/name?host=%2Fvar%2Frun%2Fpostgresql",
        CELERY_BROKER_URL="amqp://guest:guest@127.0.0.1:5672//",
        EMAIL_URL="smtp://127.0.0.1:2525",
    )

    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    assert seen["options"]["host"] == "/var/run/postgresql"
    assert (seen["database"], seen["CELERY_BROKER_URL"], seen["EMAIL_BACKEND"]) == (
        "django.db.backends.postgresql",
        "amqp://guest:guest@127.0.0.1:5672//",
        "django.core.mail.backends.smtp.EmailBackend",
    )


def test_every_variable_is_described_in_the_example() -> None:
    described = (ROOT / ".env.example").read_text()

    assert len(set(VARIABLES)) > 15
    assert sorted(name for name in set(VARIABLES) if f"{name}=" not in described) == []
