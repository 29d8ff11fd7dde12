"""Photos and clips of an exercise: what is made of them, who sees them, and what the family reads beside them."""

import datetime as dt
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from html import unescape
from pathlib import Path
from typing import Any

import av
import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from PIL import Image
from pytest_django import Settings

from accounts.models import User
from rehab.lib.ids import new_id
from rehab.library import clips as library_clips
from rehab.library.clips import ENCODERS, HOME_SECONDS, rewrite_clip
from rehab.library.media import Refused
from rehab.library.models import Media
from rehab.library.preparing import prepare_next
from rehab.patients.models import Caregiver
from rehab.programs.models import Prescription, Program
from rehab.sessions.models import Clip, ClipReview
from tests import make
from tests.sessions.filming import film, frame_of, make_clip, photo
from tests.sessions.reporting import report

AsUser = Callable[[User], Client]


@pytest.fixture(autouse=True)
def _clock() -> Iterator[None]:
    with time_machine.travel(make.NOW, tick=False):
        yield


@pytest.fixture(autouse=True)
def _own_folder(settings: Settings, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"


@pytest.fixture
def item(program: Program) -> Prescription:
    found: Prescription = program.prescriptions.get(position=0)
    return found


def text_of(answer: Any) -> str:
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", answer.content.decode()))).strip()


def page_of(item: Prescription) -> str:
    return reverse("sessions:exercise", args=[item.patient_id, item.pk])


def list_of(item: Prescription) -> str:
    return reverse("sessions:clip-list", args=[item.patient_id, item.pk])


def media_of(clip: Clip) -> str:
    return reverse("sessions:clip-media", args=[clip.patient_id, clip.pk])


def post(browser: Client, item: Prescription, *, follow: bool = True, **changes: Any) -> Any:
    fields = {"id": str(new_id()), "day": make.TODAY.isoformat(), **changes}
    address = reverse("sessions:clip-create", args=[item.patient_id, item.pk])
    return browser.post(address, {name: value for name, value in fields.items() if value is not None}, follow=follow)


def picture(name: str = "dog.jpg") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, photo())


def tracks(path: Path) -> dict[str, Any]:
    with av.open(str(path)) as file:
        return {
            "video": [one.codec_context.name for one in file.streams.video],
            "audio": [one.codec_context.name for one in file.streams.audio],
            "size": (file.streams.video[0].width, file.streams.video[0].height),
            "seconds": round(float((file.duration or 0) / av.time_base), 1),
            "notes": {**file.metadata, **file.streams.video[0].metadata},
        }


# --- What is made of a clip ------------------------------------------------------------------------------------


def test_clip_from_home_keeps_its_first_seconds_and_its_sound(tmp_path: Path) -> None:
    data = film(tmp_path / "long.mp4", seconds=HOME_SECONDS + 4, size=(1600, 900))
    rewrite_clip(tmp_path / "long.mp4", tmp_path / "made", from_home=True)
    made = tracks(tmp_path / "made")
    assert (made["video"], made["audio"], made["size"]) == (["h264"], ["aac"], (1280, 720))
    assert HOME_SECONDS - 0.5 <= made["seconds"] <= HOME_SECONDS + 0.5
    written = (tmp_path / "made").read_bytes()
    assert b"CANARY" in data
    assert b"CANARY" not in written
    assert b"+47.3667" not in written
    # A player that has the first bytes can begin.
    assert written.index(b"moov") < written.index(b"mdat")


def test_clip_from_home_without_sound_stays_without(tmp_path: Path) -> None:
    film(tmp_path / "still.mp4", has_sound=False)
    rewrite_clip(tmp_path / "still.mp4", tmp_path / "made", from_home=True)
    assert (tracks(tmp_path / "made")["audio"], tracks(tmp_path / "made")["video"]) == ([], ["h264"])


def test_clinic_clip_has_no_sound(tmp_path: Path) -> None:
    film(tmp_path / "own.mp4")
    rewrite_clip(tmp_path / "own.mp4", tmp_path / "made")
    assert tracks(tmp_path / "made")["audio"] == []


