"""Every setting of Steadyback, read from the environment (all variables: .env.example).

`STEADYBACK_MODE=production` is what an empty environment means: nothing is guessed, and a missing or bad
variable stops the start. `STEADYBACK_MODE=embedded` runs the same code on one machine with what is in `var/`:
SQLite, a broker made of files, and mail as files.
"""

import os
import re
import secrets
from email.utils import parseaddr
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import environ
from csp.constants import NONE, SELF
from django.utils.translation import gettext_lazy as _
from kombu import Exchange, Queue

from rehab.lib.environment import (
    SECRET_KEY_LENGTH,
    Environment,
    generated_secret,
    push_key,
    server_address,
    web_origin,
)
from rehab.lib.logs import logging_config
from rehab.lib.mail_url import PROVIDERS, WEBHOOK_LOGIN_EXPECTED, Provider, is_webhook_login, mail_provider

BASE_DIR = Path(__file__).resolve().parent.parent
METRICS_TOKEN_LENGTH = 20
HINT = "Every variable is described in .env.example; to try it on this machine: make run (STEADYBACK_MODE=embedded)."

_env = Environment(file=Path(os.environ.get("STEADYBACK_ENV_FILE", BASE_DIR / ".env")))
MODE = _env.choice("STEADYBACK_MODE", options=("production", "embedded"), default="production")
EMBEDDED = MODE == "embedded"
DEMO = _env.flag("DEMO")
DEBUG = _env.flag("DEBUG")
if DEMO and not EMBEDDED:
    _env.wrong("DEMO", "signs anybody in with one tap; only possible with STEADYBACK_MODE=embedded")
    DEMO = False
if DEBUG and not EMBEDDED:
    _env.wrong("DEBUG", "shows source and settings to visitors; only possible with STEADYBACK_MODE=embedded")
    DEBUG = False


def _embedded(value: str) -> str | None:
    return value if EMBEDDED else None


VAR_DIR = Path(
    _env.text("STEADYBACK_VAR", expected="the folder for data that is not code", default=str(BASE_DIR / "var"))
).absolute()
if EMBEDDED:
    try:
        VAR_DIR.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        _env.wrong("STEADYBACK_VAR", f"expected a folder that can be made or is there ({error.strerror})")
        _env.stop_if_wrong(hint=HINT)  # all that follows reads and writes there

# --- Who and where ---------------------------------------------------------------------------------------------

SECRET_KEY = (
    generated_secret(VAR_DIR / "secret_key")
    if EMBEDDED and not _env.given("SECRET_KEY")
    else _env.text("SECRET_KEY", expected=f"at least {SECRET_KEY_LENGTH} random characters")
)
if SECRET_KEY and (
    len(SECRET_KEY) < SECRET_KEY_LENGTH
    or len(set(SECRET_KEY)) < 10
    or SECRET_KEY.lower().startswith(("django-insecure", "changeme", "change-me", "secret"))
):
    _env.wrong("SECRET_KEY", f"expected at least {SECRET_KEY_LENGTH} random characters, and not an example")

PORT = _env.number("PORT", default=8000, least=1, most=65535)
BASE_URL = _env.address(
    "BASE_URL",
    schemes=("http", "https") if EMBEDDED else ("https",),
    example="https://rehab.example.org",
    parse=web_origin,
    default=_embedded(f"http://127.0.0.1:{PORT}"),
)
ALLOWED_HOSTS = [
    host.strip()
    for host in _env.text(
        "ALLOWED_HOSTS",
        expected="host names separated by commas, such as rehab.example.org",
        default=_embedded("127.0.0.1,localhost,[::1]"),
    ).split(",")
    if host.strip()
]
if _env.given("ALLOWED_HOSTS") and not ALLOWED_HOSTS:
    _env.wrong("ALLOWED_HOSTS", "expected at least one host name; with none every visitor would be refused")
if any("*" in host or "/" in host for host in ALLOWED_HOSTS):
    _env.wrong("ALLOWED_HOSTS", "expected plain host names separated by commas; * would let any host in")
CSRF_TRUSTED_ORIGINS = [BASE_URL] if BASE_URL else []

