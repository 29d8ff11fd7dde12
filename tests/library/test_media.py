"""Uploads: what is refused, what is made of the rest, and who is given it."""

import datetime as dt
import io
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import av
import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from PIL import Image
from pytest_django import Settings

from accounts.models import AuditEvent, Clinic, User
from rehab.library import media, wording
from rehab.library.clips import look_at_clip, rewrite_clip
from rehab.library.media import Refused, look_at_photo, rewrite_photo
from rehab.library.models import Media
from rehab.library.own import Shown, save_exercise
from rehab.library.preparing import ATTEMPTS, LEASE, prepare_next
from rehab.library.queries.clinics import showing
from rehab.library.tasks import prepare_media
from tests import make
from tests.library.test_own import values

AsUser = Callable[[User], Client]
NOW = make.NOW


@pytest.fixture(autouse=True)
def _own_folder(settings: Settings, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"


def photo(size: tuple[int, int] = (400, 300), kind: str = "JPEG", **saved: Any) -> bytes:
    """A photo with a red corner, top left."""
    image = Image.new("RGB", size, "green")
    image.paste((255, 0, 0), (0, 0, size[0] // 4, size[1] // 4))
    file = io.BytesIO()
    image.save(file, kind, **saved)
    return file.getvalue()


def from_a_phone() -> bytes:
    """A photo that lies on its side and says where it was taken, by what."""
    notes = Image.Exif()
    notes[0x0112] = 6
    notes[0x010F] = "CANARY camera"
    notes.get_ifd(0x8825)[1] = "N"
    notes.get_ifd(0x8825)[2] = (47.0, 22.0, 0.0)
    return photo(exif=notes.tobytes(), comment=b"CANARY comment")


# PyAV leaves these two untyped.
frame_of: Any = av.VideoFrame.from_image


def clip(path: Path, *, seconds: float = 1, size: tuple[int, int] = (320, 180), codec: str = "libx264") -> bytes:
    """A clip with a red corner, top left, that says where it was taken."""
    with av.open(str(path), "w") as file:
        file.metadata["location"] = "+47.3667+008.5500/"
        file.metadata["title"] = "CANARY clip"
        stream: Any = file.add_stream(codec, rate=10)
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        for _ in range(int(seconds * 10)):
            image = Image.new("RGB", size, "green")
            image.paste((255, 0, 0), (0, 0, size[0] // 4, size[1] // 4))
            file.mux(stream.encode(frame_of(image)))
        file.mux(stream.encode(None))
    return path.read_bytes()


def turned(data: bytes) -> bytes:
    """The clip as a phone held upright writes it: lying, with a matrix that says so."""
    at = data.index(b"tkhd") + 4 + 4 + 20 + 8 + 8
    return data[:at] + struct.pack(">9i", 0, 1 << 16, 0, -1 << 16, 0, 0, 180 << 16, 0, 1 << 30) + data[at + 36 :]


def file_of(folder: Path, data: bytes) -> Path:
    path = folder / "upload"
    path.write_bytes(data)
    return path


def is_red(pixel: Any) -> bool:
    return bool(pixel[0] > 200 and pixel[1] < 80)


# --- Photos ------------------------------------------------------------------------------------------------------


def test_photo_is_drawn_anew_upright_without_place_and_camera(tmp_path: Path) -> None:
    upload = from_a_phone()
    assert b"CANARY" in upload
    assert rewrite_photo(file_of(tmp_path, upload), tmp_path / "made") == "image/webp"
    made = (tmp_path / "made").read_bytes()
    with Image.open(io.BytesIO(made)) as image:
        assert (image.format, image.size, dict(image.getexif())) == ("WEBP", (300, 400), {})
        assert is_red(image.convert("RGB").getpixel((295, 5)))
    assert b"CANARY" not in made
    assert not {b"EXIF", b"XMP ", b"ICCP"} & {made[at : at + 4] for at in range(len(made))}


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_photo_of_each_kind_is_taken_and_made_small(tmp_path: Path, kind: str) -> None:
    rewrite_photo(file_of(tmp_path, photo((3200, 1000), kind)), tmp_path / "made")
    with Image.open(tmp_path / "made") as image:
        assert image.size == (1600, 500)


def bomb() -> bytes:
    """A small file that says it is 900 million pixels."""
    data = bytearray(photo(kind="PNG"))
    data[16:24] = struct.pack(">II", 30_000, 30_000)
    return bytes(data)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"MZ\x90\x00" + bytes(2000), "not_a_photo"),
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='x()'/>", "not_a_photo"),
        (b"GIF89a" + bytes(100), "not_a_photo"),
        (b"%!PS-Adobe-3.0 EPSF-3.0" + bytes(100), "not_a_photo"),
        (b"", "not_a_photo"),
        (b"\0\0\0\x18ftypheic" + bytes(100), "heic"),
        (b"\xff\xd8\xff\xe0" + bytes(500), "damaged"),
        (bomb(), None),
        (photo()[:-400], "cut_short"),
    ],
    ids=["program", "svg", "gif", "eps", "empty", "heic", "rubbish", "bomb", "truncated"],
)
def test_photo_that_is_none_is_refused_with_a_sentence(tmp_path: Path, data: bytes, code: str | None) -> None:
    with pytest.raises(Refused) as refused:
        rewrite_photo(file_of(tmp_path, data), tmp_path / "made")
    # A wrong checksum or the size, whichever is seen first: before any pixel is made.
    assert refused.value.code in ({code} if code else {"too_many_pixels", "damaged"})
    assert str(wording.REFUSALS[refused.value.code])
    assert not (tmp_path / "made").exists()


def test_photo_with_too_many_pixels_is_refused_by_its_header() -> None:
    file = io.BytesIO()
    Image.new("1", (20_000, 20_000)).save(file, "PNG")
    assert len(file.getvalue()) < 100_000
    with pytest.raises(Refused) as refused:
        look_at_photo(file, len(file.getvalue()))
    assert refused.value.code == "too_many_pixels"


def test_files_that_are_too_large_are_refused_unread() -> None:
    for look, most in ((look_at_photo, media.PHOTO_BYTES), (look_at_clip, media.CLIP_BYTES)):
        with pytest.raises(Refused) as refused:
            look(io.BytesIO(b""), most + 1)
        assert refused.value.code == "too_large"


# --- Clips -------------------------------------------------------------------------------------------------------


@pytest.fixture
def shown() -> Callable[[Path], Any]:
    def read(path: Path) -> Any:
        with av.open(str(path)) as file:
            [stream] = file.streams
            frame: Any = next(iter(file.decode(video=0)))
            return stream.codec_context.name, frame.to_image(), file.duration, dict(file.metadata)

    return read


def test_clip_is_packed_anew_without_place_and_begins_at_once(tmp_path: Path, shown: Callable[[Path], Any]) -> None:
    upload = clip(tmp_path / "upload.mp4")
    assert b"CANARY" in upload
    assert rewrite_clip(tmp_path / "upload.mp4", tmp_path / "made") == "video/mp4"
    codec, image, duration, metadata = shown(tmp_path / "made")
    made = (tmp_path / "made").read_bytes()
    assert (codec, image.size, duration) == ("h264", (320, 180), pytest.approx(1_000_000, abs=150_000))
    assert is_red(image.getpixel((5, 5)))
    assert b"CANARY" not in made
    assert b"+47" not in made
    assert set(metadata) <= {"major_brand", "minor_version", "compatible_brands", "encoder"}
    assert made.index(b"moov") < made.index(b"mdat")


@pytest.mark.parametrize(("name", "codec"), [("clip.webm", "libvpx-vp9"), ("clip.mov", "mpeg4")])
def test_clip_that_not_every_browser_plays_becomes_one_that_does(
    tmp_path: Path, shown: Callable[[Path], Any], name: str, codec: str
) -> None:
    clip(tmp_path / name, codec=codec)
    rewrite_clip(tmp_path / name, tmp_path / "made")
    assert shown(tmp_path / "made")[0] == "h264"


def test_clip_of_an_upright_phone_stands_upright_and_is_made_small(
    tmp_path: Path, shown: Callable[[Path], Any]
) -> None:
    upload = file_of(tmp_path, turned(clip(tmp_path / "upload.mov", size=(1920, 1080), seconds=0.5)))
    rewrite_clip(upload, tmp_path / "made")
    _codec, image, _duration, _metadata = shown(tmp_path / "made")
    assert image.size == (720, 1280)
    assert is_red(image.getpixel((715, 5)))


def refusal(path: Path) -> str:
    with pytest.raises(Refused) as refused:
        rewrite_clip(path, path.parent / "made")
    assert str(wording.REFUSALS[refused.value.code])
    return refused.value.code


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"MZ\x90\x00" + bytes(2000), "not_a_clip"),
        (b"#EXTM3U\n#EXTINF:1,\nfile:///etc/hostname\n", "not_a_clip"),
        (b"ffconcat version 1.0\nfile /etc/hostname\n", "not_a_clip"),
        (b"<html><script>x()</script></html>", "not_a_clip"),
        (b"", "not_a_clip"),
        (b"\0\0\0\x20ftypisom" + b"\x01" * 3000, "damaged"),
        (b"\x1a\x45\xdf\xa3" + b"\x01" * 3000, "damaged"),
    ],
    ids=["program", "playlist", "concat", "page", "empty", "rubbish mp4", "rubbish webm"],
)
def test_clip_that_is_none_is_refused_with_a_sentence(tmp_path: Path, data: bytes, code: str) -> None:
    assert refusal(file_of(tmp_path, data)) == code


