"""Signing in on a phone, by the code that a real mail server receives."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests import make
from tests.journeys.conftest import MailServer

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_owner_signs_in_with_the_code_from_the_mail(
    phone: BrowserContext, mail_server: MailServer, assert_accessible: Callable[[Page], None]
) -> None:
    make.make_user("olga@example.test", "Olga Ruiz")
    page = phone.new_page()

    page.goto("/settings/")
    expect(page).to_have_url(re.compile(r"/accounts/login/\?next=/settings/"))
    assert_accessible(page)
    page.get_by_label("Your e-mail address").fill("olga@example.test")
    page.get_by_role("button", name="Send me a code").click()

    page.get_by_label("Code from the e-mail").wait_for()
    assert_accessible(page)
    (mail,) = mail_server.wait_for(to="olga@example.test")
    code = re.search(r"^\s*([A-Z0-9]{4}-?[A-Z0-9]{4})\s*$", mail.get_content(), re.MULTILINE)
    assert code, mail.get_content()
    page.get_by_label("Code from the e-mail").fill(code[1])
    page.get_by_role("button", name="Sign in").click()

    expect(page).to_have_url(re.compile(r"/settings/$"))
    assert_accessible(page)
    session = next(cookie for cookie in phone.cookies() if cookie["name"] == "sessionid")
    assert (session["httpOnly"], session["sameSite"]) == (True, "Lax")
