import io
import json
import logging
from collections.abc import Iterator
from logging.config import dictConfig

import pytest
import structlog

from rehab.lib.logs import hide_secrets, logging_config


@pytest.mark.parametrize(
    ("written", "logged"),
    [
        ("Not Found: /join/8fJ2kLq0aPz91/", "Not Found: /join/[hidden]/"),
        ("Gone: /nudges/stop/eyJ1c2VyIjo:1abc:sig/", "Gone: /nudges/stop/[hidden]/"),
        ("Gone: /nudges/snooze/0190c0de.1abc~sig/", "Gone: /nudges/snooze/[hidden]/"),
        ("POST /nudges/seen/0190c0de.1abc~sig/ 204", "POST /nudges/seen/[hidden]/ 204"),
        ("GET /nudges/push/ 200", "GET /nudges/push/ 200"),
        ("gone: https://fcm.googleapis.com/fcm/send/dX3:APA91b", "gone: https://fcm.googleapis.com/[hidden]"),
        (
            "<https://updates.push.services.mozilla.com/wpush/v2/gAAAAA>",
            "<https://updates.push.services.mozilla.com/[hidden]>",
        ),
        ("https://web.push.apple.com/QGuQyavXutnMRHQ", "https://web.push.apple.com/[hidden]"),
        ("https://wns2-by3p.notify.windows.com/w/?token=BQYA%2b", "https://wns2-by3p.notify.windows.com/[hidden]"),
        (
            "HTTPSConnectionPool(host='fcm.googleapis.com', port=443): Max retries exceeded with url: /fcm/send/dX3:A (timed out)",
            "HTTPSConnectionPool(host='fcm.googleapis.com', port=443): Max retries exceeded with url: /[hidden] (timed out)",
        ),
        ("https://docs.python.org/3/library/re.html", "https://docs.python.org/3/library/re.html"),
        ("Key (email)=(anna.b+dog@mail.example.org) exists", "Key (email)=([address hidden]) exists"),
        ("Bad Request: /patients/0190/edit/", "Bad Request: /patients/0190/edit/"),
    ],
)
def test_secret_links_and_addresses_are_hidden(written: str, logged: str) -> None:
    assert hide_secrets(None, "", {"event": written, "count": 3}) == {"event": logged, "count": 3}


@pytest.fixture
def kept_structlog() -> Iterator[None]:
    """What the process has set up comes back: loggers that have been used keep the very list of their processors."""
    before = structlog.get_config()
    yield
    structlog.configure(**before)


@pytest.mark.usefixtures("kept_structlog")
def test_line_is_one_json_object_and_hides_addresses_in_tracebacks_too() -> None:
    config = logging_config(json=True, level="INFO")
    stream = io.StringIO()
    config["handlers"]["stderr"]["stream"] = stream
    config["loggers"] = {}
    config["root"] = {"handlers": [], "level": "INFO"}
    config["loggers"]["tests.logs"] = {"handlers": ["stderr"], "level": "INFO", "propagate": False}
    dictConfig({**config, "incremental": False})

    try:
        raise ValueError("anna@example.org")
    except ValueError:
        logging.getLogger("tests.logs").exception("Could not write to %s", "anna@example.org")

    (line,) = stream.getvalue().splitlines()
    told = json.loads(line)
    assert told["event"] == "Could not write to [address hidden]"
    assert told["level"] == "error"
    assert "anna@" not in line
    assert "[address hidden]" in told["exception"]
