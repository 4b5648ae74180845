"""Settings of the whole service, read from the environment only. docs/operations.md lists every variable."""

from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import environ
from celery.schedules import crontab
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

from core import ticks
from openmap.brokers import broker_url, is_rabbitmq, transport_options
from openmap.databases import databases
from openmap.native import bundled_library
from openmap.secrets import refuse_bad_mailboxes, refuse_weak_settings
from openmap.storages import file_storage

env = environ.Env()
BASE_DIR = Path(__file__).resolve().parent.parent

# Which kind of installation ---------------------------------------------------------------------------------
ENVIRONMENT = env.str("MISTO_ENV", default="production")
if ENVIRONMENT not in {"production", "development", "test"}:
    raise ImproperlyConfigured("MISTO_ENV is production, development or test.")
DEBUG = env.bool("MISTO_DEBUG", default=False)
SECRET_KEY = env.str("MISTO_SECRET_KEY", default="")
SECRET_KEY_FALLBACKS = env.list("MISTO_SECRET_KEY_FALLBACKS", default=[])
ALLOWED_HOSTS = [host.strip() for host in env.list("MISTO_HOSTS", default=[])]
SITE_URL = env.str("MISTO_SITE_URL", default="http://127.0.0.1:8000").rstrip("/")
DEMO = env.bool("MISTO_DEMO", default=False)
SERVICE_WORKER = env.bool("MISTO_SERVICE_WORKER", default=True)
SOURCE_URL = env.str("MISTO_SOURCE_URL", default="")
if ENVIRONMENT == "production":
    refuse_weak_settings(secret_key=SECRET_KEY, debug=DEBUG, hosts=ALLOWED_HOSTS)

# Places -----------------------------------------------------------------------------------------------------
VAR_DIR = Path(env.str("MISTO_VAR", default=str(BASE_DIR / "var")))
BACKUP_PLACE = env.str("MISTO_BACKUP_PLACE", default=str(VAR_DIR / "backups"))  # `manage.py doctor` looks there
MEDIA_ROOT = env.str("MISTO_MEDIA_ROOT", default=str(VAR_DIR / "media"))
STATIC_ROOT = env.str("MISTO_STATIC_ROOT", default=str(BASE_DIR / "build" / "static"))
STATIC_URL = "/static/"
NPM_ROOT = BASE_DIR / "node_modules"

# Applications, from the roof down ---------------------------------------------------------------------------
INSTALLED_APPS = [
    "openmap.apps.OpenmapConfig",
    "stats.apps.StatsConfig",
    "issues.apps.IssuesConfig",
    "works.apps.WorksConfig",
    "notifications.apps.NotificationsConfig",
    "routing.apps.RoutingConfig",
    "media.apps.MediaConfig",
    "accounts.apps.AccountsConfig",
    "core.apps.CoreConfig",
    "geodata.apps.GeodataConfig",
    "api.apps.ApiConfig",
    "openmap.apps.CityAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.gis",
    "django.contrib.postgres",
    "rest_framework",
    "rest_framework_gis",
    "django_filters",
    "drf_spectacular",
    "leaflet",
    "csp",
]
MIDDLEWARE = [
    "openmap.probes.Probes",
    "openmap.request_log.RequestLog",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "openmap.middleware.CompressText",
    "csp.middleware.CSPMiddleware",
    "openmap.middleware.SecurityPolicies",
    "openmap.replica.ReadsFromReplica",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "openmap.middleware.ChosenLanguage",
    "openmap.middleware.ProblemsOfTheApi",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "openmap.urls"
WSGI_APPLICATION = "openmap.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "openmap" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "django.template.context_processors.i18n",
                "openmap.context.shell",
            ],
        },
    }
]

# Geography libraries ----------------------------------------------------------------------------------------
GDAL_LIBRARY_PATH = env.str("GDAL_LIBRARY_PATH", default=bundled_library("pyogrio", "libgdal*.so*") or "") or None
GEOS_LIBRARY_PATH = env.str("GEOS_LIBRARY_PATH", default=bundled_library("shapely", "libgeos_c*.so*") or "") or None

