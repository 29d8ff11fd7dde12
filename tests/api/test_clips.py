"""A phone sends a photo or clip in parts: nothing is doubled, nothing is lost, and nobody else gets in."""

import base64
import datetime as dt
import hashlib
import json
import resource
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import time_machine
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from accounts.models import AuditEvent, User
from rehab.lib.ids import new_id
from rehab.lib.user_key import user_key
from rehab.library import clips as library_clips
from rehab.library.models import Media
from rehab.library.preparing import prepare_next
from rehab.patients.models import Caregiver, Patient
from rehab.programs.models import Prescription, Program
from rehab.sessions.models import Clip
from rehab.sessions.receiving import MOST_A_DAY, PART_BYTES, Announced, ClipRefusedError, Why, begin, receive_whole
from rehab.sessions.tasks import forget_unfinished_clips
from tests import make
from tests.sessions.filming import photo

AsUser = Callable[[User], Client]
HOUR = dt.timedelta(hours=1)


@pytest.fixture
def clock() -> Iterator[Any]:
    with time_machine.travel(make.NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture(autouse=True)
def media_root(settings: Settings, tmp_path: Path) -> Path:
    settings.MEDIA_ROOT = tmp_path / "media"
    return tmp_path / "media"


@pytest.fixture
def item(program: Program) -> Prescription:
    found: Prescription = program.prescriptions.get(position=0)
    return found


@pytest.fixture
def picture() -> bytes:
    return photo()


def said(item: Prescription, data: bytes, **changes: Any) -> dict[str, Any]:
    return {
        "id": str(new_id()),
        "patient": str(item.patient_id),
        "prescription": str(item.pk),
        "kind": "photo",
        "size": len(data),
        "sha256": hashlib.sha256(data).hexdigest(),
        "day": item.patient.today(timezone.now()).isoformat(),
        **changes,
    }


def announce(browser: Client, body: Any, **headers: str) -> Any:
    return browser.post(reverse("api:clips"), json.dumps(body), content_type="application/json", headers=headers)


def send(browser: Client, key: str, offset: int, part: bytes, *, digest: bytes | None = None, user: str = "") -> Any:
    digest = hashlib.sha256(part).digest() if digest is None else digest
    return browser.put(
        f"{reverse('api:clip-parts', args=[key])}?offset={offset}",
        part,
        content_type="application/octet-stream",
        headers={
            "Content-Digest": f"sha-256=:{base64.b64encode(digest).decode()}:",
            **({"X-User-Key": user} if user else {}),
        },
    )


def of(answer: Any) -> tuple[int, Any, Any]:
    body = answer.json()
    return answer.status_code, body.get("received"), body.get("code", body.get("state"))


def parts_on_disk(root: Path) -> list[str]:
    return sorted(path.name for path in root.rglob("*") if path.is_file())


pytestmark = pytest.mark.usefixtures("clock")


def test_parts_arrive_in_order_and_become_a_photo_without_what_the_camera_wrote(
    as_user: AsUser, owner: User, item: Prescription, picture: bytes, media_root: Path
) -> None:
    browser, body = as_user(owner), said(item, picture)
    half = len(picture) // 2
    assert of(announce(browser, body)) == (200, 0, "unfinished")
    assert of(send(browser, body["id"], 0, picture[:half])) == (200, half, "unfinished")
    # The phone was switched off: it asks how far it had come.
    assert of(browser.get(reverse("api:clip", args=[body["id"]]))) == (200, half, "unfinished")
    assert of(announce(browser, body)) == (200, half, "unfinished")
    assert of(send(browser, body["id"], half, picture[half:])) == (200, len(picture), "waiting")
    # The last answer was lost: announced, or sent, again, it is there once.
    assert of(announce(browser, body)) == (200, len(picture), "waiting")
    assert of(send(browser, body["id"], half, picture[half:])) == (200, len(picture), "waiting")

    clip = Clip.objects.get()
    assert (clip.patient_id, clip.prescription_id, clip.sent_by, clip.day) == (
        item.patient_id,
        item.pk,
        owner,
        make.TODAY,
    )
    assert (clip.completed_at, Media.objects.count()) == (make.NOW, 1)
    assert list(AuditEvent.objects.filter(kind="clip.sent").values_list("actor", "subject_id")) == [(owner.pk, clip.pk)]
    assert prepare_next(at=make.NOW)
    assert of(browser.get(reverse("api:clip", args=[body["id"]]))) == (200, len(picture), "ready")
    clip.refresh_from_db()
    assert clip.media is not None
    assert clip.media.from_home
    with clip.media.file.open("rb") as file:
        made = file.read()
    assert made[8:12] == b"WEBP"
    assert b"CANARY" in picture
    assert b"CANARY" not in made
    assert parts_on_disk(media_root) == [f"{clip.media.pk}.webp"]


def test_a_part_that_is_not_the_next_one_is_told_how_far_the_file_has_come(
    as_user: AsUser, owner: User, item: Prescription, picture: bytes
) -> None:
    browser, body = as_user(owner), said(item, picture)
    announce(browser, body)
    assert of(send(browser, body["id"], 100, picture[100:200])) == (409, 0, "wrong_offset")
    assert of(send(browser, body["id"], 0, picture[:100])) == (200, 100, "unfinished")
    assert of(send(browser, body["id"], 0, picture[:100])) == (409, 100, "wrong_offset")
    assert of(send(browser, body["id"], 50, picture[50:150])) == (409, 100, "wrong_offset")
    assert of(send(browser, body["id"], 100, picture[100:] + b"more")) == (413, 100, "too_large")
    assert Clip.objects.get().received == 100


def test_damaged_parts_and_files_are_sent_again(
    as_user: AsUser, owner: User, item: Prescription, picture: bytes, media_root: Path
) -> None:
    browser, body = as_user(owner), said(item, picture)
    announce(browser, body)
    assert of(send(browser, body["id"], 0, picture, digest=b"0" * 32)) == (422, None, "wrong_part")
    assert Clip.objects.get().received == 0
    # Each part was whole, but together they are not what was announced: it begins anew.
    other = picture[:-1] + bytes([picture[-1] ^ 1])
    assert of(send(browser, body["id"], 0, other)) == (422, 0, "wrong_whole")
    assert (Clip.objects.get().received, Media.objects.count(), parts_on_disk(media_root)) == (0, 0, [])
    assert of(send(browser, body["id"], 0, picture)) == (200, len(picture), "waiting")


def test_what_a_power_cut_took_is_sent_again(
    as_user: AsUser, owner: User, item: Prescription, picture: bytes, media_root: Path
) -> None:
    browser, body = as_user(owner), said(item, picture)
    announce(browser, body)
    send(browser, body["id"], 0, picture[:500])
    (part,) = media_root.rglob("*.part")
    part.write_bytes(part.read_bytes()[:200])
    assert of(send(browser, body["id"], 500, picture[500:])) == (409, 200, "wrong_offset")
    assert of(send(browser, body["id"], 200, picture[200:])) == (200, len(picture), "waiting")
    # And all bytes here, but the process ended before they were handed over.
    part.write_bytes(picture)
    Clip.objects.update(media=None, completed_at=None)
    assert of(announce(browser, body)) == (200, len(picture), "waiting")


def test_the_same_id_with_other_content_is_refused(
    as_user: AsUser, owner: User, caregiver: User, item: Prescription, picture: bytes
) -> None:
    browser, body = as_user(owner), said(item, picture)
    assert announce(browser, body).status_code == 200
    other = item.program.prescriptions.exclude(pk=item.pk).get()
    for change in ({"sha256": "0" * 64}, {"size": 5}, {"kind": "clip"}, {"prescription": str(other.pk)}):
        assert of(announce(browser, {**body, **change})) == (409, None, "other_content"), change
    assert of(announce(as_user(caregiver), body)) == (409, None, "other_content")
    assert Clip.objects.count() == 1


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"size": 15 * 1024 * 1024 + 1}, 413, "too_large"),
        ({"size": 60 * 1024 * 1024 + 1, "kind": "clip"}, 413, "too_large"),
        ({"size": 10**30}, 413, "too_large"),
        ({"size": 0}, 422, "empty"),
        ({"day": "2026-03-19"}, 422, "day"),
        ({"day": "2026-01-01"}, 422, "day"),
        ({"day": "today"}, 400, None),
        ({"size": "5"}, 400, None),
        ({"size": True}, 400, None),
        ({"sha256": "A" * 64}, 400, None),
        ({"kind": "song"}, 400, None),
        ({"id": "0b5b5b5b-5b5b-4b5b-8b5b-5b5b5b5b5b5b"}, 400, None),
    ],
)
def test_what_will_be_of_no_use_is_refused_before_it_is_sent(
    as_user: AsUser, owner: User, item: Prescription, changes: dict[str, Any], status: int, code: str | None
) -> None:
    answer = announce(as_user(owner), said(item, b"picture", **changes))
    assert (answer.status_code, answer.json().get("code")) == (status, code)
    assert answer.json().get("reason", answer.json().get("detail"))
    assert not Clip.objects.exists()


