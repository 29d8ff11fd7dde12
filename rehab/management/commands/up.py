"""`manage.py up`: web, worker and beat on this machine, as one program."""

import os
import sys
import urllib.error
import urllib.request
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from rehab.lib.supervisor import Program, Supervisor, port_is_free

# Celery fills the screen with this where somebody tries things out in a container, as root; deploy/ has a user for it.
AS_ROOT = "ignore:You're running the worker with superuser privileges"


class Command(BaseCommand):
    help = "Run web, worker and beat together until Ctrl-C; what ends by itself is started again."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--web-processes", type=int, default=1, help="gunicorn processes, of 8 threads each")
        parser.add_argument("--worker-processes", type=int, default=2, help="tasks that run at the same time")

    def handle(self, *args: Any, **options: Any) -> None:
        port = settings.PORT
        if not port_is_free(port):
            raise CommandError(
                f"Port {port} is in use: another program, or another Steadyback, listens there. "
                f"Stop it, or choose another port: PORT={port + 1} make run"
            )
        supervisor = Supervisor(
            programs(
                port=port,
                web_processes=options["web_processes"],
                worker_processes=options["worker_processes"],
            ),
            environment={**os.environ, "PYTHONUNBUFFERED": "1", "PYTHONWARNINGS": AS_ROOT},
            say=self._say,
        )
        self._say("Starting web, worker and beat …")
        code = supervisor.run(is_ready=lambda: answers(port), when_ready=self._announce)
        self._say("Stopped." if code == 0 else "Stopped, but not cleanly: see the lines above.")
        sys.exit(code)

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()

    def _announce(self) -> None:
        lines = ["", f"Steadyback is running: {settings.BASE_URL}/"]
        if settings.DEMO:
            lines.append(f"Sign in with one tap:  {settings.BASE_URL}/demo/  (vet, therapist, owner, caregiver, admin)")
        if settings.EMAIL_BACKEND == "rehab.lib.eml.EmailBackend":
            lines.append(f"Mail it sends:         {settings.EMAIL_FILE_PATH}")
        lines += ["Ctrl-C stops everything; the data stays.", ""]
        for line in lines:
            self._say(line)


def programs(*, port: int, web_processes: int, worker_processes: int) -> list[Program]:
    """Return the three programs of one installation, as they run in production too."""
    python = sys.executable
    celery = [python, "-m", "celery", "--quiet", "--app", "rehab"]
    return [
        Program(
            name="web",
            argv=[
                *(python, "-m", "gunicorn", "rehab.wsgi:application"),
                *("--bind", f"127.0.0.1:{port}"),
                *("--worker-class", "gthread", "--workers", str(web_processes), "--threads", "8"),
                *("--graceful-timeout", "15", "--log-level", "warning", "--no-control-socket"),
            ],
        ),
        Program(
            name="worker",
            argv=[
                *(*celery, "worker", "--concurrency", str(worker_processes), "--loglevel", "INFO"),
                *("--without-gossip", "--without-mingle", "--without-heartbeat"),
            ],
        ),
        Program(name="beat", argv=[*celery, "beat", "--pidfile", "", "--loglevel", "INFO"]),
    ]


def answers(port: int) -> bool:
    """Return whether the web process answers at all; any status will do."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=2):
            return True
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
