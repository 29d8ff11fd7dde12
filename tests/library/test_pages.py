"""The pages of the library: who opens them, what they show, and writing own content without JavaScript."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from accounts.models import Clinic, User
from rehab.lib.ids import new_id
from rehab.library import media
from rehab.library.actions import load_library
from rehab.library.models import Exercise, Media, Protocol, ProtocolPhase
from rehab.library.own import retire, save_exercise, save_protocol
from tests import make
from tests.library.test_media import bomb, photo
from tests.library.test_own import LATER, phase, protocol_values, values

AsUser = Callable[[User], Client]
HTMX = {"HX-Request": "true"}


@pytest.fixture(autouse=True)
def _own_folder(settings: Settings, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"


@pytest.fixture
def library(db: None) -> None:
    load_library(at=make.NOW)


@pytest.fixture
def own_exercise(library: None, clinic: Clinic, vet: User) -> Exercise:
    return save_exercise(clinic=clinic, by=vet, at=make.NOW, values=values(name="CANARY steps"))


@pytest.fixture
def own_protocol(library: None, clinic: Clinic, vet: User) -> Protocol:
    return save_protocol(clinic=clinic, by=vet, at=make.NOW, values=protocol_values(name="CANARY plan"))


def typed(**changes: Any) -> dict[str, Any]:
    """The exercise form as a person fills it in."""
    return {
        "key": str(new_id()),
        "name": "Sofa steps",
        "purpose": "Steady the back feet",
        "category": "balance_stabilisation",
        "mode": "active",
        "load": "2",
        "steps": "Lead your dog to the step.\n\n  One foot up,  one foot down. ",
        "equipment": "low step",
        "dose_reps": "5",
        "least_reps": "3",
        "most_reps": "8",
        "dose_per_day": "2",
        "earliest_phase": "P2",
        "grades": ["0", "1"],
        "contraindications": ["X_PAIN"],
        "stop_signs": ["S_SHAKE"],
        "measure": "standing_s",
        "easier_slug": "weight-shift",
        **changes,
    }


def written(**changes: Any) -> dict[str, Any]:
    """The protocol form as a person fills it in, with one phase of one item."""
    return {
        "key": str(new_id()),
        "do": "save",
        "name": "Our strain plan",
        "cause": "soft_tissue",
        "rows": ["D1"],
        "profile": "msk",
        "total_weeks": "6",
        "reassess_days": "7, 14",
        "phase": ["0"],
        "p0-code": "P1",
        "p0-name": "Gentle motion",
        "p0-least": "5",
        "p0-most": "14",
        "p0-enter": "pain_rest.max[2d] <= 3",
        "p0-leave": "walk_min_total.avg[3d] >= 15",
        "p0-extra": "{}",
        "p0-item": ["0"],
        "p0-0-exercise": "leash-walk",
        "p0-0-dose-minutes": "5",
        "p0-0-dose-per_day": "3",
        "p0-0-condition": "fine weather",
        **changes,
    }


# --- Browsing ----------------------------------------------------------------------------------------------------


def test_search_answers_htmx_with_the_results_alone_and_their_address(
    library: None, vet: User, as_user: AsUser
) -> None:
    client, address = as_user(vet), reverse("library:exercise-list")
    page = client.get(address, {"q": "massage", "load": ""})
    part = client.get(address, {"q": "massage", "load": "", "category": ""}, headers=HTMX)
    assert "<html" in page.content.decode()
    assert part.content.decode().lstrip().startswith('<section id="results"')
    assert "Light massage" in part.content.decode()
    assert part.headers["HX-Push-Url"] == "?q=massage"
    assert client.get(address, headers=HTMX).headers["HX-Push-Url"] == address


def test_nothing_found_says_what_to_do(library: None, vet: User, as_user: AsUser) -> None:
    page = as_user(vet).get(reverse("library:exercise-list"), {"q": "trampoline"}).content.decode()
    assert "Nothing here matches “trampoline”." in page
    assert f'href="{reverse("library:exercise-create")}"' in page


def test_nothing_found_offers_what_was_probably_meant(library: None, vet: User, as_user: AsUser) -> None:
    page = as_user(vet).get(reverse("library:exercise-list"), {"q": "masagge"}).content.decode()
    massage = Exercise.objects.get(slug="light-massage")
    assert f'href="{reverse("library:exercise-detail", args=[massage.pk])}">Light massage</a>' in page


def test_filters_that_are_no_answers_ask_for_nothing(library: None, vet: User, as_user: AsUser) -> None:
    page = as_user(vet).get(reverse("library:exercise-list"), {"phase": "P9", "load": "x", "page": "-4", "q": "\0"})
    assert (page.status_code, page.context["found"].total) == (200, 45)


def test_exercise_page_shows_everything_in_words(library: None, vet: User, as_user: AsUser) -> None:
    exercise = Exercise.objects.get(slug="toe-squeeze")
    page = as_user(vet).get(reverse("library:exercise-detail", args=[exercise.pk])).content.decode()
    for text in (
        "Give the weak paws firm, safe input",
        "Watch the leg and the face",
        "3 repetitions, 3 times a day",
        "Using tools or nails",
        "Back muscles jump or the back humps up",
        "Broken skin or pressure sore at the contact area",
        "Answer to the toe squeeze (0-2 per paw)",
        "order of signs; reflex is not pain perception",
        "Founding document:",
        "Tail touch walk",
    ):
        assert text in page
    assert not re.search(r"\b[XS]_[A-Z]+", page)


def test_practice_is_never_shown_as_evidence(library: None, own_exercise: Exercise, vet: User, as_user: AsUser) -> None:
    client = as_user(vet)
    practice = Exercise.objects.built_in().filter(sources__icontains="GK").first()
    assert practice is not None
    page = client.get(reverse("library:exercise-detail", args=[practice.pk])).content.decode()
    assert "Veterinary practice without a published source" in page
    page = client.get(reverse("library:exercise-detail", args=[own_exercise.pk])).content.decode()
    assert "nothing published stands behind its numbers" in page


def test_every_page_of_the_built_in_library_opens(library: None, vet: User, as_user: AsUser) -> None:
    client = as_user(vet)
    pages = [
        *(reverse("library:exercise-detail", args=[pk]) for pk in Exercise.objects.values_list("pk", flat=True)),
        *(reverse("library:protocol-detail", args=[pk]) for pk in Protocol.objects.values_list("pk", flat=True)),
        *(reverse("library:protocol-copy", args=[pk]) for pk in Protocol.objects.values_list("pk", flat=True)),
        *(reverse(f"library:{name}") for name in ("protocol-list", "ladder-list", "red-flag-list")),
    ]
    assert {page: client.get(page).status_code for page in pages if client.get(page).status_code != 200} == {}
    assert len(pages) == 45 + 11 + 11 + 3


def test_warning_signs_are_all_there_by_urgency(library: None, vet: User, as_user: AsUser) -> None:
    page = as_user(vet).get(reverse("library:red-flag-list"))
    assert [len(flags) for _urgency, _level, flags in page.context["levels"]] == [11, 15, 5]


def test_superseded_version_leads_to_the_one_in_use(
    own_exercise: Exercise, clinic: Clinic, vet: User, as_user: AsUser
) -> None:
    newer = save_exercise(clinic=clinic, by=vet, at=LATER, values=values(name="Newer"), base=own_exercise)
    page = as_user(vet).get(reverse("library:exercise-detail", args=[own_exercise.pk])).content.decode()
    assert "This is version 1, as older prescriptions show it." in page
    assert reverse("library:exercise-detail", args=[newer.pk]) in page
    assert reverse("library:exercise-retire", args=[own_exercise.pk]) not in page


# --- Who opens what ----------------------------------------------------------------------------------------------


def addresses(exercise: Exercise, protocol: Protocol) -> list[str]:
    return [
        *(reverse(f"library:exercise-{what}", args=[exercise.pk]) for what in ("detail", "media", "copy", "edit", "retire", "restore")),
        *(reverse(f"library:protocol-{what}", args=[protocol.pk]) for what in ("detail", "copy", "edit", "retire", "restore")),
    ]  # fmt: skip


def without_token(page: bytes) -> bytes:
    return re.sub(rb'csrfmiddlewaretoken" value="\w+"', b"", page)


def test_own_content_does_not_exist_for_another_clinic(
    own_exercise: Exercise, own_protocol: Protocol, outside_vet: User, as_user: AsUser
) -> None:
    client = as_user(outside_vet)
    nowhere = addresses(Exercise(pk=new_id()), Protocol(pk=new_id()))
    for foreign, missing in zip(addresses(own_exercise, own_protocol), nowhere, strict=True):
        for method in (client.get, client.post):
            there, none = method(foreign), method(missing)
            assert there.status_code in (404, 405), foreign
            assert (there.status_code, without_token(there.content)) == (none.status_code, without_token(none.content))
    lists = [
        reverse("library:exercise-list") + "?q=canary",
        reverse("library:protocol-list"),
        reverse("library:protocol-create"),
    ]
    assert [address for address in lists if b"CANARY" in client.get(address).content] == []
    own_exercise.refresh_from_db()
    assert own_exercise.superseded_at is None


def test_families_and_admins_have_no_library(
    own_exercise: Exercise, own_protocol: Protocol, owner: User, admin: User, as_user: AsUser
) -> None:
    pages = [
        *addresses(own_exercise, own_protocol),
        *(reverse(f"library:{name}") for name in (
            "exercise-list", "exercise-create", "protocol-list", "protocol-create", "ladder-list", "red-flag-list",
        )),
    ]  # fmt: skip
    for user in (owner, admin):
        client = as_user(user)
        found = {
            page: client.post(page).status_code if client.get(page).status_code == 405 else client.get(page).status_code
            for page in pages
        }
        assert set(found.values()) == {403}, found


def test_built_in_content_cannot_be_edited_or_retired(library: None, vet: User, as_user: AsUser) -> None:
    client = as_user(vet)
    exercise, protocol = Exercise.objects.get(slug="sit-stand"), Protocol.objects.get(slug="fce")
    answers = [
        client.post(address).status_code
        for address in addresses(exercise, protocol)
        if address.split("/")[-2] in ("edit", "retire", "restore")
    ]
    assert answers == [403] * 6


def test_own_content_of_a_vet_of_two_clinics_says_whose_it_is(
    library: None, clinic: Clinic, other_clinic: Clinic, vet: User, as_user: AsUser
) -> None:
    make.join(vet, other_clinic, "therapist")
    client, address = as_user(vet), reverse("library:exercise-create")
    refused = client.post(address, typed())
    assert (refused.status_code, refused.context["form"].errors["clinic"]) == (
        422,
        ["Please choose one of your clinics."],
    )
    client.post(address, typed(clinic=str(other_clinic.pk)))
    assert Exercise.objects.get(slug="sofa-steps").clinic == other_clinic
    client.post(reverse("library:protocol-create"), written(clinic=str(clinic.pk)))
    assert Protocol.objects.get(slug="our-strain-plan").clinic == clinic


# --- An exercise of one's own ------------------------------------------------------------------------------------


def test_new_exercise_is_written_by_a_plain_form(
    library: None, clinic: Clinic, therapist: User, as_user: AsUser
) -> None:
    answer = as_user(therapist).post(reverse("library:exercise-create"), typed())
    made = Exercise.objects.get(clinic=clinic)
    assert (answer.status_code, answer.headers["Location"]) == (302, reverse("library:exercise-detail", args=[made.pk]))
    assert (made.name, made.steps, made.grades, made.easier_slug) == (
        "Sofa steps",
        ["Lead your dog to the step.", "One foot up, one foot down."],
        [0, 1],
        "weight-shift",
    )
    assert (made.dose["reps"], made.dose["per_day"], made.dose_range) == (5, 2, {"reps": [3, 8]})
    assert made.measure["unit"] == "s"


def test_form_of_a_copy_saves_what_the_built_in_exercise_says(
    library: None, clinic: Clinic, vet: User, as_user: AsUser
) -> None:
    """Opening every copy and saving it unchanged loses nothing."""
    client = as_user(vet)
    for base in Exercise.objects.built_in():
        page = client.get(reverse("library:exercise-copy", args=[base.pk]))
        form = page.context["form"]
        data = {name: form.initial.get(name) for name in form.fields}
        sent = {
            name: "\n".join(value) if isinstance(value, list) and name in ("steps", "equipment", "mistakes") else value
            for name, value in data.items()
            if value is not None and value is not False
        }
        answer = client.post(reverse("library:exercise-copy", args=[base.pk]), sent)
        assert answer.status_code == 302, (base.slug, answer.context["form"].errors)
        copy = Exercise.objects.get(clinic=clinic, slug=base.slug)
        same = (
            "name", "purpose", "category", "mode", "load", "trains", "equipment", "steps", "mistakes", "dose",
            "dose_range", "earliest_phase", "earliest_note", "not_before_day", "grades", "contraindications",
            "stop_signs", "measure", "easier_slug", "harder_slug", "clinic_only",
        )  # fmt: skip
        assert {name: getattr(copy, name) for name in same} == {name: getattr(base, name) for name in same}
        assert copy.based_on == base


@pytest.mark.parametrize(
    ("changes", "field", "sentence"),
    [
        ({"name": ""}, "name", "Give it a name."),
        ({"steps": " \n "}, "steps", "Write at least one step."),
        ({"grades": []}, "grades", "Choose the grades that it suits."),
        ({"dose_reps": "9"}, "dose_reps", "9 is outside 3 to 8."),
        ({"most_reps": ""}, "most_reps", "A range has both ends."),
        ({"least_reps": "9"}, "least_reps", "The range begins above its end."),
        ({"dose_reps": "", "dose_per_day": ""}, "dose_minutes", "Say how much: at least one number."),
        ({"dose_reps": "x"}, "dose_reps", "Please enter a whole number from 1 to 100."),
        ({"dose_days_per_week": "8"}, "dose_days_per_week", "Please enter a whole number from 1 to 7."),
        ({"easier_slug": "invented"}, "easier_slug", None),
        ({"load": "4", "earliest_phase": "P1"}, "load", "Load 4 is above 2, the most of P1"),
        ({"steps": "x" * 500}, "steps", "One line is very long. Please make several of it."),
    ],
)
def test_wrong_exercise_says_so_at_its_field(
    library: None, vet: User, as_user: AsUser, changes: dict[str, Any], field: str, sentence: str | None
) -> None:
    answer = as_user(vet).post(reverse("library:exercise-create"), typed(**changes))
    errors = answer.context["form"].errors
    assert (answer.status_code, list(errors)) == (422, [field])
    assert sentence is None or errors[field] == [sentence]
    assert 'id="form-errors"' in answer.content.decode()
    assert not Exercise.objects.exclude(clinic=None).exists()


def test_edit_that_came_second_shows_both_and_can_still_be_saved(
    own_exercise: Exercise, clinic: Clinic, vet: User, colleague: User, as_user: AsUser
) -> None:
    client, address = as_user(colleague), reverse("library:exercise-edit", args=[own_exercise.pk])
    seen = client.get(address).context["form"].initial["seen"]
    newer = save_exercise(clinic=clinic, by=vet, at=LATER, values=values(name="Vera’s steps"), base=own_exercise)
    mine = typed(name="Cai’s steps", seen=str(seen))
    refused = client.post(address, mine)
    page = refused.content.decode()
    assert refused.status_code == 409
    assert "Somebody saved version 2 while you were writing" in page
    assert "Vera’s steps" in page
    assert 'value="Cai’s steps"' in page
    assert client.post(address, {**mine, "seen": str(refused.context["seen"])}).status_code == 302
    assert list(Exercise.objects.filter(clinic=clinic).order_by("version").values_list("name", flat=True)) == [
        "CANARY steps",
        newer.name,
        "Cai’s steps",
    ]


def test_edit_of_what_was_retired_meanwhile_says_so(own_exercise: Exercise, vet: User, as_user: AsUser) -> None:
    retire(content=own_exercise, by=vet, at=LATER)
    answer = as_user(vet).post(
        reverse("library:exercise-edit", args=[own_exercise.pk]), typed(seen=str(own_exercise.pk))
    )
    assert (answer.status_code, "Somebody retired it while you were writing" in answer.content.decode()) == (409, True)


def test_form_sent_twice_is_one_exercise(library: None, clinic: Clinic, vet: User, as_user: AsUser) -> None:
    client, form = as_user(vet), typed()
    answers = [client.post(reverse("library:exercise-create"), form) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [302, 302]
    assert Exercise.objects.filter(clinic=clinic).count() == 1


def test_retire_can_be_undone_on_the_page_that_follows(own_exercise: Exercise, vet: User, as_user: AsUser) -> None:
    client = as_user(vet)
    page = client.post(reverse("library:exercise-retire", args=[own_exercise.pk]), follow=True).content.decode()
    assert "Retired on" in page
    restore = reverse("library:exercise-restore", args=[own_exercise.pk])
    assert f'action="{restore}"' in page
    page = client.post(restore, follow=True).content.decode()
    assert "In use again." in page
    own_exercise.refresh_from_db()
    assert own_exercise.superseded_at is None


# --- Photo and clip ----------------------------------------------------------------------------------------------


def test_photo_waits_and_the_page_asks_until_it_is_there(
    library: None, clinic: Clinic, vet: User, as_user: AsUser
) -> None:
    client = as_user(vet)
    form = typed(photo=SimpleUploadedFile("IMG.jpg", photo()), photo_alternative="A dog on a step")
    page = client.post(reverse("library:exercise-create"), form, follow=True).content.decode()
    exercise = Exercise.objects.get(clinic=clinic)
    assert exercise.photo is not None
    again = reverse("library:exercise-media", args=[exercise.pk])
    assert "The photo is being prepared." in page
    assert f'hx-get="{again}"' in page
    from rehab.library.preparing import prepare_next

    prepare_next(at=LATER)
    part = client.get(again, headers=HTMX).content.decode()
    assert f'src="{reverse("library:media-file", args=[exercise.photo.pk])}" alt="A dog on a step"' in part
    assert "hx-get" not in part


def test_failed_clip_says_why(own_exercise: Exercise, clinic: Clinic, vet: User, as_user: AsUser) -> None:
    clip = Media.objects.create(
        clinic=clinic, kind="clip", state="failed", content_type="too_long", uploaded_by=vet, uploaded_at=make.NOW
    )
    make.rewrite(Exercise.objects.filter(pk=own_exercise.pk), clip=clip)
    page = as_user(vet).get(reverse("library:exercise-detail", args=[own_exercise.pk])).content.decode()
    assert "This clip is too long. Cut it to 90 seconds or less. Choose another clip" in page


@pytest.mark.parametrize(
    ("field", "data", "sentence"),
    [
        ("photo", b"MZ\x90\x00" + bytes(500), "This is no photo that can be shown. Choose a JPEG, PNG or WebP."),
        (
            "photo",
            b"\0\0\0\x18ftypheic" + bytes(99),
            "Browsers cannot show HEIC photos. Save it as JPEG and choose that one.",
        ),
        ("photo", bomb(), None),
        ("clip", b"MZ\x90\x00" + bytes(500), "This is no clip that can be shown. Choose an MP4, MOV or WebM."),
        ("clip", b"#EXTM3U\nfile:///etc/hostname", "This is no clip that can be shown. Choose an MP4, MOV or WebM."),
    ],
)
def test_file_that_cannot_be_shown_is_refused_at_once(
    library: None, vet: User, as_user: AsUser, field: str, data: bytes, sentence: str | None
) -> None:
    form = typed(**{field: SimpleUploadedFile("holiday.jpg", data), f"{field}_alternative": "A dog"})
    answer = as_user(vet).post(reverse("library:exercise-create"), form)
    assert (answer.status_code, list(answer.context["form"].errors)) == (422, [field])
    assert sentence is None or answer.context["form"].errors[field] == [sentence]
    assert not Media.objects.exists()


def test_photo_needs_words_for_who_does_not_see_it(library: None, vet: User, as_user: AsUser) -> None:
    form = typed(photo=SimpleUploadedFile("IMG.jpg", photo()))
    answer = as_user(vet).post(reverse("library:exercise-create"), form)
    assert answer.context["form"].errors == {"photo_alternative": ["Say in a few words what it shows."]}


@pytest.mark.parametrize("kind", ["photo", "clip"])
def test_words_without_a_picture_are_not_dropped_in_silence(
    library: None, vet: User, as_user: AsUser, kind: str
) -> None:
    client, form = as_user(vet), typed(**{f"{kind}_alternative": "A dog on a step"})
    answer = client.post(reverse("library:exercise-create"), form)
    sentence = f"There are words for a {kind}, and no {kind}. Choose it (again), or take the words away."
    assert (answer.status_code, answer.context["form"].errors) == (422, {kind: [sentence]})
    page = client.get(reverse("library:exercise-create")).content.decode()
    assert f"What the {kind} shows, in words (needed with a {kind})</label>" in page


def test_form_that_is_far_too_large_is_not_kept(
    library: None, vet: User, as_user: AsUser, monkeypatch: pytest.MonkeyPatch
) -> None:
    from rehab.library import uploads

    monkeypatch.setattr(uploads, "MOST", 100_000)
    form = typed(clip=SimpleUploadedFile("clip.mp4", bytes(300_000)), clip_alternative="A dog")
    answer = as_user(vet).post(reverse("library:exercise-create"), form)
    assert answer.status_code == 422
    assert "This file is too large: photos up to 10 MB, clips up to 60 MB." in answer.content.decode()
    assert not Media.objects.exists()


def test_limits_of_a_form_leave_room_for_a_photo_and_a_clip() -> None:
    from rehab.library.uploads import MOST

    assert media.PHOTO_BYTES + media.CLIP_BYTES < MOST


# --- A protocol of one's own -------------------------------------------------------------------------------------


def test_new_protocol_is_written_by_a_plain_form(library: None, clinic: Clinic, vet: User, as_user: AsUser) -> None:
    answer = as_user(vet).post(reverse("library:protocol-create"), written())
    made = Protocol.objects.get(clinic=clinic)
    assert answer.headers["Location"] == reverse("library:protocol-detail", args=[made.pk])
    assert (made.slug, made.rows, made.reassess_days) == ("our-strain-plan", ["D1"], [7, 14])
    [one] = made.phases.all()
    assert (one.code, one.days_min, one.days_max, one.exit_criteria) == ("P1", 5, 14, ["walk_min_total.avg[3d] >= 15"])
    assert one.items == [{"exercise": "leash-walk", "dose": {"minutes": 5, "per_day": 3}, "condition": "fine weather"}]


def test_form_of_a_copied_protocol_saves_what_the_built_in_one_says(
    library: None, clinic: Clinic, vet: User, as_user: AsUser
) -> None:
    """Opening every copy and saving it unchanged loses nothing."""
    client = as_user(vet)
    for base in Protocol.objects.built_in():
        address = reverse("library:protocol-copy", args=[base.pk])
        page = client.get(address)
        answer = client.post(address, {**sent_by(page.content.decode()), "do": "save"})
        assert answer.status_code == 302, (base.slug, answer.context["form"].errors)
        copy = Protocol.objects.get(clinic=clinic, slug=base.slug)
        same = ("name", "cause", "rows", "profile", "total_weeks", "reassess_days", "warning", "progress_disabled")
        assert {name: getattr(copy, name) for name in same} == {name: getattr(base, name) for name in same}
        assert [phase_of(one) for one in copy.phases.order_by("position")] == [
            phase_of(one) for one in base.phases.order_by("position")
        ]


def phase_of(one: ProtocolPhase) -> dict[str, Any]:
    parts = ("code", "name", "days_min", "days_max", "entry_criteria", "exit_criteria", "items", "extra")
    return {**{part: getattr(one, part) for part in parts}, "ladders": set(one.ladders)}


def sent_by(page: str) -> dict[str, Any]:
    """What a browser without JavaScript would send: every field of the page as it stands."""
    from html.parser import HTMLParser

    found: dict[str, Any] = {}

    class Fields(HTMLParser):
        select = area = ""

        def add(self, name: str, value: str) -> None:
            found.setdefault(name, []).append(value)

        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            named = dict(attrs)
            name, value = named.get("name") or "", named.get("value") or ""
            if tag == "input" and name and (named.get("type") not in ("checkbox", "radio") or "checked" in named):
                self.add(name, value or ("on" if named.get("type") == "checkbox" else ""))
            elif tag == "select":
                self.select = name
            elif tag == "option" and "selected" in named:
                self.add(self.select, value)
            elif tag == "textarea":
                self.area = name
                self.add(name, "")

        def handle_endtag(self, tag: str) -> None:
            self.area = "" if tag == "textarea" else self.area

        def handle_data(self, data: str) -> None:
            if self.area:
                found[self.area][-1] += data.removeprefix("\n")

    Fields().feed(page)
    return found


def test_editor_adds_moves_and_takes_away_without_saving(
    library: None, clinic: Clinic, vet: User, as_user: AsUser
) -> None:
    client, address = as_user(vet), reverse("library:protocol-create")

    def press(do: str, page: Any, **changes: Any) -> Any:
        answer = client.post(address, {**sent_by(page.content.decode()), "do": do, **changes})
        assert answer.status_code == 200
        return answer

    def shown(page: Any) -> list[list[str]]:
        return [[item.exercise or item.ref_protocol for item in one.items] for one in page.context["phases"]]

    page = client.get(address)
    page = press("add-item:0", page, **{"p0-new": "leash-walk", "name": "Ours", "p0-name": "First"})
    page = press("add-item:0", page, **{"p0-new": "light-massage"})
    page = press("add-phase", page)
    page = press("add-item:1", page, **{"p1-new": "protocol:maintenance-prevention"})
    assert shown(page) == [["leash-walk", "light-massage"], ["maintenance-prevention"]]
    page = press("down-item:0:0", page)
    assert shown(page) == [["light-massage", "leash-walk"], ["maintenance-prevention"]]
    page = press("up-phase:1", page)
    assert shown(page) == [["maintenance-prevention"], ["light-massage", "leash-walk"]]
    page = press("drop-item:1:0", page)
    page = press("drop-phase:0", page)
    assert shown(page) == [["leash-walk"]]
    assert page.context["phases"][0].name == "First"
    assert 'value="Ours"' in page.content.decode()
    assert [one.part for one in page.context["phases"][0].items[0].inputs] == ["minutes", "per_day", "days_per_week"]
    assert not Protocol.objects.filter(clinic=clinic).exists()


@pytest.mark.parametrize(
    "do", ["look", "drop-phase:9", "up-item:0:7", "down-item:0", "add-item:0", "nonsense", "drop-phase:x", ""]
)
def test_button_that_names_nothing_changes_nothing(library: None, vet: User, as_user: AsUser, do: str) -> None:
    answer = as_user(vet).post(reverse("library:protocol-create"), written(do=do), headers=HTMX)
    assert answer.status_code == 200
    assert answer.content.decode().lstrip().startswith('<div id="editor"')
    assert [[item.exercise for item in one.items] for one in answer.context["phases"]] == [["leash-walk"]]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (
            {"p0-enter": "the pain is low"},
            "“the pain is low” cannot be read. Write it like this: pain_rest.max[2d] &lt;= 3",
        ),
        ({"p0-least": "20"}, "Say how many days at least and at most."),
        ({"p0-least": ""}, "Say how many days at least and at most."),
        ({"p0-0-dose-minutes": "500"}, "Minutes is 500, outside"),
        ({"p0-0-dose-minutes": "five"}, "Please enter whole numbers."),
        ({"p0-0-exercise": "hill-walk"}, "Load level 4 is above 2, the most of P1"),
        ({"p0-0-exercise": "invented"}, "This is no longer in the library."),
        ({"reassess_days": "soon"}, "Please write whole numbers with commas, such as 7, 14, 28."),
        ({"rows": []}, "Choose at least one row."),
        ({"phase": []}, "Must hold at least one phase"),
        ({"p0-code": "P9"}, "Unknown phase"),
        ({"p0-extra": "no JSON", "name": ""}, "Give it a name."),
        ({"p0-extra": '{"relapse": ["nonsense"]}'}, "cannot be read"),
        ({"p0-extra": '{"invented": 1}'}, "is not known"),
        ({"p0-extra": '{"items": [{"ex": "leash-walk"}]}', "p0-0-exercise": "hill-walk"}, "Load level 4 is above 2"),
        ({"p0-extra": "[" * 4000, "name": ""}, "Give it a name."),
        ({"p0-0-dose-days_per_week": "9"}, "is 9, more than 7"),
    ],
)
def test_wrong_protocol_says_so_where_it_was_written(
    library: None, vet: User, as_user: AsUser, changes: dict[str, Any], sentence: str
) -> None:
    answer = as_user(vet).post(reverse("library:protocol-create"), written(**changes))
    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    assert 'id="form-errors"' in answer.content.decode()
    assert not Protocol.objects.exclude(clinic=None).exists()


def test_protocol_saved_second_shows_both(own_protocol: Protocol, clinic: Clinic, vet: User, as_user: AsUser) -> None:
    newer = protocol_values(name="Vera’s plan", phases=[phase(name="Slower")])
    save_protocol(clinic=clinic, by=vet, at=LATER, values=newer, base=own_protocol)
    client, address = as_user(vet), reverse("library:protocol-edit", args=[own_protocol.pk])
    refused = client.post(address, written(seen=str(own_protocol.pk)))
    page = refused.content.decode()
    assert refused.status_code == 409
    assert "Vera’s plan" in page
    assert "Slower, 5–14: leash-walk" in page
    assert client.post(address, written(seen=str(refused.context["seen"]))).status_code == 302
    assert Protocol.objects.get(clinic=clinic, version=3).name == "Our strain plan"


def test_saved_protocol_sends_htmx_on_to_its_page(library: None, clinic: Clinic, vet: User, as_user: AsUser) -> None:
    answer = as_user(vet).post(reverse("library:protocol-create"), written(), headers=HTMX)
    made = Protocol.objects.get(clinic=clinic)
    assert answer.headers["HX-Redirect"] == reverse("library:protocol-detail", args=[made.pk])


def test_exercise_in_use_by_an_own_protocol_says_which(
    own_exercise: Exercise, clinic: Clinic, vet: User, as_user: AsUser
) -> None:
    plan = protocol_values(phases=[phase(code="P2", items=[{"exercise": own_exercise.slug}])])
    save_protocol(clinic=clinic, by=vet, at=make.NOW, values=plan)
    page = as_user(vet).post(reverse("library:exercise-retire", args=[own_exercise.pk]), follow=True).content.decode()
    assert "Your protocol “Our strain plan” names it. Take it out there first." in page