def test_the_first_bytes_tell_what_it_is(as_user: AsUser, owner: User, item: Prescription) -> None:
    browser = as_user(owner)
    page = b"<html><script>alert(1)</script></html>"
    body = said(item, page)
    announce(browser, body)
    assert of(send(browser, body["id"], 0, page)) == (422, None, "not_a_photo")
    body = said(item, page, kind="clip")
    announce(browser, body)
    assert of(send(browser, body["id"], 0, page)) == (422, None, "not_a_clip")
    assert set(Clip.objects.values_list("received", flat=True)) == {0}


def test_a_part_has_a_size_an_offset_and_a_digest(
    as_user: AsUser, owner: User, item: Prescription, picture: bytes
) -> None:
    browser, body = as_user(owner), said(item, picture)
    announce(browser, body)
    assert send(browser, body["id"], 0, b"x" * (PART_BYTES + 1)).status_code == 413
    address = reverse("api:clip-parts", args=[body["id"]])
    plain = "application/octet-stream"
    assert browser.put(f"{address}?offset=0", picture, content_type=plain).status_code == 400
    assert send(browser, body["id"], -1, picture).status_code == 400
    assert browser.put(f"{address}?offset=0", json.dumps({}), content_type="application/json").status_code in (400, 415)
    assert Clip.objects.get().received == 0


