"""One settings file; everything that differs between places comes from the environment.

`.env.example` lists every variable. The defaults are the embedded profile: SQLite, a folder,
Celery's filesystem broker, and secrets made on first use in `MAM_VAR`.
"""

from datetime import timedelta
from pathlib import Path
from typing import Any

import dj_database_url
from environs import Env

from common.logs import logging_config
from config import keys

BASE_DIR = Path(__file__).resolve().parent.parent

env = Env()
env.read_env(BASE_DIR / ".env", recurse=False)

VAR = Path(env.str("MAM_VAR", str(BASE_DIR / "var")))
keys.make_private(VAR)

DEBUG = env.bool("MAM_DEBUG", False)
SECRET_KEY = env.str("MAM_SECRET_KEY", "") or keys.load_or_make(VAR / "secret.key")
# Newest first; older keys stay to read what they wrote. See consent/vault.py.
IDENTITY_KEYS = env.list("MAM_IDENTITY_KEYS", []) or [keys.load_or_make(VAR / "identity.key")]
SLIP_KEY = env.str("MAM_SLIP_KEY", "") or keys.load_or_make(VAR / "slip.key")
AUDIT_KEY = env.str("MAM_AUDIT_KEY", "") or keys.load_or_make(VAR / "audit.key")
ALLOWED_HOSTS = env.list("MAM_ALLOWED_HOSTS", ["localhost", "127.0.0.1", "[::1]"])
CSRF_FAILURE_VIEW = "common.errors.csrf_failure"
CSRF_TRUSTED_ORIGINS: list[str] = env.list("MAM_CSRF_TRUSTED_ORIGINS", [])
HTTPS = env.bool("MAM_HTTPS", False)
# Whose X-Forwarded-For is believed; see config/asgi.py. Limits on guessing go by address.
TRUSTED_PROXIES: list[str] = env.list("MAM_TRUSTED_PROXIES", [])
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_AGE = 12 * 60 * 60
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if HTTPS else 0
# Nothing leaves the house. Not "no-referrer": with it browsers send forms with `Origin: null`,
# which the CSRF check refuses.
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "knox",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "common",
    "audit",
    "accounts",
    "uploads",
    "consent",
    "stories",
    "transcode",
    "moderation",
    "screenings",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.gzip.GZipMiddleware",
    # Below what serves static files, above whatever else may answer.
    "common.headers.PrivateByDefaultMiddleware",
    "common.logs.RequestLogMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "accounts.middleware.PreferredLanguageMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "common.headers.ContentSecurityPolicyMiddleware",
    "common.characters.NulMiddleware",
    "common.errors.ProblemMiddleware",
]

ROOT_URLCONF = "config.urls"
ASGI_APPLICATION = "config.asgi.application"
APPEND_SLASH = False

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "accounts.context.memberships",
                "common.context.service",
            ]
        },
    }
]


def _database(url: str) -> dict[str, Any]:
    database: dict[str, Any] = dict(dj_database_url.parse(url))
    if database["ENGINE"] == "django.db.backends.sqlite3":
        # IMMEDIATE: three busy processes with DEFERRED failed 17 % of their transactions with
        # "database is locked", with IMMEDIATE none. FULL: an acknowledged row survives power loss.
        database["OPTIONS"] = {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
        }
    return database


DATABASES = {"default": _database(env.str("MAM_DATABASE_URL", f"sqlite:///{VAR / 'db.sqlite3'}"))}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

STORE_ROOT = Path(env.str("MAM_STORE", str(VAR / "store")))
SCRATCH_ROOT = Path(env.str("MAM_SCRATCH", str(VAR / "scratch")))
STORAGES = {
    "private": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": STORE_ROOT, "file_permissions_mode": 0o600},
    },
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
    # Nothing uses Django's public default; a folder apart shows it if something does.
    "default": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": VAR / "unused"},
    },
}
STATIC_URL = "/static/"
STATIC_ROOT = VAR / "static"

AUTH_USER_MODEL = "accounts.User"
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "/sign-in"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/sign-in"

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("fr", "Français")]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
TIME_ZONE = "UTC"
USE_TZ = True

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "accounts.authentication.DeviceAuthentication",
        "accounts.authentication.StaffAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["accounts.permissions.RolePermission"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["common.parsers.JSONParser"],
    "DEFAULT_PAGINATION_CLASS": "common.pagination.CursorPagination",
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "common.errors.problem_handler",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
# As long as a session of the pages: a stolen laptop must not open the API for ever.
REST_KNOX = {"TOKEN_TTL": timedelta(seconds=SESSION_COOKIE_AGE), "AUTH_HEADER_PREFIX": "Token"}

SPECTACULAR_SETTINGS = {
    "TITLE": "Story backend",
    "DESCRIPTION": "Testimonies of returned migrants: from a phone to a town hall.",
    "VERSION": "1.0.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "uploads.schema.add_tus_routes",
        "common.schema.add_other_routes",
        "common.schema.add_problems",
    ],
}

BROKER_URL = env.str("MAM_BROKER_URL", "filesystem://")
BROKER_FOLDER = VAR / "broker"

# A file a phone may send at most; 4 GiB is what FAT32 on its memory card can hold.
UPLOAD_MAX_BYTES = env.int("MAM_UPLOAD_MAX_BYTES", 4 * 1024**3 - 1)
# Kept free on the store's disk: a new upload is refused before it would eat into this.
UPLOAD_RESERVE_BYTES = env.int("MAM_UPLOAD_RESERVE_BYTES", 1024**3)
# Threads, and so database connections, of uploads and media in each web process.
BYTE_PLANE_THREADS = env.int("MAM_BYTE_PLANE_THREADS", 8)
# Where the source of this copy can be had (AGPL-3.0, section 13); a link in the footer of pages.
SOURCE_URL = env.str("MAM_SOURCE_URL", "")
MEDIA_URL_TTL_S = env.int("MAM_MEDIA_URL_TTL_S", 15 * 60)
WHISPER_MODEL = env.str("MAM_WHISPER_MODEL", "base")
WORKER_THREADS = env.int("MAM_WORKER_THREADS", 2)
JOB_LEASE_S = env.int("MAM_JOB_LEASE_S", 30)
SWEEP_EVERY_S = env.int("MAM_SWEEP_EVERY_S", 10)

LOGGING = logging_config(env.str("MAM_LOG_LEVEL", "INFO"), json=env.bool("MAM_LOG_JSON", True))
