"""Signing in by a mailed code, from the first page to the home page."""

import re
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth import get_user
from django.core import mail
from django.http import HttpRequest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from accounts.models import User
from tests import make

pytestmark = pytest.mark.usefixtures("own_limits")

SIGN_IN = "/accounts/login/"
CONFIRM = "/accounts/login/code/"


def ask(client: Client, email: str, **extra: str) -> Any:
    return client.post(SIGN_IN, {"email": email, **extra})


def mailed_code() -> str:
    found = re.search(r"^ {4}(\S+)$", str(mail.outbox[-1].body), re.MULTILINE)
    assert found, mail.outbox[-1].body
    return found[1]


def who(client: Client) -> object:
    request = HttpRequest()
    request.session = client.session
    return get_user(request)


@pytest.fixture
def person(db: None) -> User:
    return make.make_user("olga@example.test", "Olga Ruiz", language="es")


def test_sign_in_by_code_leads_home(client: Client, person: User) -> None:
    answer = ask(client, "Olga@Example.test")
    assert (answer.status_code, answer["Location"]) == (302, CONFIRM)
    assert mail.outbox[0].to == ["olga@example.test"]
    assert mail.outbox[0].subject == "Your sign-in code"
    answer = client.post(CONFIRM, {"code": mailed_code()})
    assert (answer.status_code, answer["Location"]) == (302, "/")
    assert who(client) == person
    assert len(mail.outbox) == 1
    assert EmailAddress.objects.filter(user=person, email=person.email, verified=True, primary=True).count() == 1


def test_sign_in_sets_the_persons_language(client: Client, person: User) -> None:
    ask(client, person.email)
    answer = client.post(CONFIRM, {"code": mailed_code()})
    assert answer.cookies["django_language"].value == "es"
    assert answer.cookies["django_language"]["samesite"] == "Lax"
    assert answer.cookies["django_language"]["httponly"]


def test_second_sign_in_keeps_one_address_row(client: Client, person: User) -> None:
    for _ in range(2):
        ask(client, person.email)
        client.post(CONFIRM, {"code": mailed_code()})
        client.post("/accounts/logout/")
    assert EmailAddress.objects.filter(user=person).count() == 1


def test_sign_in_goes_on_to_the_page_asked_for(client: Client, person: User) -> None:
    answer = ask(client, person.email, next="/settings/")
    assert answer["Location"] == f"{CONFIRM}?next=%2Fsettings%2F"
    answer = client.post(CONFIRM, {"code": mailed_code(), "next": "/settings/"})
    assert answer["Location"] == "/settings/"


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)"]
)
def test_sign_in_never_leads_to_another_site(client: Client, person: User, target: str) -> None:
    ask(client, person.email, next=target)
    answer = client.post(CONFIRM, {"code": mailed_code(), "next": target})
    assert answer["Location"] == "/"


def test_session_key_changes_at_sign_in(client: Client, person: User) -> None:
    ask(client, person.email)
    before = client.session.session_key
    client.post(CONFIRM, {"code": mailed_code()})
    assert client.session.session_key != before


