"""An upload never fills the disk: what goes past the limits is read and thrown away."""

from io import BytesIO
from typing import Any, Final

from django.core.files.uploadedfile import InMemoryUploadedFile
from django.core.files.uploadhandler import FileUploadHandler, StopFutureHandlers

from media.refusals import MAX_BYTES

MAX_FILES: Final = 20  # of one form; forms keep fewer and say so


class BoundedUpload(FileUploadHandler):
    """Stands first in FILE_UPLOAD_HANDLERS. A file that is too big arrives cut, still too big, and is refused kindly;
    files past the twentieth arrive empty, with their names.

    Stopping the connection instead would cost the person everything else in the form.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.files = 0

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        """Raises StopFutureHandlers for a file too many: no other handler opens anything for it."""
        super().new_file(*args, **kwargs)
        self.files += 1
        if self._is_one_too_many:
            raise StopFutureHandlers

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes | None:
        return None if self._is_one_too_many or start > MAX_BYTES else raw_data

    def file_complete(self, file_size: int) -> InMemoryUploadedFile | None:
        """Makes the empty files itself; a handler after this one makes the others."""
        if not self._is_one_too_many:
            return None
        return InMemoryUploadedFile(BytesIO(), self.field_name, self.file_name, self.content_type, 0, self.charset)

    @property
    def _is_one_too_many(self) -> bool:
        return self.files > MAX_FILES
