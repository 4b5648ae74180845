"""The WSGI application that gunicorn serves."""

import gc
import os

from django.core.wsgi import get_wsgi_application

from openmap.logs import guard_servers
from openmap.requests import InUtf8

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "openmap.settings")

guard_servers()
application = InUtf8(get_wsgi_application())
# What is loaded stays: the collector need not walk through it in every process, and its memory stays shared.
gc.collect()
gc.freeze()