def test_without_an_encoder_the_pictures_are_taken_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(av, "codecs_available", set(av.codecs_available) - {*ENCODERS})
    data = film(tmp_path / "long.mp4", seconds=HOME_SECONDS + 4)
    rewrite_clip(tmp_path / "long.mp4", tmp_path / "made", from_home=True)
    made = tracks(tmp_path / "made")
    assert (made["video"], made["audio"], made["size"]) == (["h264"], ["aac"], (320, 180))
    assert HOME_SECONDS - 0.5 <= made["seconds"] <= HOME_SECONDS + 0.5
    assert b"CANARY" in data
    assert b"CANARY" not in (tmp_path / "made").read_bytes()
    assert b"+47.3667" not in (tmp_path / "made").read_bytes()
    with av.open(str(tmp_path / "other.mp4"), "w") as file:
        stream: Any = file.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        file.mux(stream.encode(frame_of(Image.new("RGB", (64, 64)))))
        file.mux(stream.encode(None))
    with pytest.raises(Refused, match="not_a_clip"):
        rewrite_clip(tmp_path / "other.mp4", tmp_path / "made", from_home=True)


def test_clip_that_ends_too_early_is_refused(tmp_path: Path) -> None:
    data = film(tmp_path / "whole.mp4", seconds=20, noisy=True, size=(160, 90))
    (tmp_path / "cut.mp4").write_bytes(data[: len(data) // 3])
    with pytest.raises(Refused) as refused:
        rewrite_clip(tmp_path / "cut.mp4", tmp_path / "made", from_home=True)
    assert refused.value.code in ("cut_short", "damaged")


def test_everything_but_clips_works_without_the_video_library(tmp_path: Path) -> None:
    """In a process of its own, in which the library cannot be imported."""
    (tmp_path / "dog.jpg").write_bytes(photo())
    code = """
import sys
sys.modules["av"] = None
import django
django.setup()
from pathlib import Path
from django.urls import get_resolver
from rehab.library.clips import can_take_clips, rewrite_clip
from rehab.library.media import Refused, rewrite_photo
folder = Path(sys.argv[1])
get_resolver().url_patterns
print(can_take_clips(), rewrite_photo(folder / "dog.jpg", folder / "made"))
try:
    rewrite_clip(folder / "dog.jpg", folder / "made")
except Refused as refused:
    print(refused.code)
"""
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=False)
    assert (done.stdout.split(), done.returncode) == (["False", "image/webp", "photos_only"], 0), done.stderr


# --- The form without JavaScript --------------------------------------------------------------------------------


def test_form_sends_a_photo_once(as_user: AsUser, owner: User, item: Prescription) -> None:
    browser, key = as_user(owner), str(new_id())
    for _ in range(2):
        answer = post(browser, item, id=key, photo=picture())
        assert answer.redirect_chain == [(f"{page_of(item)}#clips", 302)]
        assert "Sent. It is being prepared" in text_of(answer)
    clip = Clip.objects.get()
    assert (str(clip.pk), clip.kind, clip.received, clip.sent_by, clip.day) == (
        key,
        "photo",
        clip.size,
        owner,
        make.TODAY,
    )
    assert (Media.objects.count(), clip.media is not None) == (1, True)
    assert prepare_next(at=make.NOW)
    answer = as_user(owner).get(media_of(clip))
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "image/webp")


def test_form_sends_a_clip(as_user: AsUser, owner: User, item: Prescription, tmp_path: Path) -> None:
    # Larger than a part, so that it is written in several.
    data = film(tmp_path / "dog.mp4", seconds=3, size=(640, 360), noisy=True)
    assert len(data) > 1024 * 1024
    post(as_user(owner), item, film=SimpleUploadedFile("dog.mp4", data))
    assert prepare_next(at=make.NOW)
    clip = Clip.objects.select_related("media").get()
    assert (clip.kind, clip.is_prepared, clip.size) == ("clip", True, len(data))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "Choose a photo or a clip first"),
        ({"photo": SimpleUploadedFile("x.jpg", b"<html>")}, "This is no photo"),
        ({"clip": SimpleUploadedFile("x.mp4", b"<html>")}, "This is no clip"),
        ({"photo": SimpleUploadedFile("x.jpg", b"x" * (15 * 1024 * 1024 + 1))}, "photos up to 15 MB"),
        ({"photo": SimpleUploadedFile("x.jpg", b"\xff\xd8\xff"), "day": "2026-03-19"}, "The day on this page"),
    ],
)
def test_form_says_what_is_wrong(
    as_user: AsUser, owner: User, item: Prescription, changes: dict[str, Any], said: str
) -> None:
    for file in changes.values():
        if not isinstance(file, str):
            file.seek(0)
    assert said in text_of(post(as_user(owner), item, **changes))
    assert not Media.objects.exists()