# --- Database --------------------------------------------------------------------------------------------------

SQLITE_OPTIONS: dict[str, Any] = {
    # Write transactions take the lock when they begin: with the default they fail half-way under two writers.
    "transaction_mode": "IMMEDIATE",
    "timeout": 20,
    # FULL: what an owner was told is saved survives a power cut.
    "init_command": (
        "PRAGMA journal_mode=WAL;PRAGMA synchronous=FULL;PRAGMA foreign_keys=ON;"
        "PRAGMA busy_timeout=20000;PRAGMA journal_size_limit=67108864;"
    ),
}
DATABASE_STATEMENT_SECONDS = _env.number("DATABASE_STATEMENT_SECONDS", default=15, least=0, most=86_400)


def _database(url: str) -> dict[str, Any]:
    config: dict[str, Any] = environ.Env.db_url_config(url)  # type: ignore[no-untyped-call]
    if not config.get("NAME") or config["NAME"] == ":memory:":
        raise ValueError(url)
    config["CONN_MAX_AGE"] = None
    if config["ENGINE"].endswith("sqlite3"):
        config["OPTIONS"] = dict(SQLITE_OPTIONS)
        return config
    # A persistent connection per thread costs the same as a pool, and needs no second set of limits;
    # the health check turns a restarted server into a reconnect.
    config["CONN_HEALTH_CHECKS"] = True
    config["OPTIONS"] = {
        "connect_timeout": 5,
        **config.get("OPTIONS", {}),
        "options": (
            f"-c statement_timeout={DATABASE_STATEMENT_SECONDS * 1000} -c lock_timeout=5000"
            # Every statement of a page touches few rows: compiling one takes longer than running it.
            " -c idle_in_transaction_session_timeout=60000 -c jit=off"
        ),
    }
    return config


# No ATOMIC_REQUESTS: with IMMEDIATE every page view would take the write lock, and a refused request would
# roll back the counters that refuse it. Actions open their own transactions.
DATABASES = {
    "default": _env.address(
        "DATABASE_URL",
        schemes=("postgres", "postgresql", "sqlite"),
        example="postgres://user:password@host:5432/steadyback",
        parse=_database,
        default=_embedded(f"sqlite:///{VAR_DIR / 'steadyback.sqlite3'}"),
    )
    or {}
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"


def _cache(url: str) -> dict[str, Any]:
    server_address(url)
    return {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": url,
        # Without them a Redis that never answers holds each request, and the look whether it answers, for ever.
        "OPTIONS": {"socket_connect_timeout": 2, "socket_timeout": 2},
    }


# Rate limits count here. So it must be shared by all processes (in memory each would count for itself), lie
# outside the database's transactions (a refused request rolls back), and be too large to be flooded.
# Files serve one machine; several web machines need Redis.
CACHES = {
    "default": (
        _env.address("CACHE_URL", schemes=("redis", "rediss"), example="redis://host:6379/1", parse=_cache) or {}
        if _env.given("CACHE_URL")
        else {
            "BACKEND": "django.core.cache.backends.filebased.FileBasedCache",
            "LOCATION": VAR_DIR / "cache",
            "OPTIONS": {"MAX_ENTRIES": 100_000},
        }
    )
}

# --- Apps, middleware, templates -------------------------------------------------------------------------------

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.forms",
    "allauth",
    "allauth.account",
    "rest_framework",
    "accounts",
    "rehab",
    "rehab.library",
    "rehab.patients",
    "rehab.programs",
    "rehab.sessions",
    "rehab.guidance",
    "rehab.nudges",
]

MIDDLEWARE = [
    "rehab.ops.middleware.AskedByAddress",
    "django.middleware.security.SecurityMiddleware",
    "rehab.lib.middleware.AnswerHeaders",
    "csp.middleware.CSPMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    # Below the headers: a drawing that is opened by itself is a page too.
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "rehab.lib.middleware.LoginRequired",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
]

ROOT_URLCONF = "rehab.urls"
WSGI_APPLICATION = "rehab.wsgi.application"

