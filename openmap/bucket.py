"""Files in a private bucket of an S3-compatible server. Nobody is sent there: views give files after asking who may.

Faults are OSErrors, as those of a folder are: FileNotFoundError, or core.files.StorageAwayError when the server does
not answer.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from shutil import copyfileobj
from tempfile import SpooledTemporaryFile
from typing import IO, Any, Final

from boto3.exceptions import Boto3Error
from botocore.exceptions import BotoCoreError, ClientError
from django.core.files.base import File
from storages.backends.s3 import S3Storage
from storages.utils import clean_name
from urllib3.exceptions import HTTPError

from core.files import StorageAwayError

IN_MEMORY: Final = 8 * 1024 * 1024  # bytes; what is larger is read by way of a temporary file
ABSENT: Final = {404, 410}


class Bucket(S3Storage):  # type: ignore[misc]  # untyped
    """django-storages' bucket, with faults as OSErrors, and files that are read whole before anybody is answered."""

    def exists(self, name: str) -> bool:
        """Whether there is such a file. Raises StorageAwayError."""
        with _faults(name):
            return bool(super().exists(name))

    def delete(self, name: str) -> None:
        """Deletes it; one that is not there is no fault. Raises StorageAwayError."""
        with _faults(name):
            super().delete(name)

    def size(self, name: str) -> int:
        """Bytes. Raises FileNotFoundError, StorageAwayError."""
        with _faults(name):
            return int(super().size(name))

    def get_modified_time(self, name: str) -> datetime:
        """When it was put there. Raises FileNotFoundError, StorageAwayError."""
        with _faults(name):
            found: datetime = super().get_modified_time(name)
        return found

    def listdir(self, path: str) -> tuple[list[str], list[str]]:
        """(folders, files). Raises StorageAwayError."""
        with _faults(path):
            folders, files = super().listdir(path)
        return list(folders), list(files)

    def _save(self, name: str, content: "File[bytes]") -> str:
        with _faults(name):
            return str(super()._save(name, content))

    def _open(self, name: str, mode: str = "rb") -> "File[bytes]":
        if mode != "rb":
            with _faults(name):
                found: File[bytes] = super()._open(name, mode)
            return found
        kept: IO[bytes] = SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115  whoever asked closes it
        try:
            with _faults(name):
                key = self._normalize_name(clean_name(name))
                told = self.connection.meta.client.get_object(Bucket=self.bucket_name, Key=key)
                with told["Body"] as body:
                    copyfileobj(body, kept, 256 * 1024)
        except BaseException:
            kept.close()
            raise
        kept.seek(0)
        return File(kept, name)


@contextmanager
def _faults(name: str) -> Iterator[None]:
    """Names no address and no key of the bucket: what is raised may be logged."""
    try:
        yield
    except ClientError as error:
        if _status(error) in ABSENT:
            raise FileNotFoundError(name) from error
        raise StorageAwayError(f"the bucket answered {_status(error)}") from error
    except (BotoCoreError, Boto3Error, HTTPError) as error:
        raise StorageAwayError(f"the bucket does not answer ({type(error).__name__})") from error


def _status(error: ClientError) -> int:
    found: Any = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    return int(found or 0)
