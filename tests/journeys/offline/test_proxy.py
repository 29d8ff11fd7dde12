"""The network that the other scenarios break does break: each way of failing, without a browser."""

import http.client
import re
from contextlib import closing, suppress
from pathlib import Path

import pytest

from tests.journeys.chaos import Chaos

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def ask(chaos: Chaos, path: str = "/accounts/login/", seconds: float = 10) -> tuple[int, bytes] | None:
    """Status and body; None when the connection was refused, cut or silent."""
    with closing(http.client.HTTPConnection("127.0.0.1", chaos.port, timeout=seconds)) as connection:
        with suppress(OSError, http.client.HTTPException):
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read()
    return None


def test_each_way_of_failing_is_one(chaos: Chaos) -> None:
    passed = ask(chaos)
    assert passed is not None
    assert passed[0] == 200
    chaos.say("lost answer", lambda one: one.path == "/accounts/login/")
    assert ask(chaos) is None
    assert chaos.log[-1].status == 200
    assert ask(chaos, "/today/") is not None
    chaos.say("cut")
    assert ask(chaos) is None
    chaos.say("hang")
    assert ask(chaos, seconds=0.3) is None
    chaos.say("portal")
    assert ask(chaos) == (
        200,
        b"<!doctype html><title>Hotel wifi</title><h1>Hotel wifi</h1><p>Room number, please.</p>",
    )
    chaos.say("portal 302")
    assert ask(chaos) == (302, b"")
    chaos.say("500")
    assert ask(chaos) == (500, b"<h1>Something broke on the way</h1>")
    chaos.down()
    assert ask(chaos) is None
    chaos.up()
    assert ask(chaos) is not None
    assert [one.fate for one in chaos.seen("/accounts/login/")] == [
        *("pass", "lost answer", "cut", "hang", "portal", "portal 302", "500", "pass"),
    ]


def test_connection_is_kept_for_the_next_request(chaos: Chaos) -> None:
    with closing(http.client.HTTPConnection("127.0.0.1", chaos.port, timeout=10)) as connection:
        connection.connect()
        first = connection.sock
        for path in ("/accounts/login/", "/healthz/", "/accounts/login/"):
            connection.request("GET", path)
            assert connection.getresponse().read()
            assert connection.sock is first
    assert len(chaos.log) == 3


def test_every_scenario_of_the_notes_has_a_test() -> None:
    here = Path(__file__).parent
    told = "".join(path.read_text() for path in [*sorted(here.glob("test_*.py")), here.parent / "test_push.py"])
    numbers = {int(number) for number in re.findall(r'"""(?:Scenario|Extra) (\d+)', told)}
    assert numbers == {*range(1, 30)}
