"""Twelve weeks of treatment of a disc that hurts a nerve: rest, two missed doses, a flare, a warning sign, and strength again."""

from playwright.sync_api import expect

from rehab.sessions.models import WarningReport
from tests.journeys.conftest import eventually
from tests.journeys.story import WELL, Check, Story
from tests.journeys.test_check import tick
from tests.journeys.test_main_loop import choose


def rests_in_a_crate(story: Story) -> None:
    vet = story.vet
    story.begin_definition()
    choose(vet, "origin", "primary")
    choose(vet, "mechanism", "neurologic")
    choose(vet, "neuro_deficit", "yes")
    choose(vet, "neuro_grade", "2")
    choose(vet, "cause", "disc")
    choose(vet, "leaf", "ivdd_conservative")
    vet.get_by_label("The true cause, in your words").fill("A disc at the end of the chest presses on the spinal cord")
    vet.get_by_label("Began on").fill(story.day(-5).isoformat())
    choose(vet, "pain_at_rest", "3")
    story.give_gabapentin()
    choose(vet, "activity_order", "strict_rest")
    story.sign(row="D3", re_exam_in=22)
    story.assign_rest(why="Examined today.")
    assert (story.program.decision_row, story.program.profile, story.program.phase) == ("D3", "neuro", "P0")
    today = story.open_today()
    expect(today.get_by_role("heading", level=1)).to_have_text("Bruno")
    expect(today.locator("#today")).to_contain_text("Day 1 of 28")


def is_not_heard_of(story: Story) -> None:
    """Three days of which nobody says anything are three days of which nobody knows anything."""
    story.days(0, 0, before=3, after=3, morning=None)
    story.days(1, 3, before=2, after=2, morning=2)
    story.days(4, 4, before=1, after=1, morning=2)
    story.go_to(8, "18:00")
    story.is_weighed()
    story.listed("Silent", "Nothing heard on the last 3 days with exercises.")
    story.open_dog()
    story.vet.get_by_text("The same as a table").click()
    for number, cells in ((4, ["2", "1", "1"]), (5, ["–"] * 3), (6, ["–"] * 3), (7, ["–"] * 3)):
        day = story.day(number)
        line = story.vet.get_by_role("row").filter(has_text=f"{day:%a} {day.day} {day:%b}")
        assert line.locator("td").all_inner_texts()[:3] == cells
    story.days(8, 9, before=1, after=1, morning=1)


def misses_two_doses(story: Story, assert_accessible: Check) -> None:
    vet, owner = story.vet, story.owner
    story.go_to(10)
    story.open_today()
    for dose in (1, 2):
        owner.locator(f"#dose-{dose}").get_by_role("button", name="missed").click()
        expect(owner.locator(f"#dose-{dose}")).to_have_attribute("data-state", "missed")
    story.is_weighed()
    story.open_today()
    stopped = owner.locator("#stopped")
    expect(stopped).to_contain_text("Nerve pain must be controlled before any exercise")
    expect(stopped).to_contain_text("Nobody has taken it over yet: call.")
    assert_accessible(owner)

    # The vet reads it on her list, and is told by a mail.
    story.listed("Pain medicine ran out, refused or missed 2 doses", "Nobody has taken it over yet.")
    address = story.alert_letter("A warning sign needs you today")
    vet.goto(address)
    expect(vet.get_by_text("Nerve pain must be controlled before any exercise")).to_be_visible()
    assert_accessible(vet)
    story.release("Gave both doses with the family; an alarm is set.")
    vet.goto(address)
    expect(vet.locator(".alert-state")).to_contain_text("Cleared.")
    story.open_today()
    expect(owner.locator("#day-ring")).to_be_visible()
    expect(stopped).to_have_count(0)


def wakes_up(story: Story, assert_accessible: Check) -> None:
    """After three weeks of rest the vet examines the dog, signs what it may do now, and moves it on."""
    vet = story.vet
    story.days(11, 21, before=1, after=1, morning=1, measures={"rest_breaks": 0})
    story.go_to(22, "10:00")
    story.begin_definition()
    choose(vet, "activity_order", "leash_only")
    choose(vet, "pain_at_rest", "1")
    vet.get_by_label("Pain controlled since").fill(story.day(11).isoformat())
    story.own_life()
    story.sign(row="D3", re_exam_in=62)
    expect(vet.get_by_text("Signed. The program follows it and goes on as it was.")).to_be_visible()
    vet.goto(f"/patients/{story.dog.pk}/phase/")
    checks = vet.get_by_role("list").filter(has_text="Medicine doses given")
    expect(checks).to_contain_text("highest 1 of 10 (6 of 7 days known)")
    expect(checks).to_contain_text("100 % on average (6 of 7 days known)")
    assert_accessible(vet)
    story.move("P1", "Quiet in the crate; examined today.")
    expect(vet.get_by_text("P1 Wake up from tomorrow")).to_be_visible()
    story.teach(23)
    story.days(23, 30, before=1, after=1, morning=1, measures={"rest_breaks": 0, "unaided_steps": 10})
    story.go_to(31, "10:00")
    story.move("P2", "Ten steps alone, mornings as always.")
    story.teach(32)
    assert story.program.phase == "P2"


