"""Photos and clips, drawn or packed anew: what a camera or somebody else wrote into a file never reaches a page.

Only the decoders named here see an upload, its format is forced to what its first bytes say, and it is opened as a
stream, so that it cannot name another file or address.
"""

import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import IO, Any, Final

import av
import av.error
import av.filter
from PIL import Image, ImageOps

PHOTO_BYTES: Final = 10 * 1024 * 1024
CLIP_BYTES: Final = 60 * 1024 * 1024
PHOTO_TYPE: Final = "image/webp"
CLIP_TYPE: Final = "video/mp4"
ENDING: Final = {PHOTO_TYPE: "webp", CLIP_TYPE: "mp4"}

PIXELS: Final = 50_000_000
PHOTO_SIDE: Final = 1600
CLIP_SIDE: Final = 1280
CLIP_SECONDS: Final = 90
CLIP_PIXELS: Final = 4096 * 2304
RATE: Final = 30
# Slow motion of 240 frames a second, for the longest clip that is taken.
FRAMES: Final = 240 * CLIP_SECONDS
# Before the worker's own limit ends the task.
WORK_SECONDS: Final = 200

IMAGE_FORMATS: Final = ("JPEG", "PNG", "WEBP")


class Refused(Exception):
    """The file cannot be used; ``code`` is a key of ``wording.REFUSALS``."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def photo_format(head: bytes) -> str:
    """Which image format the first bytes announce.

    Raises:
        Refused: none that is taken.
    """
    if head.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "WEBP"
    if head[4:8] == b"ftyp" and head[8:12] in (b"heic", b"heix", b"mif1", b"msf1", b"heim", b"heis", b"hevc"):
        raise Refused("heic")
    raise Refused("not_a_photo")


def clip_format(head: bytes) -> str:
    """Which container the first bytes announce: that of MP4 and MOV, or that of WebM.

    Raises:
        Refused: none that is taken.
    """
    if head.startswith(b"\x1a\x45\xdf\xa3"):
        return "matroska"
    if head[4:8] in (b"ftyp", b"moov", b"wide", b"mdat", b"free", b"skip") and head[8:12] not in (
        b"heic",
        b"heix",
        b"mif1",
        b"avif",
    ):
        return "mov"
    raise Refused("not_a_clip")


def look_at_photo(file: IO[bytes], size: int) -> None:
    """Refuse at once what will not become a photo: only its first bytes and its header are read.

    Raises:
        Refused: too large, another format, or more pixels than anybody needs.
    """
    if size > PHOTO_BYTES:
        raise Refused("too_large")
    _opened(file)
    file.seek(0)


def look_at_clip(file: IO[bytes], size: int) -> None:
    """Refuse at once what will not become a clip, by its size and its first bytes.

    Raises:
        Refused: too large, or another format.
    """
    if size > CLIP_BYTES:
        raise Refused("too_large")
    file.seek(0)
    clip_format(file.read(32))
    file.seek(0)


def _opened(file: IO[bytes]) -> Image.Image:
    file.seek(0)
    kind = photo_format(file.read(32))
    file.seek(0)
    try:
        image = Image.open(file, formats=[kind])
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise Refused("too_many_pixels") from error
    except Exception as error:  # a decoder that meets rubbish raises whatever its author thought of
        raise Refused("damaged") from error
    if image.width * image.height > PIXELS or max(image.size) > 20_000 or min(image.size) < 1:
        raise Refused("too_many_pixels")
    return image


def rewrite_photo(source: Path, target: Path) -> str:
    """Draw the photo anew, upright, at most ``PHOTO_SIDE`` wide or high, without anything but its pixels.

    Raises:
        Refused: it is no photo, too large, or damaged.
    """
    with source.open("rb") as file:
        image = _opened(file)
        try:
            image.draft("RGB", (PHOTO_SIDE, PHOTO_SIDE))
            image.load()
            image.thumbnail((PHOTO_SIDE, PHOTO_SIDE))
            upright = ImageOps.exif_transpose(image).convert("RGBA")
        except Exception as error:  # the same: a damaged file may raise anything
            raise Refused("cut_short" if "truncated" in str(error) else "damaged") from error
    drawn = Image.new("RGB", upright.size, "white")
    drawn.paste(upright, mask=upright.getchannel("A"))
    drawn.save(target, "WEBP", quality=84, method=4)
    return PHOTO_TYPE


def rewrite_clip(source: Path, target: Path) -> str:
    """Pack the clip anew as MP4 (H.264, no sound, at most 1280 × 720, begins to play at once).

    Raises:
        Refused: it is no clip, too long, cut short, or damaged.
    """
    with source.open("rb") as file:
        kind = clip_format(file.read(32))
        file.seek(0)
        try:
            with av.open(file, format=kind) as incoming:
                _repack(incoming, target)
        except (av.error.FFmpegError, ValueError, EOFError, StopIteration) as error:
            raise Refused("damaged") from error
    return CLIP_TYPE


def _repack(incoming: Any, target: Path) -> None:
    if not incoming.streams.video:
        raise Refused("not_a_clip")
    stream = incoming.streams.video[0]
    declared = float(incoming.duration / av.time_base) if incoming.duration else None
    if declared is not None and declared > CLIP_SECONDS + 1:
        raise Refused("too_long")
    if stream.codec_context.width * stream.codec_context.height > CLIP_PIXELS:
        raise Refused("too_many_pixels")
    stream.codec_context.thread_count = 1
    with av.open(str(target), "w", format="mp4", options={"movflags": "+faststart"}) as outgoing:
        shown = _encode(_frames(incoming, stream), outgoing)
    if declared is not None and shown < declared * 0.9 - 0.5:
        raise Refused("cut_short")


def _frames(incoming: Any, stream: Any) -> Iterator[tuple[float, Any]]:
    """The frames with their second from the first on; refuses what is too long, too slow or broken."""
    began = time.monotonic()
    first: float | None = None
    count = 0
    for packet in incoming.demux(stream):
        if packet.is_corrupt:
            raise Refused("cut_short")
        for frame in packet.decode():
            count += 1
            second = float(frame.time) if frame.time is not None else count / RATE
            first = second if first is None else first
            if count > FRAMES or second - first > CLIP_SECONDS + 1:
                raise Refused("too_long")
            if frame.width * frame.height > CLIP_PIXELS:
                raise Refused("too_many_pixels")
            if time.monotonic() - began > WORK_SECONDS:
                raise Refused("too_slow")
            yield second - first, frame
    if count == 0:
        raise Refused("damaged")


def _encode(frames: Iterator[tuple[float, Any]], outgoing: Any) -> float:
    """Write the frames upright and small; returns the seconds that they show."""
    stream: Any = None
    graph: _Upright | None = None
    last, shown = -1, 0.0
    for second, frame in frames:
        shown = max(shown, second)
        tick = round(second * RATE)
        if tick <= last:  # slow motion and wrong clocks: what one picture of the result cannot show
            continue
        last = tick
        if graph is None or not graph.takes(frame):
            graph = _Upright(frame)
        picture = graph.turned(frame)
        if stream is None:
            width, height = _fitted(picture.width, picture.height)
            stream = outgoing.add_stream("libx264", rate=RATE, options={"preset": "veryfast", "crf": "25"})
            stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
            stream.codec_context.time_base = Fraction(1, RATE)
            stream.codec_context.thread_count = 1
        small = picture.reformat(width=stream.width, height=stream.height, format="yuv420p")
        small.pts, small.time_base = tick, Fraction(1, RATE)
        outgoing.mux(stream.encode(small))
    if stream is None:
        raise Refused("damaged")
    outgoing.mux(stream.encode(None))
    return shown


def _fitted(width: int, height: int) -> tuple[int, int]:
    """The size inside 1280 × 720, or 720 × 1280, in even numbers as H.264 wants them."""
    long, short = max(width, height), min(width, height)
    scale = min(1.0, CLIP_SIDE / long, 720 / short)
    return max(2, int(width * scale) // 2 * 2), max(2, int(height * scale) // 2 * 2)


class _Upright:
    """Turns pictures as the phone was held: a camera writes only how far."""

    STEPS: Final = {90: ("cclock",), 180: ("clock", "clock"), 270: ("clock",)}

    def __init__(self, frame: Any) -> None:
        self.shape = self._shape(frame)
        steps = self.STEPS.get(round(frame.rotation / 90) * 90 % 360, ())
        self.graph: Any = None
        if steps:
            self.graph = av.filter.Graph()
            node = self.graph.add_buffer(
                width=frame.width, height=frame.height, format=frame.format, time_base=Fraction(1, RATE)
            )
            for step in steps:
                turn = self.graph.add("transpose", step)
                node.link_to(turn)
                node = turn
            node.link_to(self.graph.add("buffersink"))
            self.graph.configure()

    @staticmethod
    def _shape(frame: Any) -> tuple[Any, ...]:
        return frame.width, frame.height, frame.format.name, frame.rotation

    def takes(self, frame: Any) -> bool:
        return self._shape(frame) == self.shape

    def turned(self, frame: Any) -> Any:
        if self.graph is None:
            return frame
        self.graph.push(frame)
        return self.graph.pull()
