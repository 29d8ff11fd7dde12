"""What a phone asks for to become an app: worker, manifest, the page for no connection, and whose each page is."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import settings
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from pytest_django import DjangoAssertNumQueries, Settings

from accounts.models import User
from rehab import pwa
from rehab.lib.middleware import AnswerHeaders
from rehab.lib.release import release
from rehab.lib.user_key import user_key
from rehab.patients.models import Patient
from tests.guards.sources import ROOT

AsUser = Callable[[User], Client]


def test_worker_is_given_to_everybody_alike(
    client: Client, owner: User, as_user: AsUser, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    signed_in = as_user(owner)
    with django_assert_num_queries(0):
        answers = [client.get("/sw.js"), signed_in.get("/sw.js", headers={"Accept-Language": "es"})]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].content == answers[1].content
    for answer in answers:
        assert answer.headers["Cache-Control"] == "no-cache"
        assert answer.headers["Content-Type"] == "application/javascript"
        assert "cookie" not in answer.headers["Vary"].lower()
        assert not answer.cookies
        assert "X-User-Key" not in answer.headers


def test_worker_that_the_browser_has_is_not_sent_again(client: Client) -> None:
    first = client.get("/sw.js", headers={"Accept-Encoding": "gzip"})
    again = client.get("/sw.js", headers={"Accept-Encoding": "gzip", "If-None-Match": first.headers["ETag"]})

    assert first.headers["Content-Encoding"] == "gzip"
    assert len(first.content) < 6 * 1024
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["Cache-Control"] == "no-cache"


def test_release_is_named_after_what_is_shown(tmp_path: Path, settings: Settings) -> None:
    settings.BASE_DIR = tmp_path
    names = []
    for file, text in [("templates/a.html", "one"), ("templates/a.html", "two"), ("static/b.css", "two"), ("x.py", "")]:
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).write_text(text)
        names.append(release.__wrapped__())
    assert len(set(names)) == 3
    assert names[2] == names[3]


def test_worker_is_another_with_each_release(client: Client) -> None:
    assert f'"version": "{release()}"' in client.get("/sw.js").content.decode()


def test_worker_is_another_with_another_key_for_messages(client: Client, settings: Settings) -> None:
    def worker(key: str) -> tuple[str, str]:
        settings.VAPID_PRIVATE_KEY = key
        pwa._worker.cache_clear()
        answer = client.get("/sw.js")
        return answer.content.decode(), answer.headers["ETag"]

    try:
        first, second, without = (worker(key) for key in ("A" * 42 + "E", "A" * 42 + "I", ""))
    finally:
        pwa._worker.cache_clear()
    assert '"pushKey": ""' in without[0]
    assert len({text for text, _etag in (first, second, without)}) == 3
    assert len({etag for _text, etag in (first, second, without)}) == 3


def test_worker_stores_files_that_are_there(client: Client) -> None:
    text = client.get("/sw.js").content.decode()
    assert len(pwa.PRECACHED) > 8
    for name in pwa.PRECACHED:
        assert (ROOT / "static" / name).is_file(), name
        assert f'"/static/{name}"' in text
    for code, _name in settings.LANGUAGES:
        assert client.get(f"/offline/?language={code}").headers["Content-Language"] == code
        assert f'"/offline/?language={code}"' in text


def test_manifest_makes_the_pages_installable(client: Client) -> None:
    answer = client.get("/manifest.webmanifest?language=en")
    told = answer.json()

    assert answer.headers["Content-Type"] == "application/manifest+json"
    assert answer.headers["Cache-Control"] == "public, max-age=3600"
    assert {key: told[key] for key in ("id", "name", "short_name", "start_url", "scope", "display", "lang")} == {
        "id": "/",
        "name": "Steadyback",
        "short_name": "Steadyback",
        "start_url": "/today/",
        "scope": "/",
        "display": "standalone",
        "lang": "en",
    }
    assert re.fullmatch(r"#[0-9a-f]{6}", told["background_color"])
    assert re.fullmatch(r"#[0-9a-f]{6}", told["theme_color"])
    assert [(icon["sizes"], icon["purpose"]) for icon in told["icons"]] == [
        ("192x192", "any"),
        ("512x512", "any"),
        ("512x512", "maskable"),
    ]
    assert all((ROOT / icon["src"].lstrip("/")).is_file() for icon in told["icons"])
    assert [(shortcut["name"], shortcut["url"]) for shortcut in told["shortcuts"]] == [
        ("Today", "/today/"),
        ("Log pain", "/today/#pain"),
    ]


def test_manifest_speaks_the_language_of_its_address(client: Client) -> None:
    spanish = {"Accept-Language": "es"}
    assert client.get("/manifest.webmanifest", headers=spanish).json()["lang"] == "es"
    assert client.get("/manifest.webmanifest?language=en", headers=spanish).json()["lang"] == "en"
    assert client.get("/manifest.webmanifest?language=xx", headers=spanish).json()["lang"] == "es"


def test_pages_name_the_manifest_in_their_language(client: Client, db: None) -> None:
    page = client.get("/accounts/login/", headers={"Accept-Language": "es"}).content.decode()
    assert '<link rel="manifest" href="/manifest.webmanifest?language=es">' in page


def test_offline_page_holds_nothing_about_anybody(client: Client, patient: Patient, as_user: AsUser) -> None:
    owner = patient.caregivers.get().user
    mine, nobodys = as_user(owner).get("/offline/?language=en"), client.get("/offline/?language=en")

    assert mine.content == nobodys.content
    text = mine.content.decode()
    assert "No connection just now" in text
    assert "tel:" not in text
    assert patient.name not in text
    # The worker keeps what is private to somebody; this is everybody's.
    assert mine.headers["Cache-Control"] == "no-cache"


def test_pages_tell_their_release_and_whose_they_are(client: Client, patient: Patient, as_user: AsUser) -> None:
    owner = patient.caregivers.get().user
    page = as_user(owner).get(f"/dogs/{patient.pk}/today/")

    assert page.status_code == 200
    assert page.headers["X-App-Version"] == release()
    assert page.headers["X-User-Key"] == user_key(owner)
    assert client.get("/accounts/login/").headers["X-User-Key"] == "-"


def test_page_after_signing_out_is_nobodys(as_user: AsUser, owner: User) -> None:
    browser = as_user(owner)
    assert browser.post("/accounts/logout/").headers["X-User-Key"] == "-"
    assert browser.get("/accounts/login/").headers["X-User-Key"] == "-"


def test_visitors_pages_cost_no_query(
    client: Client, db: None, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    client.get("/offline/")
    with django_assert_num_queries(0):
        answer = client.get("/offline/?language=es")
    assert answer.headers["X-User-Key"] == "-"


@pytest.mark.parametrize("status", [500, 503])
def test_broken_page_is_nobodys_and_asks_nobody(rf: RequestFactory, status: int) -> None:
    """The database may be what is broken: looking up who asks would break the answer too."""

    class Broken:
        @property
        def is_authenticated(self) -> bool:
            raise OperationalError

    def get_response(request: HttpRequest) -> HttpResponse:
        request.user = Broken()  # type: ignore[assignment]
        return HttpResponse("broken", status=status)

    request = rf.get("/")
    request.COOKIES[settings.SESSION_COOKIE_NAME] = "a session"
    request.resolver_match = None
    answer = AnswerHeaders(get_response)(request)
    assert answer.headers["X-App-Version"] == release()
    assert "X-User-Key" not in answer.headers


def test_only_pages_are_stamped(as_user: AsUser, owner: User) -> None:
    answer = as_user(owner).get("/manifest.webmanifest")
    assert {"X-App-Version", "X-User-Key"}.isdisjoint(answer.headers)