_TEMPLATE_LOADERS = [
    "django.template.loaders.filesystem.Loader",
    "django.template.loaders.app_directories.Loader",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "accounts.context.site",
            ],
            # Parsed once per process; while developing, at each request, because gunicorn does not reload.
            "loaders": (_TEMPLATE_LOADERS if DEBUG else [("django.template.loaders.cached.Loader", _TEMPLATE_LOADERS)]),
        },
    }
]
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"

STATIC_URL = "/static/"
WHITENOISE_ALLOW_ALL_ORIGINS = False
STATIC_ROOT = VAR_DIR / "static-root"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "rehab.lib.static_files.HashedFiles"},
}

# --- Language and time -----------------------------------------------------------------------------------------

LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("es", _("Spanish"))]
LOCALE_PATHS = [BASE_DIR / "rehab" / "locale"]
FORMAT_MODULE_PATH = "rehab.formats"
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

# --- Sign-in ---------------------------------------------------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["accounts.backends.AuthenticationBackend"]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_ADAPTER = "accounts.adapter.AccountAdapter"
ACCOUNT_FORMS = {
    "request_login_code": "accounts.forms.AskForCodeForm",
    "confirm_login_code": "accounts.forms.CodeForm",
}
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*"]
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = True
ACCOUNT_LOGIN_BY_CODE_ENABLED = True
ACCOUNT_LOGIN_BY_CODE_MAX_ATTEMPTS = 3
ACCOUNT_LOGIN_BY_CODE_TIMEOUT = 600  # the default of three minutes is short where mail is slow
ACCOUNT_LOGIN_BY_CODE_SUPPORTS_RESEND = True
ACCOUNT_PREVENT_ENUMERATION = True
# An unknown address gets a mail too: without one, the time of the answer would tell which addresses are known.
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = True
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_RATE_LIMITS = {
    "request_login_code": "20/m/ip,3/m/key,10/h/key,30/d/key",
    # Each is a mail to an address that a family types; the clinic's own people are not counted.
    "invite": "10/h/user",
    "check_login_code": f"{ACCOUNT_LOGIN_BY_CODE_MAX_ATTEMPTS}/{ACCOUNT_LOGIN_BY_CODE_TIMEOUT}s/key",
}
# How many proxies of our own stand before gunicorn; without it all visitors would share one address and its limits.
ALLAUTH_TRUSTED_PROXY_COUNT = _env.number("TRUSTED_PROXY_COUNT", default=0 if EMBEDDED else 1, least=0, most=5)

SESSION_ENGINE = "accounts.sessions"
SESSION_COOKIE_AGE = 60 * 60 * 24 * 60
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"

# --- The browser's side ----------------------------------------------------------------------------------------

_HTTPS = bool(BASE_URL) and urlsplit(str(BASE_URL)).scheme == "https"
SECURE_SSL_REDIRECT = _HTTPS
SECURE_HSTS_SECONDS = 31_536_000 if _HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = _HTTPS
SECURE_HSTS_PRELOAD = _HTTPS
# Who asks for these is a load balancer inside, not a browser: without TLS, and by an address instead of a name.
SECURE_REDIRECT_EXEMPT = [r"^health/", r"^metrics/"]
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_CONTENT_TYPE_NOSNIFF = True
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _HTTPS
if _HTTPS:
    SESSION_COOKIE_NAME = "__Host-sessionid"
    CSRF_COOKIE_NAME = "__Host-csrftoken"
    if ALLAUTH_TRUSTED_PROXY_COUNT:
        SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

# No inline script or style anywhere, so no nonce that a stored page could replay.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "blob:"],
        "media-src": [SELF, "blob:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "worker-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
        "object-src": [NONE],
    }
}

DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
# A protocol of eight phases is one form; a field of it is a few bytes, and their sum is limited above.
DATA_UPLOAD_MAX_NUMBER_FIELDS = 1500

# Uploads and what is made of them: outside the static files and without an address, so that only a view gives them out.
MEDIA_ROOT = VAR_DIR / "media"
FILE_UPLOAD_HANDLERS = [
    "rehab.library.uploads.HardStop",
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]
FILE_UPLOAD_PERMISSIONS = 0o600
FILE_UPLOAD_DIRECTORY_PERMISSIONS = 0o700

