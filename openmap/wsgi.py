"""The WSGI application that gunicorn serves."""

import os

from django.core.wsgi import get_wsgi_application

from openmap.logs import guard_servers

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "openmap.settings")

guard_servers()
application = get_wsgi_application()
