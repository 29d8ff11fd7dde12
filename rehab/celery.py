"""The Celery application of worker and beat."""

import os
from logging.config import dictConfig
from typing import Any

from celery import Celery
from celery.signals import setup_logging, worker_init
from django.conf import settings
from django.urls import get_resolver

from rehab.lib import fsbroker
from rehab.library import reading

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "rehab.settings")
fsbroker.register()

app = Celery("rehab")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@setup_logging.connect(weak=False)
def log_like_the_web(**kwargs: Any) -> None:
    """Worker and beat write the same lines as the web process."""
    dictConfig(settings.LOGGING)


@worker_init.connect(weak=False)
def read_once_for_all(**kwargs: Any) -> None:
    """Read what every task needs before the pool's processes are forked: each would take seconds and memory for it."""
    _ = get_resolver().url_patterns
    for name in reading.FILES:
        reading.read(name)