REST_FRAMEWORK = {
    # LoginRequiredMiddleware does not cover the API's views.
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework.authentication.SessionAuthentication"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": None,
}

# --- Mail ------------------------------------------------------------------------------------------------------

DEFAULT_FROM_EMAIL = _env.text(
    "DEFAULT_FROM_EMAIL",
    expected="the sender of all mail, such as Steadyback <rehab@example.org>",
    default=_embedded("Steadyback <steadyback@localhost>"),
)
if DEFAULT_FROM_EMAIL and "@" not in DEFAULT_FROM_EMAIL:
    _env.wrong("DEFAULT_FROM_EMAIL", "expected an e-mail address, with or without a name before it")
SERVER_EMAIL = DEFAULT_FROM_EMAIL
# Where somebody reads the mails that mail programs send to have no more of ours; without one they only post the link.
UNSUBSCRIBE_ADDRESS = _env.text("UNSUBSCRIBE_ADDRESS", expected="an e-mail address", default="")
if UNSUBSCRIBE_ADDRESS and (UNSUBSCRIBE_ADDRESS.count("@") != 1 or set(UNSUBSCRIBE_ADDRESS) & set(" <>,?&")):
    _env.wrong("UNSUBSCRIBE_ADDRESS", "expected a bare e-mail address")
EMAIL_TIMEOUT = 10  # without it a mail server that never answers holds a worker for ever
MAIL_PROVIDER = ""
ANYMAIL: dict[str, Any] = {}
if EMBEDDED and not _env.given("EMAIL_URL"):
    EMAIL_BACKEND = "rehab.lib.eml.EmailBackend"
    EMAIL_FILE_PATH = str(VAR_DIR / "mail")
else:

    def _mail(url: str) -> Provider | dict[str, Any]:
        if urlsplit(url).scheme in PROVIDERS:
            return mail_provider(url)
        server_address(url)
        config: dict[str, Any] = environ.Env.email_url_config(url)  # type: ignore[no-untyped-call]
        return config

    _mail_settings = (
        _env.address(
            "EMAIL_URL",
            schemes=("smtp", "smtp+tls", "smtp+ssl", *PROVIDERS),
            example="smtp+tls://user:password@host:587 or resend://KEY@ (.env.example describes each provider)",
            parse=_mail,
        )
        or {}
    )
    if isinstance(_mail_settings, Provider):
        MAIL_PROVIDER = _mail_settings.name
        EMAIL_BACKEND = _mail_settings.backend
        # The provider reports bounces and complaints; without a secret anybody could report what they like.
        _webhook_login = _env.text("EMAIL_WEBHOOK_SECRET", expected=WEBHOOK_LOGIN_EXPECTED)
        if _webhook_login and not is_webhook_login(_webhook_login):
            _env.wrong("EMAIL_WEBHOOK_SECRET", f"expected {WEBHOOK_LOGIN_EXPECTED}")
        ANYMAIL = {
            **_mail_settings.anymail,
            "REQUESTS_TIMEOUT": EMAIL_TIMEOUT,
            "WEBHOOK_SECRET": _webhook_login,
        }
    else:
        EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        EMAIL_HOST = _mail_settings.get("EMAIL_HOST") or ""
        EMAIL_PORT = _mail_settings.get("EMAIL_PORT") or 25
        EMAIL_HOST_USER = _mail_settings.get("EMAIL_HOST_USER") or ""
        EMAIL_HOST_PASSWORD = _mail_settings.get("EMAIL_HOST_PASSWORD") or ""
        EMAIL_USE_TLS = bool(_mail_settings.get("EMAIL_USE_TLS"))
        EMAIL_USE_SSL = bool(_mail_settings.get("EMAIL_USE_SSL"))

# --- Messages on phones ----------------------------------------------------------------------------------------

