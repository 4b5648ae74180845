"""The Celery application: `celery -A openmap worker`."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "openmap.settings")

app = Celery("openmap")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