# Database: itself, or a pooler in front of it (openmap.databases) ----------------------------------------------
DATABASES = databases(env, is_test=ENVIRONMENT == "test")
DATABASE_ROUTERS = ["geodata.replica.Router"] if "replica" in DATABASES else []
REPLICA_MAX_LAG = env.float("MISTO_REPLICA_MAX_LAG", default=5.0)  # seconds; one that is further behind is not read
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Answers to everybody that may be two seconds old, in the memory of each process. Tests never see an old one.
LOCAL, NOWHERE = "django.core.cache.backends.locmem.LocMemCache", "django.core.cache.backends.dummy.DummyCache"
CACHES: dict[str, dict[str, Any]] = {
    "default": {"BACKEND": LOCAL},
    "answers": {
        "BACKEND": LOCAL if ENVIRONMENT != "test" else NOWHERE,
        "LOCATION": "answers",
        "TIMEOUT": 2,
        "OPTIONS": {"MAX_ENTRIES": 500},
    },
    "allowances": {"BACKEND": LOCAL, "LOCATION": "allowances", "OPTIONS": {"MAX_ENTRIES": 20_000}},
}

# The broker makes things faster (openmap.brokers); nothing is kept there, and nothing else needs Redis ----------
CELERY_BROKER_URL = broker_url(env)
CELERY_BROKER_TRANSPORT_OPTIONS = transport_options(CELERY_BROKER_URL)
CELERY_BROKER_HEARTBEAT = 20  # seconds, of RabbitMQ: a worker whose line is dead makes a new one
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_PUBLISH_RETRY = is_rabbitmq(CELERY_BROKER_URL)  # beat's line to it heals by a second try only
CELERY_TASK_PUBLISH_RETRY_POLICY = {"max_retries": 1, "interval_start": 0, "interval_step": 0.1, "interval_max": 0.1}
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TIMEZONE = "UTC"
CELERY_TASK_ROUTES = {  # lanes of the outbox, each with threads of its own; and minutes of work, which nobody waits for
    "core.tasks.send_urgent": {"queue": "urgent"},
    "core.tasks.send_deliveries": {"queue": "deliveries"},
    "core.tasks.send_bulk": {"queue": "bulk"},
    "core.tasks.run_jobs": {"queue": "jobs"},
    "stats.tasks.find_clusters": {"queue": "jobs"},
    "stats.tasks.check": {"queue": "jobs"},
}
CELERY_BEAT_SCHEDULE = {
    "send what is urgent": {"task": "core.tasks.send_urgent", "schedule": 5.0, "options": {"expires": 5}},
    "send deliveries": {"task": "core.tasks.send_deliveries", "schedule": 5.0, "options": {"expires": 5}},
    "send mass mailings": {"task": "core.tasks.send_bulk", "schedule": 5.0, "options": {"expires": 5}},
    "look at ways that are down": {"task": "core.tasks.look_at_ways", "schedule": 60.0, "options": {"expires": 60}},
    **{
        f"tick of {queue}": {
            "task": ticks.TASK,
            "schedule": ticks.EVERY,
            "args": [queue],
            "options": {"queue": queue, "expires": ticks.EVERY},
        }
        for queue in ticks.QUEUES
    },
    "clean waiting photos": {"task": "media.tasks.clean_waiting", "schedule": 5.0, "options": {"expires": 5}},
    # What is not folded yet is read beside the cells: this only keeps it short.
    "fold cells": {"task": "geodata.tasks.fold_cells", "schedule": 0.5, "options": {"expires": 1}},
    "check cells": {"task": "geodata.tasks.check_cells", "schedule": crontab(hour=0, minute=30)},
    "fill statistics": {"task": "stats.tasks.fill", "schedule": 2.0, "options": {"expires": 2}},
    "check statistics": {"task": "stats.tasks.check", "schedule": crontab(hour=0, minute=50)},
    # Each community in its own minute of the night: stats.opendata.jobs.
    "export open data in turn": {"task": "stats.tasks.export_in_turn", "schedule": 120.0, "options": {"expires": 120}},
    "receive letters": {"task": "core.tasks.receive_letters", "schedule": 30.0, "options": {"expires": 30}},
    "forget letters": {"task": "core.tasks.forget_letters", "schedule": 3600.0},
    "run jobs": {"task": "core.tasks.run_jobs", "schedule": 5.0, "options": {"expires": 5}},
    "clear old files of jobs": {"task": "core.tasks.clear_old_inputs", "schedule": 3600.0},
    "forget kept answers": {"task": "accounts.tasks.forget_kept_answers", "schedule": 3600.0},
    "fold ends of tries": {"task": "core.tasks.fold_outcomes", "schedule": 600.0},
    "forget ended limits": {"task": "core.tasks.forget_ended_limits", "schedule": 600.0},
    "forget originals of redacted photos": {"task": "media.tasks.forget_originals", "schedule": 300.0},
    "drop old drafts of reports": {"task": "issues.tasks.drop_old_drafts", "schedule": 3600.0},
    "clear old rejected rows": {"task": "issues.tasks.clear_old_rejected", "schedule": 3600.0},
    "drop abandoned photo drafts": {"task": "media.tasks.drop_abandoned_drafts", "schedule": 3600.0},
    "forget addresses that get no letters": {"task": "notifications.tasks.forget", "schedule": 3600.0},
    "learn from new reports": {"task": "issues.tasks.learn_where_new", "schedule": crontab(hour=1, minute=20)},
    # Every hour: midnight comes at another hour in each time zone.
    "find clusters": {
        "task": "stats.tasks.find_clusters",
        "schedule": crontab(minute=25),
        "options": {"expires": 3600},
    },
    "read answers in folders": {
        "task": "routing.tasks.read_answers",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
    "ask other Open311 servers": {"task": "routing.tasks.pull_open311", "schedule": 5.0, "options": {"expires": 5}},
    "show registers of the day": {"task": "routing.tasks.show_registers_of_the_day", "schedule": crontab(minute=1)},
    "check rules on a new day": {"task": "routing.tasks.check_what_is_stale", "schedule": crontab(minute=5)},
}

# People -----------------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "admin:login"

# Work that a browser does before it sends a report: each more doubles it; tests do real work, but little of it.
PROOF_BITS = env.int("MISTO_PROOF_BITS", default=12 if ENVIRONMENT != "test" else 2)

# Words and time ---------------------------------------------------------------------------------------------
LANGUAGE_CODE = "uk"
LANGUAGES = [("uk", _("Ukrainian")), ("en", _("English"))]
LANGUAGE_COOKIE_NAME = "language"
LANGUAGE_COOKIE_AGE = 365 * 24 * 3600
LANGUAGE_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_SAMESITE = "Lax"
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_TZ = True
TIME_ZONE = "Europe/Kyiv"

# Letters ----------------------------------------------------------------------------------------------------
EMAIL_URL = env.str("MISTO_EMAIL_URL", default="filemail://" + quote(str(VAR_DIR / "mail")))
DEFAULT_FROM_EMAIL = env.str("MISTO_FROM_EMAIL", default="Відкрите місто <misto@localhost>")
if EMAIL_URL.startswith("filemail:"):
    EMAIL_BACKEND = "core.mail.LetterFolder"
    EMAIL_FILE_PATH = "/" + unquote(EMAIL_URL.removeprefix("filemail:")).lstrip("/")
else:
    vars().update(env.email_url_config(EMAIL_URL))
EMAIL_TIMEOUT = env.int("MISTO_EMAIL_TIMEOUT", default=20)  # seconds; the outbox lease is longer

# Letters that come back: addresses with {} for what a letter was about (core.verp), and where they arrive (core.inbox)
MAIL_DOMAIN = env.str("MISTO_MAIL_DOMAIN", default="")
REPLY_ADDRESS = env.str("MISTO_REPLY_ADDRESS", default=f"misto+{{}}@{MAIL_DOMAIN}" if MAIL_DOMAIN else "")
INBOX_URL = env.str("MISTO_INBOX_URL", default="")
refuse_bad_mailboxes(reply_address=REPLY_ADDRESS, inbox_url=INBOX_URL)

# Other servers that are asked (core.outward): besides the public internet these, "host:port", address or network
OUTWARD_ALLOWED = env.list("MISTO_OUTWARD_ALLOWED", default=[])

# Channels that are folders of this machine lie in it, each community's in its own; "": there are none
DROP_ROOT = env.str("MISTO_DROP_ROOT", default="")

# Figures for Prometheus under /metrics: for whoever shows this token; without one there is no such page
METRICS_DIR = env.str("MISTO_METRICS_DIR", default=str(VAR_DIR / "run" / "metrics"))  # of the parts of one machine
METRICS_TOKEN = env.str("MISTO_METRICS_TOKEN", default="")
METRICS_LISTEN = env.str("MISTO_METRICS_LISTEN", default="")  # "address:port" of a worker that stands alone

# Files and photos: a folder, or a bucket elsewhere (openmap.storages) ------------------------------------------
STORAGES = {
    "default": file_storage(env, folder=MEDIA_ROOT),
    "staticfiles": {
        "BACKEND": "openmap.storage.HashedStatic"
        if ENVIRONMENT != "development"
        else "django.contrib.staticfiles.storage.StaticFilesStorage",
        # collected by whoever installs, read by the account of the service: FILE_UPLOAD_PERMISSIONS is for photos
        "OPTIONS": {"file_permissions_mode": 0o644, "directory_permissions_mode": 0o755},
    },
}
STATICFILES_FINDERS = [
    "django.contrib.staticfiles.finders.FileSystemFinder",
    "django.contrib.staticfiles.finders.AppDirectoriesFinder",
    "openmap.finders.NpmFinder",
]
FILE_UPLOAD_HANDLERS = [
    "media.uploads.BoundedUpload",
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]
FILE_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FILES = 1000  # past it the form is lost; media.uploads stores the first 20 only
FILE_UPLOAD_PERMISSIONS = 0o640
KEEP_REDACTED_ORIGINALS = env.bool("MISTO_KEEP_REDACTED_ORIGINALS", default=False)  # privately; else they are deleted

# A geocoder of the operator's own, asked where our addresses end: geodata.geocoders -----------------------------
GEOCODER = env.str("MISTO_GEOCODER", default="")
GEOCODER_URL = env.str("MISTO_GEOCODER_URL", default="")
GEOCODER_TIMEOUT = env.float("MISTO_GEOCODER_TIMEOUT", default=2.0)  # seconds

# Maps: the first of these that is there is drawn; geodata.basemap_files says which -----------------------------
BASEMAP_PMTILES = env.str("MISTO_BASEMAP_PMTILES", default="")
BASEMAP_URL = env.str("MISTO_BASEMAP_URL", default="")
BASEMAP_DIR = env.str("MISTO_BASEMAP_DIR", default=str(VAR_DIR / "basemap"))
BASEMAP_ATTRIBUTION = env.str("MISTO_BASEMAP_ATTRIBUTION", default="")
LEAFLET_CONFIG = {
    "TILES": [(_("Map"), BASEMAP_URL, {"attribution": escape(BASEMAP_ATTRIBUTION)})] if BASEMAP_URL else [],
    "RESET_VIEW": False,
    "ATTRIBUTION_PREFIX": "",
}

# Open data: under which licence, by name and address -----------------------------------------------------------
DATA_LICENCE = env.str("MISTO_DATA_LICENCE", default="CC BY 4.0")
DATA_LICENCE_URL = env.str("MISTO_DATA_LICENCE_URL", default="https://creativecommons.org/licenses/by/4.0/")

# Headers ----------------------------------------------------------------------------------------------------
HTTPS = SITE_URL.startswith("https://")
BASEMAP_ORIGIN = "/".join(BASEMAP_URL.split("/", 3)[:3]).replace("{s}", "*") if "://" in BASEMAP_URL else ""
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:", "blob:", *filter(None, [BASEMAP_ORIGIN])],
        "font-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "worker-src": [SELF],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "object-src": [NONE],
    }
}
# django-leaflet writes its map widget as an inline script: allowed for signed-in staff under /admin/, nowhere else
# (openmap.middleware). The page where they sign in has the strict policy.
ADMIN_SECURITY_POLICY = CONTENT_SECURITY_POLICY["DIRECTIVES"] | {
    "script-src": [SELF, "'unsafe-inline'"],
    "style-src": [SELF, "'unsafe-inline'"],
}
PERMISSIONS_POLICY = "geolocation=(self), camera=(self), microphone=(), payment=(), usb=(), interest-cohort=()"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_SSL_REDIRECT = HTTPS
BEHIND_PROXY = env.bool("MISTO_BEHIND_PROXY", default=False)
TRUSTED_PROXIES = env.int("MISTO_PROXIES", default=int(BEHIND_PROXY))  # so many write X-Forwarded-For before us
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_PROXY else None
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_HSTS_PRELOAD = HTTPS
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = HTTPS
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_ENGINE = "openmap.sessions"
X_FRAME_OPTIONS = "DENY"
CSRF_FAILURE_VIEW = "openmap.views.csrf_failure"
CSRF_TRUSTED_ORIGINS = [SITE_URL]