@pytest.mark.parametrize("changes", [{"id": None}, {"id": "1"}, {"day": "soon"}])
def test_form_without_its_fields_is_refused(
    as_user: AsUser, owner: User, item: Prescription, changes: dict[str, Any]
) -> None:
    assert post(as_user(owner), item, follow=False, photo=picture(), **changes).status_code == 400
    assert not Clip.objects.exists()


# --- Beside the exercise ----------------------------------------------------------------------------------------


def test_family_reads_what_became_of_each(as_user: AsUser, owner: User, vet: User, item: Prescription) -> None:
    day = dt.timedelta(days=1)
    good = make_clip(item, owner, at=make.NOW - 4 * day)
    change = make_clip(item, owner, kind="clip", at=make.NOW - 3 * day)
    unanswered = make_clip(item, owner, at=make.NOW - 2 * day)
    make_clip(item, owner, kind="clip", state="failed", at=make.NOW - day)
    make_clip(item, owner, state="waiting")
    make_clip(item.program.prescriptions.exclude(pk=item.pk).get(), owner)  # of another exercise
    same = {"clinic": item.clinic, "patient": item.patient, "reviewed_by": vet, "reviewed_at": make.NOW}
    ClipReview.objects.create(clip=good, verdict="good", **same)
    ClipReview.objects.create(clip=change, verdict="change", text="Stand <closer>.\nHold longer.", **same)

    answer = as_user(owner).get(list_of(item))
    text = text_of(answer)
    order = [
        "Sent. It is being prepared.",
        "This file is damaged and cannot be read.",
        "Sent. Your clinic has not answered yet.",
        "Dr. Vera Lind: change this Stand <closer>. Hold longer.",
        "Dr. Vera Lind: good",
    ]
    assert [text.find(words) for words in order] == sorted(text.find(words) for words in order)
    assert -1 not in [text.find(words) for words in order]
    html = answer.content.decode()
    assert re.findall(r'(?:img|video) class="[\w-]+" src="([^"]+)"', html) == [
        media_of(one) for one in (unanswered, change, good)
    ]
    assert "playsinline" in html
    assert 'preload="none"' in html
    assert html.count("data-preparing") == 1
    page = as_user(owner).get(page_of(item)).content.decode()
    assert "Dr. Vera Lind: change this" in page
    assert "<clip-upload" in page


def test_a_clip_stays_beside_the_exercise_after_its_dose_changed(
    as_user: AsUser, owner: User, item: Prescription
) -> None:
    decision = item.program.decisions.get(plan_version=1)
    ended: Any = {"ends_on": make.TODAY, "ended_by": decision, "position": 7}
    before = make.make_prescription(item.program, exercise=item.exercise, **ended)
    clip = make_clip(before, owner)
    assert media_of(clip) in as_user(owner).get(page_of(item)).content.decode()


def test_staff_see_the_clips_and_families_send_them(
    as_user: AsUser, owner: User, vet: User, item: Prescription
) -> None:
    assert "Show your clinic" not in text_of(as_user(vet).get(page_of(item)))
    make_clip(item, owner)
    assert "<clip-upload" not in as_user(vet).get(page_of(item)).content.decode()
    assert "Show your clinic" in text_of(as_user(vet).get(page_of(item)))