def test_clip_that_is_cut_short_is_refused(tmp_path: Path) -> None:
    clip(tmp_path / "whole.mp4", seconds=3)
    rewrite_clip(tmp_path / "whole.mp4", tmp_path / "fast.mp4")  # its index is in front, as phones send it
    for name in ("whole.mp4", "fast.mp4"):
        data = (tmp_path / name).read_bytes()
        assert refusal(file_of(tmp_path, data[: len(data) * 6 // 10])) in ("cut_short", "damaged")


def test_clip_that_is_too_long_is_refused(tmp_path: Path) -> None:
    clip(tmp_path / "long.mp4", seconds=95, size=(32, 32))
    assert refusal(tmp_path / "long.mp4") == "too_long"


# --- Preparing ---------------------------------------------------------------------------------------------------


def uploaded(clinic: Clinic, by: User, data: bytes, kind: str = "photo", at: dt.datetime = NOW) -> Media:
    one = Media(clinic=clinic, kind=kind, alternative="A dog on a step", uploaded_by=by, uploaded_at=at)
    one.upload.save(str(one.pk), SimpleUploadedFile("IMG_1234.jpg", data), save=False)
    one.save()
    return one


def files(folder: str) -> Iterator[Path]:
    from django.conf import settings

    return (path for path in (Path(settings.MEDIA_ROOT) / folder).glob("*") if path.is_file())


def test_waiting_media_is_prepared_and_the_upload_deleted(clinic: Clinic, vet: User) -> None:
    one = uploaded(clinic, vet, from_a_phone())
    assert [path.stat().st_mode & 0o777 for path in files("uploads")] == [0o600]
    with time_machine.travel(NOW, tick=False):
        prepare_media.apply()
    one.refresh_from_db()
    assert (one.state, one.content_type, one.upload.name) == ("ready", "image/webp", "")
    assert [path.name for path in files("library")] == [f"{one.pk}.webp"]
    assert list(files("uploads")) == []
    assert AuditEvent.objects.filter(kind="media.prepared", subject_id=one.pk).count() == 1
    assert not prepare_next(at=NOW)


def test_media_that_cannot_be_read_fails_with_its_reason(clinic: Clinic, vet: User) -> None:
    one = uploaded(clinic, vet, b"MZ" + bytes(500), kind="clip")
    assert prepare_next(at=NOW)
    one.refresh_from_db()
    assert (one.state, one.content_type, one.upload.name, one.file.name) == ("failed", "not_a_clip", "", "")
    assert list(files("uploads")) == []


def test_claimed_media_waits_for_its_worker_and_is_taken_again_when_that_is_gone(clinic: Clinic, vet: User) -> None:
    one = uploaded(clinic, vet, photo())
    Media.objects.update(content_type=f"1 {int((NOW + LEASE).timestamp())}")  # somebody works on it
    assert not prepare_next(at=NOW)
    assert prepare_next(at=NOW + LEASE + dt.timedelta(seconds=1))
    one.refresh_from_db()
    assert one.state == "ready"


def test_file_that_ends_its_worker_each_time_steps_aside(clinic: Clinic, vet: User) -> None:
    one = uploaded(clinic, vet, photo())
    Media.objects.update(content_type=f"{ATTEMPTS} {int(NOW.timestamp())}")
    later = uploaded(clinic, vet, photo(), at=NOW + dt.timedelta(minutes=1))
    assert prepare_next(at=NOW + LEASE)
    states = dict(Media.objects.values_list("pk", "state"))
    assert states == {one.pk: "failed", later.pk: "ready"}


def test_missing_upload_is_tried_a_few_times_and_then_fails(clinic: Clinic, vet: User) -> None:
    one = uploaded(clinic, vet, photo())
    Path(one.upload.path).unlink()
    for attempt in range(1, ATTEMPTS + 1):
        assert prepare_next(at=NOW + attempt * 2 * LEASE)
    one.refresh_from_db()
    assert (one.state, one.content_type) == ("failed", "not_prepared")


def test_upload_of_a_save_that_is_refused_leaves_no_file(clinic: Clinic, vet: User) -> None:
    make.make_exercise("weight-shift")
    first = save_exercise(clinic=clinic, by=vet, at=NOW, values=values())
    save_exercise(clinic=clinic, by=vet, at=NOW, values=values(name="Newer"), base=first)
    shown = Shown(upload=SimpleUploadedFile("IMG.jpg", photo()), alternative="A dog")
    with pytest.raises(Exception):  # noqa: B017, PT011 - whichever refusal: no file is what matters
        save_exercise(clinic=clinic, by=vet, at=NOW, values=values(name="Stale"), base=first, photo=shown)
    assert (Media.objects.count(), list(files("uploads"))) == (0, [])


def test_next_version_keeps_the_photo_until_another_is_chosen(clinic: Clinic, vet: User) -> None:
    make.make_exercise("weight-shift")
    shown = Shown(upload=SimpleUploadedFile("IMG.jpg", photo()), alternative="A dog")
    first = save_exercise(clinic=clinic, by=vet, at=NOW, values=values(), photo=shown)
    assert first.photo is not None
    assert (first.photo.alternative, Path(first.photo.upload.name or "").name) == ("A dog", str(first.photo.pk))
    second = save_exercise(
        clinic=clinic, by=vet, at=NOW, values=values(name="B"), base=first, photo=Shown(alternative="Bruno’s friend")
    )
    assert second.photo == first.photo
    first.photo.refresh_from_db()
    assert first.photo.alternative == "Bruno’s friend"
    assert set(showing(first.photo)) == {first, second}
    third = save_exercise(clinic=clinic, by=vet, at=NOW, values=values(name="B"), base=second, photo=Shown(remove=True))
    assert (third.version, third.photo) == (3, None)


# --- Giving out --------------------------------------------------------------------------------------------------


@pytest.fixture
def ready(clinic: Clinic, vet: User) -> Media:
    one = uploaded(clinic, vet, photo())
    prepare_next(at=NOW)
    one.refresh_from_db()
    return one


def body(answer: Any) -> bytes:
    return b"".join(answer.streaming_content) if answer.streaming else answer.content


def test_file_is_given_with_headers_that_let_it_be_only_a_picture(ready: Media, vet: User, as_user: AsUser) -> None:
    answer = as_user(vet).get(reverse("library:media-file", args=[ready.pk]))
    assert answer.status_code == 200
    assert body(answer) == Path(ready.file.path).read_bytes()
    assert {
        name: answer.headers[name]
        for name in (
            "Content-Type", "Content-Disposition", "X-Content-Type-Options", "Content-Security-Policy",
            "Cache-Control", "Cross-Origin-Resource-Policy", "Accept-Ranges",
        )
    } == {
        "Content-Type": "image/webp",
        "Content-Disposition": f'inline; filename="photo-{ready.pk}.webp"',
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "Cache-Control": "private, max-age=3600",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Accept-Ranges": "bytes",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [
        ("bytes=0-0", 0, 0),
        ("bytes=0-99", 0, 99),
        ("bytes=10-", 10, -1),
        ("bytes=-50", -50, -1),
        ("bytes=-999999", 0, -1),
        ("bytes=5-999999", 5, -1),
    ],
)
def test_part_of_a_file_is_given_as_it_is_asked_for(
    ready: Media, vet: User, as_user: AsUser, asked: str, first: int, last: int
) -> None:
    whole = Path(ready.file.path).read_bytes()
    size = len(whole)
    begin, end = first % size, last % size
    client, address = as_user(vet), reverse("library:media-file", args=[ready.pk])
    answer = client.get(address, headers={"Range": asked})
    assert (answer.status_code, body(answer)) == (206, whole[begin : end + 1])
    assert answer.headers["Content-Range"] == f"bytes {begin}-{end}/{size}"
    assert answer.headers["Content-Length"] == str(end + 1 - begin)
    head = client.head(address, headers={"Range": asked})
    assert (head.status_code, head.content, head.headers["Content-Range"]) == (
        206,
        b"",
        answer.headers["Content-Range"],
    )


@pytest.mark.parametrize("asked", ["bytes=999999-", "bytes=-0", "bytes=999999-1000000"])
def test_part_that_a_file_does_not_have_is_416(ready: Media, vet: User, as_user: AsUser, asked: str) -> None:
    answer = as_user(vet).get(reverse("library:media-file", args=[ready.pk]), headers={"Range": asked})
    assert (answer.status_code, answer.headers["Content-Range"]) == (416, f"bytes */{ready.file.size}")


@pytest.mark.parametrize("asked", ["bytes=0-1,5-6", "lines=1-2", "bytes=-", "bytes=a-b", "bytes=9-3"])
def test_range_that_is_not_understood_gives_the_whole(ready: Media, vet: User, as_user: AsUser, asked: str) -> None:
    answer = as_user(vet).get(reverse("library:media-file", args=[ready.pk]), headers={"Range": asked})
    assert (answer.status_code, len(body(answer))) == (200, ready.file.size)


def test_range_of_a_file_that_is_another_now_gives_the_whole(ready: Media, vet: User, as_user: AsUser) -> None:
    client, address = as_user(vet), reverse("library:media-file", args=[ready.pk])
    etag = client.get(address).headers["ETag"]
    fits = client.get(address, headers={"Range": "bytes=0-9", "If-Range": etag})
    other = client.get(address, headers={"Range": "bytes=0-9", "If-Range": '"another"'})
    assert (fits.status_code, other.status_code) == (206, 200)
    assert client.get(address, headers={"If-None-Match": etag}).status_code == 304


def test_file_is_given_to_the_clinics_staff_alone(
    ready: Media, therapist: User, outside_vet: User, owner: User, admin: User, as_user: AsUser
) -> None:
    address = reverse("library:media-file", args=[ready.pk])
    answers = {
        "therapist": as_user(therapist).get(address).status_code,
        "another clinic": as_user(outside_vet).get(address).status_code,
        "owner": as_user(owner).get(address).status_code,
        "admin": as_user(admin).get(address).status_code,
        "visitor": Client().get(address).status_code,
    }
    assert answers == {"therapist": 200, "another clinic": 404, "owner": 403, "admin": 403, "visitor": 302}


def test_upload_is_never_given(clinic: Clinic, vet: User, as_user: AsUser) -> None:
    one = uploaded(clinic, vet, photo())
    assert as_user(vet).get(reverse("library:media-file", args=[one.pk])).status_code == 404
    assert as_user(vet).get(f"/media/{one.upload.name}").status_code == 404