# API: views say who may; what says nothing is for nobody. openmap.api assembles it ----------------------------------
REST_FRAMEWORK = {
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAdminUser"],
    "DEFAULT_AUTHENTICATION_CLASSES": ["accounts.api.ByKey"],  # no sessions: nothing to forge
    "DEFAULT_THROTTLE_CLASSES": ["accounts.api.Allowed"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["api.parsers.Json"],
    "DEFAULT_SCHEMA_CLASS": "api.schema.Described",
    "EXCEPTION_HANDLER": "api.problems.problem_of",
    "URL_FORMAT_OVERRIDE": None,
    "DEFAULT_METADATA_CLASS": None,  # what OPTIONS would tell stands in the contract
    "UNAUTHENTICATED_USER": None,
}
API_READS_PER_MINUTE = env.int("MISTO_API_READS", default=600)  # of one network without a key, in each process
SPECTACULAR_SETTINGS = {
    "TITLE": _("Open City: the public API"),
    "VERSION": "1.0.0",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "SERVE_INCLUDE_SCHEMA": False,
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "ENUM_NAME_OVERRIDES": {
        "State": "issues.states.State",
        "WebhookState": "notifications.models.Webhook.State",
        "WebhookMessageState": ["waiting", "sent", "failed"],
        "StateGroup": "issues.states.Group",
        "PhotoState": "media.models.Photo.State",
        "AnswerDo": "routing.models.Answer.Do",
        "AuthorDo": ["confirm", "reopen", "withdraw", "reply", "hide_name"],
        "LettersDo": ["write", "ask", "stop"],
        "GisFeatureEnum": ["Feature"],
        "GisFeatureCollectionEnum": ["FeatureCollection"],
    },
    "PREPROCESSING_HOOKS": ["api.schema.only_the_api"],
    "POSTPROCESSING_HOOKS": ["drf_spectacular.hooks.postprocess_schema_enums", "api.schema.with_problems"],
}

# Logs: nothing a person wrote or gave goes here; openmap.logs sees to it -------------------------------------
LOG_FORMAT = env.str("MISTO_LOG_FORMAT", default="json" if ENVIRONMENT == "production" else "text")
if LOG_FORMAT not in {"json", "text"}:
    raise ImproperlyConfigured("MISTO_LOG_FORMAT is json or text.")
QUIET = {"level": "WARNING"}  # what they tell below it is told better by openmap, or holds parameters
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"lines": {"()": "openmap.logs.formatter", "kind": LOG_FORMAT}},
    "filters": {"secrets": {"()": "openmap.logs.Clean"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "lines", "filters": ["secrets"]}},
    "loggers": {  # Django gives these handlers of their own, which mask nothing
        "django": {"handlers": [], "propagate": True},
        "django.server": {"handlers": ["console"], "level": "INFO", "propagate": False},
        **dict.fromkeys(
            (
                *("django.db", "django.template", "celery.app.trace", "celery.worker.strategy", "celery.beat"),
                *("kombu", "amqp", "urllib3", "paramiko", "botocore", "boto3", "s3transfer", "PIL"),
            ),
            QUIET,
        ),
    },
    "root": {"handlers": ["console"], "level": env.str("MISTO_LOG_LEVEL", default="INFO")},
}
LEAVE_SECONDS = env.float("MISTO_LEAVE_SECONDS", default=0.0)  # openmap.gunicorn_conf
SILENCED_SYSTEM_CHECKS: list[str] = []
