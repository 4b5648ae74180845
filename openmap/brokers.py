"""Which broker wakes the workers: Redis, or RabbitMQ. It only makes things faster, and nothing is kept there.

What is in both: whoever asks a worker to hurry is a thread that nobody waits for (core.broker), and a broker that is
down or hangs is given up after SECONDS.
"""

from typing import Any, Final
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

SECONDS: Final = 1.5
REDIS: Final = {"redis", "rediss", "unix", "redis+socket"}
RABBITMQ: Final = {"amqp", "amqps"}


def broker_url(env: environ.Env) -> str:
    """CELERY_BROKER_URL: MISTO_BROKER_URL, else REDIS_URL. Raises ImproperlyConfigured."""
    url: str = env.str("MISTO_BROKER_URL", default="") or env.str("REDIS_URL", default="redis://127.0.0.1:6379/0")
    if urlsplit(url).scheme not in REDIS | RABBITMQ:
        raise ImproperlyConfigured("MISTO_BROKER_URL is redis://…, rediss://…, unix://…, amqp://… or amqps://….")
    return url.replace("unix://", "redis+socket://", 1)


def is_rabbitmq(url: str) -> bool:
    """Whether this broker speaks AMQP."""
    return urlsplit(url).scheme in RABBITMQ


def transport_options(url: str) -> dict[str, Any]:
    """CELERY_BROKER_TRANSPORT_OPTIONS of that broker."""
    if is_rabbitmq(url):
        # No read_timeout: a worker listens for as long as nothing comes. It finds a silent broker by its heartbeat.
        return {"connect_timeout": SECONDS, "write_timeout": SECONDS, "max_retries": 0}
    return {
        "visibility_timeout": 3600,
        "socket_timeout": SECONDS,
        "socket_connect_timeout": SECONDS,
        "max_retries": 0,
        "retry_policy": {"timeout": 2.0},
    }
