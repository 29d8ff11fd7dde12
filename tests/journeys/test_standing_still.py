"""What a script adds to a page has its place before the script is there, however late it comes."""

import pytest
from playwright.sync_api import Page, Route, expect

from rehab.patients.models import Patient
from tests.journeys.conftest import SETTLED, NewContext
from tests.journeys.stack import Stack
from tests.journeys.test_timer import address, dog, item  # noqa: F401 (one is a fixture)
from tests.journeys.test_today import signed_in

pytestmark = [pytest.mark.browser, pytest.mark.phone, pytest.mark.django_db(transaction=True)]

# Where everything is that somebody reads or presses, but for the buttons that the script brings.
PLACES = """() => [...document.querySelectorAll('main :is(h2, legend, input, summary, form button:not([data-step]))')]
    .map((one) => { const { left, top } = one.getBoundingClientRect(); return [one.outerHTML.slice(0, 60), left, top]; })"""


@pytest.mark.parametrize(
    ("position", "element", "button"), [(0, "count-up", "One more"), (1, "hold-timer", "Take the time")]
)
def test_nothing_moves_when_the_script_of_an_exercise_comes_late(
    dog: Patient,  # noqa: F811
    stack: Stack,
    new_phone: NewContext,
    position: int,
    element: str,
    button: str,
) -> None:
    page: Page = signed_in(new_phone(service_workers="block"), "olga@example.test", stack.base_url)
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route(f"**/elements/{element}*.js", hold)
    page.goto(address(item(dog, position)), wait_until="commit")
    # The choice of a clip has two shapes of its own.
    page.locator("clip-upload:defined").wait_for()
    page.evaluate(SETTLED)
    assert page.get_by_role("button", name=button).count() == 0
    before = page.evaluate(PLACES)

    [late] = held
    late.continue_()
    expect(page.get_by_role("button", name=button)).to_be_visible()
    assert page.evaluate(PLACES) == before
    assert len(before) > 10
