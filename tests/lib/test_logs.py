import io
import json
import logging
from logging.config import dictConfig

import pytest

from rehab.lib.logs import hide_secrets, logging_config


@pytest.mark.parametrize(
    ("written", "logged"),
    [
        ("Not Found: /join/8fJ2kLq0aPz91/", "Not Found: /join/[hidden]/"),
        ("Gone: /nudges/stop/eyJ1c2VyIjo:1abc:sig/", "Gone: /nudges/stop/[hidden]/"),
        ("Key (email)=(anna.b+dog@mail.example.org) exists", "Key (email)=([address hidden]) exists"),
        ("Bad Request: /patients/0190/edit/", "Bad Request: /patients/0190/edit/"),
    ],
)
def test_secret_links_and_addresses_are_hidden(written: str, logged: str) -> None:
    assert hide_secrets(None, "", {"event": written, "count": 3}) == {"event": logged, "count": 3}


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
