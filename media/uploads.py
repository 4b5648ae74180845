"""An upload never fills the disk: what goes past the limits is read and thrown away."""

from io import BytesIO
from typing import Any, Final

from django.core.files.uploadedfile import InMemoryUploadedFile
from django.core.files.uploadhandler import FileUploadHandler, StopFutureHandlers
from django.http import HttpRequest

from media.refusals import MAX_BYTES

MAX_FILES: Final = 20  # of one form; forms keep fewer and say so
_larger: Final[dict[str, int]] = {}


def allow_larger(page: str, *, limit: int) -> None:
    """Files sent to the page of that name by signed-in staff may have `limit` bytes; others are cut as everywhere."""
    _larger[page] = limit


def largest() -> int:
    """Bytes of the largest file that any page takes: what stands before the service must let it pass."""
    return max(MAX_BYTES, *_larger.values())


class BoundedUpload(FileUploadHandler):
    """Stands first in FILE_UPLOAD_HANDLERS. A file that is too big arrives cut, still too big, and is refused kindly;
    files past the twentieth arrive empty, with their names.

    Stopping the connection instead would cost the person everything else in the form.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.files = 0
        self.limit = _limit_of(self.request)

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        """Raises StopFutureHandlers for a file too many: no other handler opens anything for it."""
        super().new_file(*args, **kwargs)
        self.files += 1
        if self._is_one_too_many:
            raise StopFutureHandlers

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes | None:
        return None if self._is_one_too_many or start > self.limit else raw_data

    def file_complete(self, file_size: int) -> InMemoryUploadedFile | None:
        """Makes the empty files itself; a handler after this one makes the others."""
        if not self._is_one_too_many:
            return None
        return InMemoryUploadedFile(BytesIO(), self.field_name, self.file_name, self.content_type, 0, self.charset)

    @property
    def _is_one_too_many(self) -> bool:
        return self.files > MAX_FILES


def _limit_of(request: HttpRequest | None) -> int:
    """Bytes that a file of this request may have."""
    found = getattr(request, "resolver_match", None)
    larger = _larger.get(found.view_name) if found else None
    user = getattr(request, "user", None) if larger else None
    return larger if larger and user is not None and user.is_active and user.is_staff else MAX_BYTES
