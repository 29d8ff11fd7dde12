"""Photos, drawn anew: what a camera or somebody else wrote into a file never reaches a page (clips: clips.py).

Only the decoders named here see an upload, its format is forced to what its first bytes say, and it is opened as a
stream, so that it cannot name another file or address.
"""

from pathlib import Path
from typing import IO, Final

from PIL import Image, ImageOps

PHOTO_BYTES: Final = 10 * 1024 * 1024
CLIP_BYTES: Final = 60 * 1024 * 1024
PHOTO_TYPE: Final = "image/webp"
CLIP_TYPE: Final = "video/mp4"
ENDING: Final = {PHOTO_TYPE: "webp", CLIP_TYPE: "mp4"}

PIXELS: Final = 50_000_000
PHOTO_SIDE: Final = 1600

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


def look_at_photo(file: IO[bytes], size: int) -> None:
    """Refuse at once what will not become a photo: only its first bytes and its header are read.

    Raises:
        Refused: too large, another format, or more pixels than anybody needs.
    """
    if size > PHOTO_BYTES:
        raise Refused("too_large")
    _opened(file)
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
