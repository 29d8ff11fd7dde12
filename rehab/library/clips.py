"""Clips, packed anew: small, upright, ready to play at once, and without what a phone wrote into them.

Only the decoders named here see an upload, its format is forced to what its first bytes say, and it is opened as a
stream, so that it cannot name another file or address. Without the video library nothing here works but the question
whether it does (``can_take_clips``): then photos are all that is taken.
"""

import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import IO, Any, Final

from rehab.library.media import CLIP_BYTES, CLIP_TYPE, Refused

av: Any
try:
    import av
    import av.error
    import av.filter
except ImportError:  # not installed, or without the libraries under it
    av = None

CLIP_SIDE: Final = 1280
CLIP_SECONDS: Final = 90
# What is kept of a clip from home: enough for a few repetitions, and short enough to be looked at the same day.
HOME_SECONDS: Final = 30
CLIP_PIXELS: Final = 4096 * 2304
RATE: Final = 30
# Slow motion of 240 frames a second, for the longest clip that is taken.
FRAMES: Final = 240 * CLIP_SECONDS
# Before the worker's own limit ends the task.
WORK_SECONDS: Final = 200
ENCODERS: Final = ("libx264", "libopenh264")
SOUND_RATE: Final = 44_100


def can_take_clips() -> bool:
    """Whether clips can be prepared on this machine; photos always can."""
    return av is not None


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


def look_at_clip(file: IO[bytes], size: int) -> None:
    """Refuse at once what will not become a clip, by its size and its first bytes.

    Raises:
        Refused: too large, another format, or this machine cannot prepare clips.
    """
    if size > CLIP_BYTES:
        raise Refused("too_large")
    if not can_take_clips():
        raise Refused("photos_only")
    file.seek(0)
    clip_format(file.read(32))
    file.seek(0)


def rewrite_clip(source: Path, target: Path, *, from_home: bool = False) -> str:
    """Pack the clip anew as MP4 (H.264, at most 1280 × 720, begins to play at once).

    A clinic's own clip shows how it is done: without sound, and refused if it is long. Of a clip ``from_home`` the first
    ``HOME_SECONDS`` are kept, with their sound: nails that drag on the floor are heard before they are seen.

    Raises:
        Refused: it is no clip, too long, cut short, or damaged; or this machine cannot prepare clips.
    """
    if not can_take_clips():
        raise Refused("photos_only")
    with source.open("rb") as file:
        kind = clip_format(file.read(32))
        file.seek(0)
        try:
            with av.open(file, format=kind) as incoming:
                _repack(incoming, target, from_home=from_home)
        except (av.error.FFmpegError, ValueError, EOFError, StopIteration) as error:
            raise Refused("damaged") from error
    return CLIP_TYPE


def _repack(incoming: Any, target: Path, *, from_home: bool) -> None:
    if not incoming.streams.video:
        raise Refused("not_a_clip")
    stream = incoming.streams.video[0]
    sound = incoming.streams.audio[0] if from_home and incoming.streams.audio else None
    declared = float(incoming.duration / av.time_base) if incoming.duration else None
    if declared is not None and declared > CLIP_SECONDS + 1 and not from_home:
        raise Refused("too_long")
    if stream.codec_context.width * stream.codec_context.height > CLIP_PIXELS:
        raise Refused("too_many_pixels")
    stream.codec_context.thread_count = 1
    encoder = next((name for name in ENCODERS if name in av.codecs_available), None)
    most = HOME_SECONDS if from_home else None
    with av.open(str(target), "w", format="mp4", options={"movflags": "+faststart"}) as outgoing:
        if encoder is None:
            shown = _copied(incoming, stream, sound, outgoing, most=most)
        else:
            shown = _encoded(
                _frames(incoming, stream, sound, most=most), outgoing, encoder, has_sound=sound is not None
            )
    if declared is not None and shown < min(declared, most or declared) * 0.9 - 0.5:
        raise Refused("cut_short")


