"""The WSGI application that gunicorn serves."""

import os

from django.core.wsgi import get_wsgi_application

from openmap.logs import guard_servers
from openmap.requests import InUtf8

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "openmap.settings")

guard_servers()
application = InUtf8(get_wsgi_application())