# Signs what goes to the push services of browsers (VAPID). Who has subscribed is bound to it: another key loses everybody.
# Without one, in production, nothing goes to phones.
VAPID_PRIVATE_KEY = (
    generated_secret(VAR_DIR / "vapid_key", make=lambda: secrets.token_urlsafe(32))
    if EMBEDDED and not _env.given("VAPID_PRIVATE_KEY")
    else _env.text("VAPID_PRIVATE_KEY", expected="32 random bytes in base64url", default="")
)
try:
    VAPID_PRIVATE_KEY = push_key(VAPID_PRIVATE_KEY) if VAPID_PRIVATE_KEY else ""
except ValueError:
    _env.wrong("VAPID_PRIVATE_KEY", "expected 32 random bytes in base64url")
# Whom a push service writes to about us; some refuse a sender without a real address.
VAPID_SUBJECT = _env.text(
    "VAPID_SUBJECT",
    expected="mailto: and an e-mail address, or an address that begins with https://",
    default=f"mailto:{parseaddr(DEFAULT_FROM_EMAIL)[1]}",
)
if _env.given("VAPID_SUBJECT") and not re.fullmatch(r"mailto:[^@\s]+@[\w-]+(\.[\w-]+)+|https://[\w.-]+", VAPID_SUBJECT):
    _env.wrong("VAPID_SUBJECT", "expected mailto: and an e-mail address, or https:// and a host")
# One more push service than those of the browsers, on this machine, for tests.
PUSH_TEST_ORIGIN = ""
if _env.given("PUSH_TEST_ORIGIN") and not EMBEDDED:
    _env.wrong("PUSH_TEST_ORIGIN", "is for tests on one machine; only possible with STEADYBACK_MODE=embedded")
elif _env.given("PUSH_TEST_ORIGIN"):
    PUSH_TEST_ORIGIN = (
        _env.address("PUSH_TEST_ORIGIN", schemes=("http",), example="http://127.0.0.1:8950", parse=web_origin) or ""
    )

# --- Worker and beat -------------------------------------------------------------------------------------------

CELERY_BROKER_URL = _env.address(
    "CELERY_BROKER_URL",
    schemes=("redis", "rediss", "amqp", "amqps", *(("embedded",) if EMBEDDED else ())),
    example="redis://host:6379/0 or amqp://user:password@host:5672/name",
    parse=server_address,
    default=_embedded("embedded://localhost"),
)
_broker = urlsplit(CELERY_BROKER_URL or "").scheme
# Two installations, or a test run, may share a broker: every name they use begins with this.
CELERY_QUEUE_PREFIX = _env.text("CELERY_QUEUE_PREFIX", expected="a short name", default="steadyback")
if not CELERY_QUEUE_PREFIX.replace("-", "").replace("_", "").isalnum():
    _env.wrong("CELERY_QUEUE_PREFIX", "expected letters, digits, - and _")
if _broker == "embedded":
    CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, Any] = {
        "data_folder_in": str(VAR_DIR / "queue"),
        "data_folder_out": str(VAR_DIR / "queue"),
        "control_folder": str(VAR_DIR / "queue" / "exchanges"),
        "processed_folder": str(VAR_DIR / "queue" / "taken"),
        "polling_interval": 0.2,
    }
elif _broker in ("redis", "rediss"):
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "global_keyprefix": f"{CELERY_QUEUE_PREFIX}:",
        "visibility_timeout": 900,
        "unacked_restore_interval": 10,
        "unacked_restore_throttle": 1,
        "socket_timeout": 30,
        "socket_connect_timeout": 5,
        "socket_keepalive": True,
    }
else:
    CELERY_BROKER_TRANSPORT_OPTIONS = {"confirm_publish": True}