def _frames(incoming: Any, stream: Any, sound: Any, *, most: float | None) -> Iterator[tuple[float, Any]]:
    """The pictures and sounds with their second from the first picture on, up to the second ``most``.

    Raises:
        Refused: it is too long, too slow to read, or broken.
    """
    began = time.monotonic()
    first: float | None = None
    count = 0
    for packet in incoming.demux(*filter(None, (stream, sound))):
        if packet.is_corrupt:
            raise Refused("cut_short")
        if packet.stream is not stream:
            for frame in _heard(packet):
                yield float(frame.time) - (first or 0.0), frame
            continue
        for frame in packet.decode():
            count += 1
            second = float(frame.time) if frame.time is not None else count / RATE
            first = second if first is None else first
            if most is not None and second - first >= most:
                return
            if count > FRAMES or second - first > CLIP_SECONDS + 1:
                raise Refused("too_long")
            if frame.width * frame.height > CLIP_PIXELS:
                raise Refused("too_many_pixels")
            if time.monotonic() - began > WORK_SECONDS:
                raise Refused("too_slow")
            yield second - first, frame
    if count == 0:
        raise Refused("damaged")


def _heard(packet: Any) -> list[Any]:
    """What a packet of sound holds; nothing where it is broken: the pictures are what matters."""
    try:
        return [frame for frame in packet.decode() if frame.time is not None]
    except av.error.FFmpegError:
        return []


def _encoded(frames: Iterator[tuple[float, Any]], outgoing: Any, encoder: str, *, has_sound: bool) -> float:
    """Write the frames upright and small; returns the seconds that they show."""
    stream: Any = None
    sound = _Sound(outgoing) if has_sound and "aac" in av.codecs_available else None
    graph: _Upright | None = None
    last, shown = -1, 0.0
    for second, frame in frames:
        if isinstance(frame, av.AudioFrame):
            if sound:
                sound.add(second, frame)
            continue
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
            options = {"preset": "veryfast", "crf": "25"} if encoder == "libx264" else {}
            stream = outgoing.add_stream(encoder, rate=RATE, options=options)
            stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
            stream.codec_context.time_base = Fraction(1, RATE)
            stream.codec_context.thread_count = 1
            if sound:
                sound.begin()
        small = picture.reformat(width=stream.width, height=stream.height, format="yuv420p")
        small.pts, small.time_base = tick, Fraction(1, RATE)
        outgoing.mux(stream.encode(small))
    if stream is None:
        raise Refused("damaged")
    outgoing.mux(stream.encode(None))
    if sound:
        sound.end()
    return shown


class _Sound:
    """The sound beside the pictures; what cannot be written is left out."""

    EARLY: Final = 200

    def __init__(self, outgoing: Any) -> None:
        self.outgoing = outgoing
        self.stream: Any = None
        # The file's tracks must be known before its first byte; a decoder gives the first picture later than sounds.
        self.early: list[tuple[float, Any]] = []

    def begin(self) -> None:
        self.stream = self.outgoing.add_stream("aac", rate=SOUND_RATE)
        self.stream.codec_context.layout = "mono"
        early, self.early = self.early, []
        for second, frame in early:
            self.add(second, frame)

    def add(self, second: float, frame: Any) -> None:
        if self.stream is None:
            self.early = [*self.early, (second, frame)][-self.EARLY :]
        elif second >= 0:
            frame.pts, frame.time_base = round(second * frame.sample_rate), Fraction(1, frame.sample_rate)
            self._write(frame)

    def end(self) -> None:
        if self.stream is not None:
            self._write(None)

    def _write(self, frame: Any) -> None:
        try:
            self.outgoing.mux(self.stream.encode(frame))
        except (ValueError, av.error.FFmpegError):
            self.stream = None


def _copied(incoming: Any, stream: Any, sound: Any, outgoing: Any, *, most: float | None) -> float:
    """Take the pictures over as they are, where nothing here can write them anew; only H.264 plays everywhere."""
    if stream.codec_context.name != "h264":
        raise Refused("not_a_clip")
    tracks = {stream.index: outgoing.add_stream_from_template(stream)}
    if sound is not None and sound.codec_context.name == "aac":
        tracks[sound.index] = outgoing.add_stream_from_template(sound)
    first: float | None = None
    shown = 0.0
    for packet in incoming.demux([incoming.streams[index] for index in tracks]):
        if packet.is_corrupt:
            raise Refused("cut_short")
        if packet.dts is None:
            continue
        moment = float(packet.dts * packet.time_base)
        first = moment if first is None else first
        if most is not None and moment - first >= most:
            continue
        if moment - first > CLIP_SECONDS + 1:
            raise Refused("too_long")
        if packet.stream.index == stream.index:
            shown = moment - first
        packet.stream = tracks[packet.stream.index]
        outgoing.mux(packet)
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
