from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest
from django.core.mail import EmailMessage, get_connection
from pytest_django import Settings


@pytest.fixture
def folder(settings: Settings, tmp_path: Path) -> Path:
    settings.EMAIL_FILE_PATH = str(tmp_path / "mail")
    return tmp_path / "mail"


def test_each_message_becomes_one_readable_file(folder: Path) -> None:
    connection = get_connection("rehab.lib.eml.EmailBackend")
    messages = [EmailMessage(f"Day {number}", "Zwölf", "a@example.org", ["b@example.org"]) for number in (1, 2)]

    assert connection.send_messages(messages) == 2

    parsed = [message_from_bytes(path.read_bytes(), policy=default) for path in sorted(folder.iterdir())]
    assert [message["Subject"] for message in parsed] == ["Day 1", "Day 2"]
    assert parsed[0].get_content().strip() == "Zwölf"


def test_message_without_recipient_is_not_written(folder: Path) -> None:
    connection = get_connection("rehab.lib.eml.EmailBackend")

    assert connection.send_messages([EmailMessage("Nobody", "", "a@example.org", [])]) == 0

    assert list(folder.iterdir()) == []