def test_a_dog_takes_so_many_a_day(
    as_user: AsUser, owner: User, item: Prescription, picture: bytes, clock: Any
) -> None:
    browser = as_user(owner)
    for _ in range(MOST_A_DAY):
        assert announce(browser, said(item, picture)).status_code == 200
    answer = announce(browser, said(item, picture))
    assert of(answer) == (429, None, "too_many")
    assert str(MOST_A_DAY) in answer.json()["reason"]
    assert Clip.objects.count() == MOST_A_DAY
    clock.shift(25 * HOUR)
    assert announce(browser, said(item, picture)).status_code == 200


def test_nobody_sends_about_a_dog_that_is_not_theirs(
    as_user: AsUser, owner: User, stranger: User, outside_vet: User, item: Prescription, picture: bytes
) -> None:
    body = said(item, picture)
    for user in (stranger, outside_vet):
        assert announce(as_user(user), body).status_code == 404
    theirs = Patient.objects.get(name="CANARY dog")
    assert announce(as_user(stranger), {**body, "patient": str(theirs.pk)}).status_code == 404
    announce(as_user(owner), body)
    for user in (stranger, outside_vet):
        assert as_user(user).get(reverse("api:clip", args=[body["id"]])).status_code == 404
        assert send(as_user(user), body["id"], 0, picture).status_code == 404
    assert Client().get(reverse("api:clip", args=[body["id"]])).status_code == 401
    assert (Clip.objects.count(), Clip.objects.get().received) == (1, 0)


