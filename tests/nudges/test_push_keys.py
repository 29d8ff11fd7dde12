"""The key that signs for push services: made once on one machine, given in production, and without one nothing breaks."""

import base64
import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from pytest_django.fixtures import Settings

from rehab.lib.environment import P256_ORDER, push_key
from rehab.nudges.push import keys
from tests.check import ROOT, production
from tests.nudges.push_service import base64url

PRINT = """
import django, json
django.setup()
from django.conf import settings
from rehab.nudges.push import keys
print(json.dumps([settings.VAPID_PRIVATE_KEY, settings.VAPID_SUBJECT, settings.PUSH_TEST_ORIGIN, keys.public_key()]))
"""


def start(tmp_path: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {
        "PATH": os.environ["PATH"],
        "DJANGO_SETTINGS_MODULE": "rehab.settings",
        "STEADYBACK_ENV_FILE": os.devnull,
        "STEADYBACK_VAR": str(tmp_path / "var"),
        **variables,
    }
    return subprocess.run(
        [sys.executable, "-c", PRINT], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )


def test_one_machine_makes_its_key_once_and_keeps_it_to_itself(tmp_path: Path) -> None:
    first, second = (start(tmp_path, STEADYBACK_MODE="embedded") for _ in range(2))
    assert first.returncode == 0, first.stderr
    assert first.stdout == second.stdout
    private, subject, origin, public = json.loads(first.stdout)
    kept = tmp_path / "var" / "vapid_key"
    assert (kept.read_text(), stat.S_IMODE(kept.stat().st_mode)) == (private, 0o600)
    assert (subject, origin) == ("mailto:steadyback@localhost", "")
    assert len(base64.urlsafe_b64decode(public + "=")) == 65


def test_production_without_a_key_starts_and_has_no_messages_on_phones(tmp_path: Path) -> None:
    done = start(tmp_path, **production())
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == ["", "mailto:rehab@example.org", "", ""]
    assert not (tmp_path / "var" / "vapid_key").exists()


def test_production_takes_its_key_and_subject(tmp_path: Path) -> None:
    key = base64url(bytes(range(1, 33)))
    done = start(tmp_path, **{**production(), "VAPID_PRIVATE_KEY": f"{key}=", "VAPID_SUBJECT": "https://example.org"})
    assert done.returncode == 0, done.stderr
    private, subject, _, public = json.loads(done.stdout)
    assert (private, subject) == (key, "https://example.org")
    expected = ec.derive_private_key(int.from_bytes(bytes(range(1, 33)), "big"), ec.SECP256R1()).public_key()
    assert public == base64url(expected.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint))


@pytest.mark.parametrize(
    ("mode", "name", "value"),
    [
        ("production", "VAPID_PRIVATE_KEY", "too-short"),
        ("production", "VAPID_PRIVATE_KEY", "not base64 at all!"),
        ("embedded", "VAPID_PRIVATE_KEY", "AAAA"),
        ("production", "VAPID_SUBJECT", "rehab@example.org"),
        ("production", "VAPID_SUBJECT", "http://example.org"),
        ("production", "PUSH_TEST_ORIGIN", "http://127.0.0.1:8950"),
        ("embedded", "PUSH_TEST_ORIGIN", "https://evil.example"),
        ("embedded", "PUSH_TEST_ORIGIN", "http://127.0.0.1:8950/path"),
    ],
)
def test_bad_value_stops_the_start_and_is_named(tmp_path: Path, mode: str, name: str, value: str) -> None:
    variables = production() if mode == "production" else {"STEADYBACK_MODE": "embedded"}
    done = start(tmp_path, **{**variables, name: value})
    assert done.returncode != 0
    problems = [line.strip() for line in done.stderr.splitlines() if line.startswith("  ") and f"{name}: " in line]
    assert len(problems) == 1
    assert value not in problems[0].replace("http://127.0.0.1:8950)", "")


@pytest.mark.parametrize("number", [0, P256_ORDER, 2**256 - 1])
def test_number_outside_the_curve_is_no_key(number: int) -> None:
    with pytest.raises(ValueError, match="P-256"):
        push_key(base64url(number.to_bytes(32, "big")))
    assert push_key(base64url((P256_ORDER - 1).to_bytes(32, "big")))


def test_other_key_is_another_sender(settings: Settings) -> None:
    before = keys.public_key()
    settings.VAPID_PRIVATE_KEY = base64url(b"k" * 32)
    assert keys.public_key() not in ("", before)
    assert "kkk" not in repr(keys.signer())
