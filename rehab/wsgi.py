"""The web application as gunicorn starts it."""

import os

from django.core.wsgi import get_wsgi_application

from rehab.lib.charsets import utf_8_only

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "rehab.settings")
application = utf_8_only(get_wsgi_application())