def test_three_wrong_codes_make_the_right_one_useless(client: Client, person: User) -> None:
    ask(client, person.email)
    code = mailed_code()
    answers = [client.post(CONFIRM, {"code": "WRONGWRO"}) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [422, 422, 302]
    assert "This is not the code we sent" in answers[0].content.decode()
    assert answers[2]["Location"] == SIGN_IN
    client.post(CONFIRM, {"code": code})
    assert isinstance(who(client), User) is False


def test_code_works_only_in_the_browser_that_asked(client: Client, person: User) -> None:
    ask(client, person.email)
    elsewhere = Client()
    elsewhere.post(CONFIRM, {"code": mailed_code()})
    assert isinstance(who(elsewhere), User) is False


def test_code_works_once(client: Client, person: User) -> None:
    ask(client, person.email)
    code = mailed_code()
    client.post(CONFIRM, {"code": code})
    client.post("/accounts/logout/")
    client.post(CONFIRM, {"code": code})
    assert isinstance(who(client), User) is False


def test_known_and_unknown_address_answer_alike(client: Client, person: User) -> None:
    pages = []
    for email in (person.email, "nobody@example.test"):
        browser = Client()
        answer = ask(browser, email)
        page = browser.get(answer["Location"]).content.decode()
        page = re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", page)
        pages.append((answer.status_code, answer["Location"], page.replace(email, "ADDRESS")))
    assert pages[0] == pages[1]
    assert [(len(message.to), bool(message.body)) for message in mail.outbox] == [(1, True), (1, True)]
    assert "code" not in mail.outbox[1].subject.lower()
    assert User.objects.count() == 1


def test_switched_off_account_gets_no_code(client: Client, person: User) -> None:
    person.is_active = False
    person.save(update_fields=["is_active"])
    ask(client, person.email)
    assert [message.subject for message in mail.outbox] == ["Somebody tried to sign in with this address"]


def test_fourth_code_in_a_minute_is_refused(client: Client, person: User) -> None:
    answers = [ask(Client(), person.email) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [302, 302, 302, 422]
    assert "tried too often" in answers[3].content.decode()
    assert len(mail.outbox) == 3


@pytest.mark.parametrize("email", ["", "not an address", "a@example.test\x00", "a" * 300 + "@example.test"])
def test_bad_address_is_422(client: Client, db: None, email: str) -> None:
    answer = ask(client, email)
    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.content.decode()
    assert mail.outbox == []


@pytest.mark.parametrize("email", ["olga@example.test", "nobody@example.test"])
def test_address_that_the_mail_server_refuses_is_answered_as_any_other(
    client: Client, person: User, settings: Settings, email: str
) -> None:
    settings.EMAIL_BACKEND = "tests.accounts.refusing_mail.EmailBackend"
    assert ask(client, email)["Location"] == CONFIRM


@pytest.mark.parametrize("email", ['"a\x0cb: c"@example.test', '"a\x1db"@example.test', '"\x07"@example.test'])
def test_address_with_hidden_characters_is_422(client: Client, db: None, email: str) -> None:
    answer = ask(client, email)
    assert answer.status_code == 422
    assert "hidden character" in answer.content.decode()
    assert mail.outbox == []


@pytest.mark.parametrize("email", ["olga@example.test", "nobody@example.test"])
def test_mail_server_that_is_away_is_said_and_the_next_try_is_a_fresh_one(
    client: Client, person: User, settings: Settings, email: str
) -> None:
    at_work = settings.EMAIL_BACKEND
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9  # nobody listens on the discard port
    answer = ask(client, email)
    assert (answer.status_code, answer["Retry-After"]) == (503, "60")
    assert "We cannot send e-mail at the moment" in answer.content.decode()
    assert client.get(CONFIRM)["Location"] == SIGN_IN
    settings.EMAIL_BACKEND = at_work
    assert ask(client, email)["Location"] == CONFIRM


@pytest.mark.parametrize("email", ["olga@example.test", "nobody@example.test"])
def test_codes_typed_in_the_same_moment_are_counted_each(client: Client, person: User, email: str) -> None:
    ask(client, email)
    before = dict(client.session.items())
    said = []
    for _ in range(5):
        # Requests of the same moment all read the session as it was before any of them.
        session = client.session
        session.update(before)
        session.save()
        said.append(client.post(CONFIRM, {"code": "NOTT-HISX"}).content.decode())
    assert ["not the code we sent" in one for one in said] == [True, True, True, False, False]
    session = client.session
    session.update(before)
    session.save()
    if email == person.email:
        assert "tried too often" in client.post(CONFIRM, {"code": mailed_code()}).content.decode()
    assert not isinstance(who(client), User)


def test_session_cookie_with_nul_is_no_session(client: Client, db: None) -> None:
    client.cookies["sessionid"] = "\0" * 32
    assert client.get("/settings/")["Location"] == f"{SIGN_IN}?next=/settings/"


def test_sign_out_needs_a_post(client: Client, person: User) -> None:
    client.force_login(person)
    assert client.get("/accounts/logout/").status_code == 200
    assert who(client) == person
    answer = client.post("/accounts/logout/")
    assert (answer.status_code, answer["Location"]) == (302, SIGN_IN)
    assert isinstance(who(client), User) is False


@pytest.mark.parametrize("url", [SIGN_IN, "/accounts/logout/"])
def test_forms_need_the_csrf_token(person: User, url: str) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(person)
    assert strict.post(url, {"email": person.email}).status_code == 403
    assert who(strict) == person


def test_sign_up_is_closed(client: Client, db: None) -> None:
    assert "You join by invitation" in client.get("/accounts/signup/").content.decode()
    assert client.post("/accounts/signup/", {"email": "new@example.test"}).status_code == 405
    assert not User.objects.exists()


@pytest.mark.parametrize(
    "path", ["password/reset/", "password/change/", "password/set/", "email/", "confirm-email/", "reauthenticate/"]
)
def test_pages_of_allauth_that_are_not_used_are_not_there(client: Client, person: User, path: str) -> None:
    client.force_login(person)
    assert client.get(f"/accounts/{path}").status_code == 404


def test_visitor_is_sent_to_sign_in_and_back(client: Client, db: None) -> None:
    answer = client.get(reverse("accounts:settings"))
    assert (answer.status_code, answer["Location"]) == (302, f"{SIGN_IN}?next=/settings/")


def test_page_part_of_an_expired_session_is_401(client: Client, db: None) -> None:
    answer = client.get(reverse("accounts:settings"), headers={"HX-Request": "true"})
    assert answer.status_code == 401
    assert answer["HX-Redirect"].startswith(SIGN_IN)
