"""Files in a private bucket of an S3-compatible server. Nobody is sent there: views give files after asking who may.

Faults are OSErrors, as those of a folder are: FileNotFoundError, or core.files.StorageAwayError when the server does
not answer.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from shutil import copyfileobj
from tempfile import SpooledTemporaryFile
from typing import IO, Any, ClassVar, Final

from boto3.exceptions import Boto3Error
from botocore.exceptions import BotoCoreError, ClientError
from django.core.files.base import File
from storages.backends.s3 import S3Storage
from storages.utils import clean_name
from urllib3.exceptions import HTTPError

from core.files import StorageAwayError

IN_MEMORY: Final = 8 * 1024 * 1024  # bytes; what is larger is read by way of a temporary file
ABSENT: Final = 404
PAUSE: Final = 5.0  # seconds in which a server that did not answer is not asked again by this process


class Bucket(S3Storage):  # type: ignore[misc]  # untyped
    """django-storages' bucket, with faults as OSErrors, and files that are read whole before anybody is answered."""

    # Of time.monotonic(), known to every thread of the process: a server that hangs must not hold all of them.
    away_until: ClassVar[float] = 0.0
    answered_at: ClassVar[float] = 0.0

    def exists(self, name: str) -> bool:
        """Whether there is such a file. Raises StorageAwayError."""
        try:
            with self._faults(name):
                self._head(name)
        except FileNotFoundError:
            return False
        return True

    def delete(self, name: str) -> None:
        """Deletes it; one that is not there is no fault. Raises StorageAwayError."""
        with self._faults(name), suppress(self.connection.meta.client.exceptions.NoSuchKey):
            self.connection.meta.client.delete_object(Bucket=self.bucket_name, Key=self._key(name))

    def size(self, name: str) -> int:
        """Bytes. Raises FileNotFoundError, StorageAwayError."""
        with self._faults(name):
            return int(self._head(name)["ContentLength"])

    def get_modified_time(self, name: str) -> datetime:
        """When it was put there. Raises FileNotFoundError, StorageAwayError."""
        with self._faults(name):
            found: datetime = self._head(name)["LastModified"]
        return found

    def listdir(self, path: str) -> tuple[list[str], list[str]]:
        """(folders, files). Raises StorageAwayError."""
        with self._faults(path):
            folders, files = super().listdir(path)
        return list(folders), list(files)

    def _save(self, name: str, content: "File[bytes]") -> str:
        try:
            with self._faults(name):
                return str(super()._save(name, content))
        except FileNotFoundError as fault:
            raise StorageAwayError("the bucket keeps nothing (404)") from fault

    def _open(self, name: str, mode: str = "rb") -> "File[bytes]":
        if mode != "rb":
            with self._faults(name):
                found: File[bytes] = super()._open(name, mode)
            return found
        kept: IO[bytes] = SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115  whoever asked closes it
        try:
            with self._faults(name):
                told = self.connection.meta.client.get_object(Bucket=self.bucket_name, Key=self._key(name))
                with told["Body"] as body:
                    copyfileobj(body, kept, 256 * 1024)
        except BaseException:
            kept.close()
            raise
        kept.seek(0)
        return File(kept, name)

    def _key(self, name: str) -> str:
        return str(self._normalize_name(clean_name(name)))

    def _head(self, name: str) -> Any:
        """What the server tells of a file. Its 404 says nothing more, so the bucket is asked for too."""
        client = self.connection.meta.client
        try:
            return client.head_object(Bucket=self.bucket_name, Key=self._key(name))
        except ClientError as error:
            if _status(error) != ABSENT:
                raise
            client.head_bucket(Bucket=self.bucket_name)
            raise FileNotFoundError(name) from error

    @contextmanager
    def _faults(self, name: str) -> Iterator[None]:
        """Names no address and no key of the bucket: what is raised may be logged."""
        asked_at = _ask()
        try:
            yield
        except FileNotFoundError:
            _answered()
            raise
        except ClientError as error:
            _answered()
            if _code(error) == "NoSuchKey":
                raise FileNotFoundError(name) from error
            raise StorageAwayError(f"the bucket answered {_status(error)}") from error
        except (BotoCoreError, Boto3Error, HTTPError) as error:
            if Bucket.answered_at < asked_at:  # nobody else was answered meanwhile either
                Bucket.away_until = time.monotonic() + PAUSE
            raise StorageAwayError(f"the bucket does not answer ({type(error).__name__})") from error
        _answered()


def _ask() -> float:
    """The moment. Raises StorageAwayError while the server is not asked; past that, one thread is the first to ask."""
    now = time.monotonic()
    if now < Bucket.away_until:
        raise StorageAwayError("the bucket did not answer a moment ago")
    if Bucket.away_until:
        Bucket.away_until = now + PAUSE
    return now


def _answered() -> None:
    Bucket.answered_at, Bucket.away_until = time.monotonic(), 0.0


def _status(error: ClientError) -> int:
    found: Any = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    return int(found or 0)


def _code(error: ClientError) -> str:
    """What S3 calls the fault, such as NoSuchKey; answers without a body have only a number."""
    return str(error.response.get("Error", {}).get("Code", ""))