def test_roles_are_asked_for_every_part(as_user: AsUser, caregiver: User, item: Prescription, picture: bytes) -> None:
    browser, body = as_user(caregiver), said(item, picture)
    announce(browser, body)
    assert send(browser, body["id"], 0, picture[:100]).status_code == 200
    Caregiver.objects.filter(user=caregiver).update(ended_at=make.NOW)
    assert send(browser, body["id"], 100, picture[100:]).status_code == 404
    assert announce(browser, body).status_code == 404
    assert Clip.objects.get().received == 100


def test_another_account_on_the_same_phone_is_told_so(
    as_user: AsUser, owner: User, caregiver: User, item: Prescription, picture: bytes
) -> None:
    body, theirs = said(item, picture), user_key(caregiver)
    answer = announce(as_user(owner), body, **{"X-User-Key": theirs})
    assert (answer.status_code, answer.json().get("code")) == (409, None)
    announce(as_user(owner), body)
    assert send(as_user(owner), body["id"], 0, picture, user=theirs).status_code == 409
    assert send(as_user(owner), body["id"], 0, picture, user=user_key(owner)).status_code == 200


def test_forms_of_other_sites_send_nothing(owner: User, item: Prescription, picture: bytes) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(owner)
    body = said(item, picture)
    assert announce(browser, body).status_code == 403
    assert not Clip.objects.exists()


def test_unfinished_ones_go_after_a_day_with_their_bytes(
    as_user: AsUser, owner: User, item: Prescription, picture: bytes, media_root: Path, clock: Any
) -> None:
    browser, old, done = as_user(owner), said(item, picture), said(item, picture)
    announce(browser, old)
    send(browser, old["id"], 0, picture[:100])
    announce(browser, done)
    send(browser, done["id"], 0, picture)
    clock.shift(23 * HOUR)
    young = said(item, picture)
    announce(browser, young)
    forget_unfinished_clips.apply()
    assert Clip.objects.count() == 3
    clock.shift(2 * HOUR)
    forget_unfinished_clips.apply()
    assert {str(key) for key in Clip.objects.values_list("pk", flat=True)} == {young["id"], done["id"]}
    assert parts_on_disk(media_root) == [f"{done['id']}.part"]
    # The phone still has it: it begins anew.
    assert browser.get(reverse("api:clip", args=[old["id"]])).status_code == 404
    assert of(announce(browser, old)) == (200, 0, "unfinished")


