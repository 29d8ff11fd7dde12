"""The Celery application of worker and beat."""

import os
from logging.config import dictConfig
from typing import Any

from celery import Celery
from celery.signals import setup_logging
from django.conf import settings

from rehab.lib import fsbroker

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "rehab.settings")
fsbroker.register()

app = Celery("rehab")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@setup_logging.connect(weak=False)
def log_like_the_web(**kwargs: Any) -> None:
    """Worker and beat write the same lines as the web process."""
    dictConfig(settings.LOGGING)
