"""Photos and clips as a family's phone makes them, and as rows that have arrived."""

import datetime as dt
import hashlib
import io
import math
import struct
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from django.core.files.base import ContentFile
from PIL import Image

from accounts.models import User
from rehab.lib.ids import new_id
from rehab.library.models import Media
from rehab.programs.models import Prescription
from rehab.sessions.models import Clip
from tests import make

# PyAV leaves these untyped.
frame_of: Any = av.VideoFrame.from_image


def photo(size: tuple[int, int] = (320, 240)) -> bytes:
    file = io.BytesIO()
    notes = Image.Exif()
    notes[0x010F] = "CANARY camera"
    Image.new("RGB", size, "seagreen").save(file, "JPEG", exif=notes.tobytes())
    return file.getvalue()


def film(
    path: Path, *, seconds: float = 2, size: tuple[int, int] = (320, 180), has_sound: bool = True, noisy: bool = False
) -> bytes:
    """A clip with a tone that says where it was taken; ``noisy`` makes it large."""
    with av.open(str(path), "w", format="mp4", options={"movflags": "+faststart"}) as file:
        file.metadata["location"] = "+47.3667+008.5500/"
        file.metadata["title"] = "CANARY clip"
        options = {"crf": "1", "preset": "ultrafast"} if noisy else {}
        stream: Any = file.add_stream("libx264", rate=10, options=options)
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        sound: Any = None
        if has_sound:
            sound = file.add_stream("aac", rate=44100)
            sound.codec_context.layout = "mono"
        for number in range(round(seconds * 10)):
            image = Image.effect_noise(size, 90).convert("RGB") if noisy else Image.new("RGB", size, "seagreen")
            file.mux(stream.encode(frame_of(image)))
            if sound is not None:
                file.mux(sound.encode(_tone(number)))
        file.mux(stream.encode(None))
        if sound is not None:
            file.mux(sound.encode(None))
    return path.read_bytes()


def _tone(number: int) -> Any:
    frame = av.AudioFrame(format="s16", layout="mono", samples=4410)
    wave = (round(9000 * math.sin(2 * math.pi * 440 * one / 44100)) for one in range(4410))
    frame.planes[0].update(struct.pack("<4410h", *wave))
    frame.pts, frame.sample_rate, frame.time_base = number * 4410, 44100, Fraction(1, 44100)
    return frame


def make_clip(
    prescription: Prescription,
    by: User,
    *,
    kind: str = "photo",
    at: dt.datetime = make.NOW,
    state: str = "ready",
    data: bytes = b"CANARY picture",
    **fields: Any,
) -> Clip:
    """A photo or clip that has arrived; ``state`` is that of its file, and failed with ``content_type`` as its code."""
    content_type = {"photo": "image/webp", "clip": "video/mp4"}[kind]
    media = Media(
        clinic_id=prescription.clinic_id,
        kind=kind,
        state=state,
        content_type={"ready": content_type, "failed": "damaged"}.get(state, ""),
        uploaded_by=by,
        uploaded_at=at,
        from_home=True,
    )
    if state == "ready":
        media.file.save("made", ContentFile(data), save=False)
    media.save()
    return Clip.objects.create(
        **{
            "id": new_id(),
            "clinic_id": prescription.clinic_id,
            "patient_id": prescription.patient_id,
            "prescription": prescription,
            "kind": kind,
            "size": len(data),
            "sha256": hashlib.sha256(data).hexdigest(),
            "received": len(data),
            "media": media,
            "sent_by": by,
            "day": at.date(),
            "created_at": at,
            "completed_at": at,
            **fields,
        }
    )