_exchange = Exchange(CELERY_QUEUE_PREFIX, type="direct")
CELERY_TASK_QUEUES = [
    Queue(name, _exchange, routing_key=name)
    for name in (f"{CELERY_QUEUE_PREFIX}-{part}" for part in ("default", "nudges"))
]
CELERY_TASK_DEFAULT_QUEUE = f"{CELERY_QUEUE_PREFIX}-default"
CELERY_TASK_DEFAULT_EXCHANGE = CELERY_QUEUE_PREFIX
CELERY_TASK_DEFAULT_ROUTING_KEY = CELERY_TASK_DEFAULT_QUEUE
# Mail servers can be slow: what waits for them must not hold up the rest.
CELERY_TASK_ROUTES = {
    task: {"queue": f"{CELERY_QUEUE_PREFIX}-nudges", "routing_key": f"{CELERY_QUEUE_PREFIX}-nudges"}
    for task in ("rehab.nudges.tasks.deliver*", "rehab.guidance.tasks.attend_alerts")
}
# A message is only a hint to look at rows, which have a lease of their own: early acknowledgement loses nothing.
CELERY_TASK_ACKS_LATE = False
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SOFT_TIME_LIMIT = 240
CELERY_TASK_TIME_LIMIT = 300
CELERY_TASK_PUBLISH_RETRY_POLICY = {
    "max_retries": 3,
    "interval_start": 0,
    "interval_step": 0.2,
    "interval_max": 1,
}
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 20
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_SEND_TASK_EVENTS = False
CELERY_WORKER_ENABLE_REMOTE_CONTROL = False  # nobody asks workers; rows tell what was done and when
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULE_FILENAME = str(VAR_DIR / "beat-schedule")
NUDGE_TICK_SECONDS = _env.number("NUDGE_TICK_SECONDS", default=60, least=1, most=3600)
# How long a worker has a row to itself; longer than a batch can take with each answer as slow as EMAIL_TIMEOUT allows.
NUDGE_LEASE_SECONDS = _env.number("NUDGE_LEASE_SECONDS", default=300, least=2, most=3600)
# Over how many seconds the reminders of one minute are spread, and how many in a hundred are withheld to measure.
NUDGE_SPREAD_SECONDS = _env.number("NUDGE_SPREAD_SECONDS", default=600, least=0, most=1800)
NUDGE_WITHHELD_PERCENT = _env.number("NUDGE_WITHHELD_PERCENT", default=20, least=0, most=50)
SUMMARY_REFRESH_SECONDS = _env.number("SUMMARY_REFRESH_SECONDS", default=15, least=1, most=3600)
CELERY_BEAT_SCHEDULE = {
    # A tick that waited longer than its interval is stale: the next one does its work.
    "nudges": {
        "task": "rehab.nudges.tasks.tick",
        "schedule": NUDGE_TICK_SECONDS,
        "options": {"expires": NUDGE_TICK_SECONDS},
    },
    # Once an hour: at each hour it is night somewhere, and the reminders of the people there may be moved.
    "nudges-habits": {
        "task": "rehab.nudges.tasks.learn_habits",
        "schedule": 3600,
        "options": {"expires": 3600},
    },
    "nudges-effect": {"task": "rehab.nudges.tasks.measure", "schedule": 3600, "options": {"expires": 3600}},
    # A photo or clip that was just chosen is seen soon; with nothing to do this is one look at an index.
    "media": {"task": "rehab.library.tasks.prepare_media", "schedule": 5, "options": {"expires": 5}},
    "clips": {"task": "rehab.sessions.tasks.forget_unfinished_clips", "schedule": 3600, "options": {"expires": 3600}},
    "summaries": {
        "task": "rehab.guidance.tasks.refresh_summaries",
        "schedule": SUMMARY_REFRESH_SECONDS,
        "options": {"expires": SUMMARY_REFRESH_SECONDS},
    },
}

# --- Health and figures ----------------------------------------------------------------------------------------

METRICS_TOKEN = _env.text("METRICS_TOKEN", expected=f"at least {METRICS_TOKEN_LENGTH} random characters", default="")
if METRICS_TOKEN and len(METRICS_TOKEN) < METRICS_TOKEN_LENGTH:
    _env.wrong("METRICS_TOKEN", f"expected at least {METRICS_TOKEN_LENGTH} random characters")

# --- Log lines -------------------------------------------------------------------------------------------------

LOG_LEVEL = _env.choice("LOG_LEVEL", options=("DEBUG", "INFO", "WARNING", "ERROR"), default="INFO")
LOGGING = logging_config(json=not EMBEDDED, level=LOG_LEVEL)

_env.stop_if_wrong(hint=HINT)
