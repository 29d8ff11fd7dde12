"""Log lines: JSON for machines or columns for people, without addresses of people or secret links."""

import re
from typing import Any

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

# Whoever holds such a link may act; whoever holds a phone's endpoint may ring it; and an address tells who is treated here.
SECRETS = re.compile(
    r"""(?P<link>/(?:join|nudges/(?:stop|snooze|seen))/)[^/\s"'?]{8,}
    |(?P<push>https://(?:[\w-]+\.)*(?:googleapis\.com|mozilla\.com|push\.apple\.com|windows\.com)/)[^\s"'<>)]+
    |(?P<url>\bwith\ url:\ /)[^\s"']+
    |[\w.+%-]+@[\w-]+(?:\.[\w-]+)+""",
    re.VERBOSE,
)


def _hidden(match: re.Match[str]) -> str:
    kept = match["link"] or match["push"] or match["url"]
    return f"{kept}[hidden]" if kept else "[address hidden]"


def hide_secrets(logger: WrappedLogger, name: str, event: EventDict) -> EventDict:
    """Replace e-mail addresses, phones' endpoints and the secret part of links in every text of a log line."""
    for key, value in event.items():
        if isinstance(value, str):
            event[key] = SECRETS.sub(_hidden, value)
    return event


def logging_config(*, json: bool, level: str) -> dict[str, Any]:
    """Return the configuration for Django's LOGGING; also sets structlog up for our own loggers."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    renderer: Processor = (
        structlog.processors.JSONRenderer() if json else structlog.dev.ConsoleRenderer(colors=False, sort_keys=False)
    )
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "lines": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": shared,
                "processors": [
                    structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                    hide_secrets,
                    renderer,
                ],
            }
        },
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "lines"}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            # Django's own handlers would print a second time and mail administrators.
            "django": {"handlers": [], "level": level, "propagate": True},
            "django.server": {"handlers": [], "level": level, "propagate": True},
            # A line for each task that went well says nothing; failures are WARNING and above.
            "celery.app.trace": {"level": "WARNING"},
            "celery.worker.strategy": {"level": "WARNING"},
            "celery.worker.request": {"level": "WARNING"},
            "celery.beat": {"level": "WARNING"},
        },
    }