def flares_up(story: Story) -> None:
    vet = story.vet
    story.days(32, 34, measures={"unaided_steps": 10})
    # One long walk instead of all that was planned, and the morning after it is not like the others.
    story.days(35, 35, only="leash-walk")
    day = story.go_to(36, "07:30")
    story.family.tell(day, ("pain", {"moment": "next_morning", "score": 2}, "07:10"))
    story.is_weighed()
    row = story.listed(
        "Less of Controlled leash walk: Next morning 2 against usual 0 (24-hour rule).",
        "3 times a day → twice a day (20 % less)",
    )
    row.get_by_role("button", name="Accept").click()
    expect(row).to_contain_text("Regress: Controlled leash walk")
    vet.goto(f"/programs/{story.program.pk}/")
    expect(vet.get_by_role("main")).to_contain_text("3 times a day → twice a day")
    expect(story.open_today().locator("#today")).to_contain_text("2 minutes, twice a day")
    day = story.go_to(36)
    story.family.tell(day, *story.family.whole_day(day, before=1, after=1, morning=None))


def shows_a_warning_sign(story: Story, assert_accessible: Check) -> None:
    """It stops at once on the phone that has no network; the clinic hears of it an hour later."""
    vet, owner = story.vet, story.owner
    story.days(37, 40, measures={"unaided_steps": 10})
    story.go_to(41, "17:00")
    story.open_today()
    story.keeps_today()
    owner.goto(f"/dogs/{story.dog.pk}/check/")
    owner.context.set_offline(True)
    tick(owner, "RF03")
    owner.get_by_role("button", name="Send").click()
    stop = owner.get_by_role("dialog", name="Call now")
    expect(stop.get_by_role("status")).to_have_text("Saved on this phone. The clinic does not have it yet.")
    stop.get_by_role("button", name="Close").click()
    owner.get_by_role("link", name="Today").click()
    stopped = owner.locator("#stopped")
    expect(stopped).to_contain_text("Your report is saved on this phone. The clinic does not have it yet.")
    expect(owner.locator(".slot:visible")).to_have_count(0)
    reports = WarningReport.objects.filter(patient=story.dog, flags=["RF03"])
    assert not reports.exists()

    story.go_to(41, "18:10")
    owner.context.set_offline(False)
    eventually(owner, reports.count, 1)
    story.is_weighed()
    story.open_today()
    expect(stopped).to_contain_text("Weakness or wobble clearly worse than yesterday")
    story.listed("Weakness or wobble clearly worse than yesterday (today). Nobody has taken it over yet.")
    vet.goto(story.alert_letter("EMERGENCY: a warning sign needs you now"))
    expect(vet.get_by_text("Checked by Olga Ruiz, today, 17:00; received today, 18:10.")).to_be_visible()
    story.release("Examined at once: slipped on the wet floor, walks as yesterday.")
    story.open_today()
    expect(owner.locator("#day-ring")).to_be_visible()
    expect(stopped).to_have_count(0)


def grows_again(story: Story, assert_accessible: Check) -> None:
    """Calm days allow a step; one is taken, and the others wait for a week, because one thing changes at a time."""
    vet = story.vet
    story.days(42, 47, measures={"unaided_steps": 10, "standing_s": 40})
    story.is_weighed()
    story.listed("Ready to progress", "All that progress needs is met: 100 % done, mornings at the usual 0.")
    story.open_dog()
    held = vet.locator(".suggestion").filter(has_text="Let it settle after it was lowered: 5 of 7 clean sessions.")
    expect(held).to_have_count(1)
    assert_accessible(vet)
    vet.get_by_role("button", name="Accept Stand and shift weight").click()
    expect(vet.get_by_text("Progress: Stand and shift weight").first).to_be_visible()
    story.is_weighed()
    story.open_dog()
    waits = "One change at a time: Stand and shift weight grew in the last 7 days."
    expect(vet.locator(".suggestion").filter(has_text=waits)).to_have_count(3)
    # It was suggested and taken, and neither it nor what was lowered went against a rule.
    vet.goto(f"/programs/{story.program.pk}/")
    for rule in ("G3", "P1"):
        named = vet.get_by_text(rule, exact=True)
        expect(vet.locator("ul[aria-label='Rules followed']").filter(has=named)).to_have_count(1)
        expect(vet.locator("ul[aria-label='Rules overruled']").filter(has=named)).to_have_count(0)
    story.days(48, 49, measures={"standing_s": 60, "knuckling_level": 1})
    expect(story.open_today().locator("#today")).to_contain_text("4 times, twice a day")


def gets_its_life_back(story: Story) -> None:
    """Two more phases; the vet reads what the data do not say yet, and decides with a reason."""
    vet, family = story.vet, story.family
    day = story.go_to(50, "10:00")
    told = (("standing_s", "60", "09:30"), ("knuckling_level", "1", "09:31"))
    family.tell(day, *(("measure", {"metric": name, "value": value}, at) for name, value, at in told))
    story.move(
        "P3",
        "Stands a minute; the walks grow later.",
        and_also=["sit-stand"],
        without=["figure-eight", "cavaletti-flat"],
    )
    vet.goto(f"/programs/{story.program.pk}/")
    expect(vet.get_by_role("main")).to_contain_text("Criteria that were not met or not known:")
    expect(vet.get_by_role("main")).to_contain_text("Minutes on the lead in one day: at least 20 min")
    story.teach(51)
    story.days(51, 59, measures=WELL)
    # A session lasts for sixty days, to the hour.
    story.go_to(60, "11:00")
    story.sign_in_again()
    story.days(60, 69, measures=WELL)
    story.go_to(70, "10:00")
    story.move("P4", "Sits straight, mornings calm.", without=["three-leg-stand", "terrain-walk"])
    story.teach(71)
    story.days(71, 83, measures=WELL)
