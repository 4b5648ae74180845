"""The Celery application: `celery -A openmap worker`."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "openmap.settings")

app = Celery("openmap")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

from openmap import task_log  # noqa: E402, F401  listens to what Celery tells