def test_page_says_when_only_photos_can_be_sent(
    as_user: AsUser, owner: User, item: Prescription, monkeypatch: pytest.MonkeyPatch
) -> None:
    html = as_user(owner).get(page_of(item)).content.decode()
    assert re.findall(r'type="file" name="(\w+)"', html) == ["film", "clip", "photo"]
    monkeypatch.setattr(library_clips, "av", None)
    answer = as_user(owner).get(page_of(item))
    assert re.findall(r'type="file" name="(\w+)"', answer.content.decode()) == ["photo"]
    assert "Only photos can be sent at present, no clips." in text_of(answer)
    said = text_of(post(as_user(owner), item, clip=SimpleUploadedFile("x.mp4", b"\0\0\0\x18ftypmp42")))
    assert "only photos" in said


def test_a_stopped_exercise_is_not_filmed(as_user: AsUser, owner: User, item: Prescription) -> None:
    make_clip(item, owner)
    report(item.patient, owner, "RF01")
    html = as_user(owner).get(page_of(item)).content.decode()
    assert "clip-form" not in html
    # What this phone has kept is still sent.
    assert "<clip-upload" in html


# --- Who is given the file --------------------------------------------------------------------------------------


def test_file_is_given_in_parts_to_the_family_and_the_clinic(
    as_user: AsUser, owner: User, caregiver: User, vet: User, therapist: User, item: Prescription
) -> None:
    clip = make_clip(item, owner, kind="clip", data=b"0123456789")
    for user in (owner, caregiver, vet, therapist):
        answer: Any = as_user(user).get(media_of(clip), headers={"Range": "bytes=2-4"})
        assert (answer.status_code, b"".join(answer.streaming_content)) == (206, b"234")
        assert answer.headers["Content-Range"] == "bytes 2-4/10"
        assert answer.headers["Content-Type"] == "video/mp4"
        assert answer.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
        assert "X-User-Key" not in answer.headers  # the service worker keeps nothing without it
        assert answer.headers["Cache-Control"].startswith("private")


def test_file_is_given_to_nobody_else(
    as_user: AsUser,
    owner: User,
    caregiver: User,
    admin: User,
    stranger: User,
    outside_vet: User,
    vet: User,
    item: Prescription,
) -> None:
    clip = make_clip(item, owner)
    Caregiver.objects.filter(user=caregiver).update(ended_at=make.NOW)
    for user in (caregiver, admin, stranger, outside_vet):
        assert as_user(user).get(media_of(clip)).status_code == 404
        assert not Clip.objects.visible_to(user).exists()
    # And not through the address of the clinic's own exercise clips, nor through another dog.
    assert clip.media is not None
    assert as_user(vet).get(reverse("library:media-file", args=[clip.media.pk])).status_code == 404
    other = make.make_patient(item.clinic, vet, owner=owner)
    assert as_user(owner).get(reverse("sessions:clip-media", args=[other.pk, clip.pk])).status_code == 404


@pytest.mark.parametrize("state", ["waiting", "failed"])
def test_a_file_that_is_not_prepared_is_never_given_out(
    as_user: AsUser, owner: User, item: Prescription, state: str
) -> None:
    assert as_user(owner).get(media_of(make_clip(item, owner, state=state))).status_code == 404


# --- What the database refuses ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"kind": "song"}, "clip_kind_is_known"),
        ({"received": 99, "media": None, "completed_at": None}, "clip_receives_no_more_than_its_size"),
        ({"size": 0, "received": 0}, "clip_receives_no_more_than_its_size"),
        ({"received": 3}, "clip_is_complete_once_it_is_all_there"),
        ({"completed_at": None}, "clip_is_complete_once_it_is_all_there"),
        ({"media": None}, "clip_is_complete_once_it_is_all_there"),
    ],
)
def test_database_refuses_half_a_clip(owner: User, item: Prescription, changes: dict[str, Any], name: str) -> None:
    clip = make_clip(item, owner)
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        Clip.objects.filter(pk=clip.pk).update(**changes)


def test_database_refuses_a_change_without_words(owner: User, vet: User, item: Prescription) -> None:
    same = {"clinic": item.clinic, "patient": item.patient, "reviewed_by": vet, "reviewed_at": make.NOW}
    for verdict in ("change", "perhaps"):
        with pytest.raises(IntegrityError, match="a_change_says_what_to_change"), transaction.atomic():
            ClipReview.objects.create(clip=make_clip(item, owner), verdict=verdict, **same)
