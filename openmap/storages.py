"""Where photos, files of jobs and open data lie: in a folder, or in a bucket (docs/scaling.md)."""

from typing import Any
from urllib.parse import urlsplit

import environ
from botocore.config import Config
from django.core.exceptions import ImproperlyConfigured


def file_storage(env: environ.Env, *, folder: str) -> dict[str, Any]:
    """STORAGES["default"] of Django: the bucket that MISTO_S3_BUCKET names, else the folder. Raises
    ImproperlyConfigured."""
    bucket = env.str("MISTO_S3_BUCKET", default="")
    endpoint = env.str("MISTO_S3_ENDPOINT", default="")
    region = env.str("MISTO_S3_REGION", default="") or None
    access_key, secret_key = env.str("MISTO_S3_ACCESS_KEY", default=""), env.str("MISTO_S3_SECRET_KEY", default="")
    prefix, style = env.str("MISTO_S3_PREFIX", default=""), env.str("MISTO_S3_ADDRESSING", default="auto")
    seconds = env.float("MISTO_S3_TIMEOUT", default=10.0)
    if not bucket:
        return {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": folder}}
    if endpoint and urlsplit(endpoint).scheme not in {"http", "https"}:
        raise ImproperlyConfigured("MISTO_S3_ENDPOINT is an address such as https://s3.example.org.")
    if bool(access_key) != bool(secret_key):
        raise ImproperlyConfigured("MISTO_S3_ACCESS_KEY and MISTO_S3_SECRET_KEY belong together.")
    if style not in {"auto", "path", "virtual"}:
        raise ImproperlyConfigured("MISTO_S3_ADDRESSING is auto, path or virtual.")
    return {
        "BACKEND": "openmap.bucket.Bucket",
        "OPTIONS": {
            "bucket_name": bucket,
            "endpoint_url": endpoint or None,
            "region_name": region,
            "access_key": access_key or None,  # without: boto3 looks where it always does (roles, files of the machine)
            "secret_key": secret_key or None,
            "location": prefix.strip("/"),
            "default_acl": None,  # the bucket is private, and so is what lies in it
            "file_overwrite": False,
            "client_config": Config(
                connect_timeout=min(seconds, 3.0),
                read_timeout=seconds,
                retries={"mode": "standard", "total_max_attempts": 2},
                s3={"addressing_style": style},
                signature_version="s3v4",
                request_checksum_calculation="when_required",  # servers that are not Amazon's know no other ones
                response_checksum_validation="when_required",
            ),
        },
    }
