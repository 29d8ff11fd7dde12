"""Where an upload ends: Django limits the fields of a form, not its files."""

from typing import Any, Final

from django.core.files.uploadhandler import FileUploadHandler, StopUpload

from rehab.library.media import CLIP_BYTES, PHOTO_BYTES

# A photo and a clip in one form, and the bytes around them.
MOST: Final = CLIP_BYTES + PHOTO_BYTES + 1024 * 1024


class HardStop(FileUploadHandler):
    """Counts while reading and stops keeping; the view sees ``request.upload_too_large`` and no files."""

    def handle_raw_input(
        self,
        input_data: Any,
        META: Any,  # noqa: N803 - the name is Django's
        content_length: int,
        boundary: Any,
        encoding: Any = None,
    ) -> None:
        """Begin to count; what announces far too much is not even read to its end."""
        self.left = MOST
        self.far_too_much = content_length > 4 * MOST

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        self.left -= len(raw_data)
        if self.left < 0:
            self.request.upload_too_large = True  # type: ignore[union-attr] # a mark of ours
            raise StopUpload(connection_reset=self.far_too_much)
        return raw_data

    def file_complete(self, file_size: int) -> None:
        """Leave the file to the handlers after this one."""
