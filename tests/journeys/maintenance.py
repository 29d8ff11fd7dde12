"""After the treatment: discharge, the first checkpoint, thirty good days, and the pain that comes back."""

import re

from playwright.sync_api import expect

from rehab.patients.models import Observation
from rehab.programs.models import Checkpoint, Episode
from tests.journeys.conftest import eventually
from tests.journeys.story import WELL, Check, Story
from tests.journeys.test_main_loop import choose


def is_discharged(story: Story, assert_accessible: Check) -> None:
    """Twelve weeks: examined without a deficit, off its medicine, and into maintenance with six looks ahead."""
    vet, dog = story.vet, story.dog
    story.go_to(84, "10:00")
    story.is_weighed()
    story.listed("The re-examination is due today.")
    story.begin_definition()
    choose(vet, "neuro_deficit", "no")
    choose(vet, "neuro_grade", "1")
    choose(vet, "pain_at_rest", "0")
    for part in ("name", "dose", "times"):
        vet.locator(f"[name='medicine_1_{part}']").fill("")
    choose(vet, "pain_control", "none_needed")
    choose(vet, "activity_order", "free")
    story.own_life(standing=60, hard=0)
    story.sign(row="D2", re_exam_in=180)
    vet.goto(f"/patients/{dog.pk}/discharge/")
    assert_accessible(vet)
    vet.locator("[name='medication-given-chosen']").uncheck()
    vet.get_by_label("In your words").fill("Walks, plays and jumps as before.")
    vet.get_by_role("button", name="Discharge", exact=True).click()
    vet.wait_for_url(f"**/patients/{dog.pk}/")
    checkpoints = list(Checkpoint.objects.filter(patient=dog).order_by("month"))
    assert [one.month for one in checkpoints] == [1, 3, 6, 12, 18, 24]
    since, due = story.day(84), checkpoints[0].due_on
    expect(vet.get_by_role("main")).to_contain_text(
        f"In maintenance since {since.day} {since:%b %Y}, next checkpoint {due.day} {due:%b %Y}."
    )
    assert (story.program.phase, story.program.profile) == ("P5", "neuro")
    story.family.doses = ()
    story.teach(85)


def stays_well(story: Story, assert_accessible: Check) -> None:
    """Thirty good days and the first checkpoint, which the family answers on its own page."""
    owner = story.owner
    first = Checkpoint.objects.get(patient=story.dog, month=1)
    number = (first.due_on - story.first).days
    story.days(85, number - 1, measures=WELL)
    story.go_to(number, "08:00")
    story.open_today().get_by_role("link", name="Answer now").click()
    owner.wait_for_url(f"**/dogs/{story.dog.pk}/checkpoint/")
    assert_accessible(owner)
    owner.get_by_role("button", name=re.compile(r"^0\b")).first.click()
    expect(owner.get_by_role("main")).to_contain_text("Before: 0 of 10")
    for metric, value in (("standing_s", "60"), ("straight_sits", "5"), ("walk_min_total", "5"), ("weight_kg", "8.4")):
        form = owner.locator("form").filter(has=owner.locator(f"[name='metric'][value='{metric}']"))
        form.locator("[name='value']").fill(value)
        form.get_by_role("button", name="Save").click()
        eventually(owner, Observation.objects.filter(metric=metric, day=first.due_on).count, 1)
    eventually(owner, lambda: Checkpoint.objects.get(pk=first.pk).state, Checkpoint.State.GOOD, seconds=30)
    story.days(number + 1, 119, measures=WELL)


def hurts_again(story: Story, assert_accessible: Check) -> None:
    """The same pain on two days: stopped at once, another episode, and nothing goes on before a vet has defined it."""
    vet, owner, dog = story.vet, story.owner, story.dog
    for number in (120, 121):
        day = story.go_to(number, "13:00")
        if number == 120:
            story.sign_in_again()
        story.family.tell(
            day,
            ("pain", {"moment": "next_morning", "score": 0}, "07:10"),
            ("pain", {"moment": "before", "score": 3}, "08:30"),
        )
    story.is_weighed()
    story.listed("Same pain came back after a good spell (>=30 days)", "Nobody has taken it over yet.")
    stopped = story.open_today().locator("#stopped")
    expect(stopped).to_contain_text("Same pain came back after a good spell (>=30 days)")
    story.alert_letter("A warning sign needs you today")
    story.open_dog()
    again = vet.get_by_role("main")
    expect(again).to_contain_text("Episode 2, since")
    expect(again).to_contain_text("nothing is assigned and nothing grows")
    expect(again).to_contain_text("Episode 1, ")
    assert_accessible(vet)
    vet.goto(f"/patients/{dog.pk}/program/assign/")
    expect(vet.get_by_role("heading", level=1)).to_be_visible()
    expect(vet.get_by_role("link", name="Strict rest and nursing")).to_have_count(0)

    # A new draft quotes what was seen; she examines the dog, writes down what is true now, and signs.
    story.open_dog()
    vet.get_by_role("button", name="Define the problem anew").click()
    vet.wait_for_url("**/definition/")
    expect(vet.get_by_label("The true cause, in your words")).to_have_value(re.compile("the pain came back after"))
    vet.get_by_label("Began on").fill(story.day(120).isoformat())
    vet.get_by_label("Pain controlled since").fill("")
    choose(vet, "pain_at_rest", "3")
    story.give_gabapentin()
    choose(vet, "activity_order", "strict_rest")
    story.own_life(hard=3)
    story.sign(row="D2", re_exam_in=14)
    story.family.doses = ("07:00", "19:00")
    story.open_dog()
    story.release("Examined today: the old disc again; rest and medicine first.")
    story.assign_rest(why="The pain came back: rest first.")
    assert Episode.objects.filter(patient=dog).count() == 2
    story.go_to(122, "08:00")
    expect(story.open_today().locator("#today")).to_contain_text("Day 1 of 28")
    expect(owner.locator("#dose-1")).to_contain_text("Gabapentin")