def test_without_the_video_library_only_photos_are_taken(
    as_user: AsUser, owner: User, item: Prescription, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(library_clips, "av", None)
    assert of(announce(as_user(owner), said(item, b"film", kind="clip"))) == (422, None, "photos_only")
    assert announce(as_user(owner), said(item, b"photo")).status_code == 200


@pytest.mark.django_db(transaction=True)
def test_the_same_part_twice_at_once_counts_once(
    as_user: AsUser, owner: User, item: Prescription, picture: bytes
) -> None:
    body = said(item, picture)
    browsers = [as_user(owner) for _ in range(3)]
    announce(browsers[0], body)
    start = threading.Barrier(len(browsers))
    found: list[tuple[int, Any, Any]] = []

    def put(browser: Client) -> None:
        start.wait()
        found.append(of(send(browser, body["id"], 0, picture)))
        connection.close()

    threads = [threading.Thread(target=put, args=[browser]) for browser in browsers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (200, len(picture), "waiting") in found
    assert {one[0] for one in found} <= {200, 409}
    assert (Clip.objects.get().received, Media.objects.count()) == (len(picture), 1)
    assert AuditEvent.objects.filter(kind="clip.sent").count() == 1


@contextmanager
def room_for(size: int) -> Iterator[None]:
    """No file grows beyond so many bytes: the system cuts a write off in its middle, as on a disk that is full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.fixture
def almost_all_here(owner: User, as_user: AsUser, item: Prescription, picture: bytes, media_root: Path) -> bytes:
    """A large photo of which all but the last part has come in: the database beside it is far smaller."""
    data = picture + bytes(12 * PART_BYTES - len(picture))
    body = said(item, data)
    announce(as_user(owner), body)
    Clip.objects.update(received=11 * PART_BYTES)
    (media_root / "uploads").mkdir(parents=True)
    with (media_root / "uploads" / f"{body['id']}.part").open("wb") as file:
        file.write(data[: 11 * PART_BYTES])
    return data


def test_a_full_disk_is_told_and_half_a_part_does_not_count(
    as_user: AsUser, owner: User, almost_all_here: bytes, media_root: Path
) -> None:
    browser, key, here = as_user(owner), str(Clip.objects.get().pk), 11 * PART_BYTES
    with room_for(here + PART_BYTES // 2):
        answer = send(browser, key, here, almost_all_here[here:])
    assert of(answer) == (507, here, "disk_full")
    assert answer.json()["reason"] == "There is no room for this file at present. Try again later."
    assert Clip.objects.get().received == here
    assert (media_root / "uploads" / f"{key}.part").stat().st_size == here
    # Somebody has made room: the phone goes on from where it was.
    assert of(send(browser, key, here, almost_all_here[here:])) == (200, here + PART_BYTES, "waiting")


def test_a_full_disk_ends_what_came_in_one_form(owner: User, item: Prescription, picture: bytes) -> None:
    parts = [picture + bytes(PART_BYTES - len(picture)), *[bytes(PART_BYTES)] * 11]
    whole = Announced(id=new_id(), kind="photo", size=12 * PART_BYTES, sha256="0" * 64, day=make.TODAY)
    with room_for(10 * PART_BYTES + 1), pytest.raises(ClipRefusedError) as refused:
        receive_whole(patient=item.patient, prescription=item, said=whole, parts=parts, by=owner, at=make.NOW)
    assert refused.value.code == Why.DISK_FULL
    assert Clip.objects.get().received == 10 * PART_BYTES


def is_somebody_waiting() -> bool:
    """Whether another connection waits for what this one has written, within ten seconds."""
    for _ in range(100):
        time.sleep(0.1)
        if connection.vendor == "sqlite":  # it lets nobody else write, and tells nobody
            return False
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'transactionid'")
            if cursor.fetchone() != (0,):
                return True
    return False


@pytest.mark.django_db(transaction=True)
def test_the_same_id_for_two_dogs_at_once_is_one_of_them(
    as_user: AsUser, owner: User, vet: User, item: Prescription, picture: bytes
) -> None:
    second = make.make_patient(item.patient.clinic, vet, owner=owner, name="Luna")
    other = make.make_program(second, vet).prescriptions.earliest("position")
    browser, body, found = as_user(owner), said(item, picture), []

    def announce_for_the_second() -> None:
        found.append(announce(browser, {**body, "patient": str(second.pk), "prescription": str(other.pk)}))
        connection.close()

    late = threading.Thread(target=announce_for_the_second)
    digest = hashlib.sha256(picture).hexdigest()
    with transaction.atomic():
        begin(
            patient=item.patient,
            prescription=item,
            said=Announced(
                id=UUID(body["id"]), kind="photo", size=len(picture), sha256=digest, day=item.patient.today(make.NOW)
            ),
            by=owner,
            at=make.NOW,
        )
        late.start()
        # It cannot see the first yet, and waits for its key.
        assert is_somebody_waiting() or late.is_alive()
    late.join()
    assert [of(answer) for answer in found] == [(409, None, "other_content")]
    assert Clip.objects.get().patient == item.patient
