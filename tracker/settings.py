"""Every setting. Values come from the environment; nothing is decided elsewhere.

`TRACKER_ENV` chooses the profile: `production` (the default, refuses unsafe values), `local` (set by `make run`) and
`test` (set by the test suite).
"""

import os
import sys
from pathlib import Path

from celery.schedules import crontab
from django.utils.translation import gettext_lazy as _

from tracker import __version__
from tracker.environment import (
    parse_database_url,
    parse_redis_url,
    read_flag,
    read_list,
    read_number,
    read_profile,
    read_secret,
    refuse_unsafe_production,
)

BASE_DIR = Path(__file__).resolve().parent.parent
PROFILE = read_profile()
PRODUCTION = PROFILE == "production"
TESTING = PROFILE == "test"
VERSION = __version__

# --- What the environment gives ----------------------------------------------------------------------------

DEBUG = read_flag("DEBUG", default=False)
SECRET_KEY = read_secret("SECRET_KEY")
ALLOWED_HOSTS = read_list("ALLOWED_HOSTS")
DATABASE_URL = read_secret("DATABASE_URL")
REDIS_URL = read_secret("REDIS_URL")
DATA_DIR = Path(os.environ.get("DATA_DIR") or BASE_DIR / "var").resolve()

if PRODUCTION:
    refuse_unsafe_production(
        secret_key=SECRET_KEY,
        allowed_hosts=ALLOWED_HOSTS,
        debug=DEBUG,
        database_url=DATABASE_URL,
        redis_url=REDIS_URL,
    )
else:
    SECRET_KEY = SECRET_KEY or "a key for one machine only, never for production, 0123456789"
    ALLOWED_HOSTS = ALLOWED_HOSTS or ["localhost", "127.0.0.1", "[::1]", "testserver"]
    DATABASE_URL = DATABASE_URL or "postgresql://tracker@127.0.0.1:5432/tracker"
    REDIS_URL = REDIS_URL or "redis://127.0.0.1:6379/0"

BROKER_URL, CACHE_URL = parse_redis_url(REDIS_URL)
# Several test runs, or several installations, may share one server: each keeps to its own keys.
REDIS_PREFIX = os.environ.get("REDIS_PREFIX", "")
if TESTING:
    REDIS_PREFIX += os.environ.get("TEST_DB_SUFFIX", "") + os.environ.get("PYTEST_XDIST_WORKER", "") + ":"

# --- Applications ------------------------------------------------------------------------------------------

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.contrib.humanize",
    "django.forms",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "rest_framework",
    "knox",
    "django_filters",
    "drf_spectacular",
    "django_htmx",
    "indicators",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "tracker.security.security_headers",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "tracker.security.limit_sessions",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "tracker.security.refuse_nul_bytes",  # last, so that its answer is a page in the person's language
]

ROOT_URLCONF = "tracker.urls"
WSGI_APPLICATION = "tracker.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
ADMIN_PATH = os.environ.get("ADMIN_PATH", "admin/").strip("/") + "/"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.debug",
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "indicators.navigation.navigation",
            ],
        },
    },
]

FORM_RENDERER = "django.forms.renderers.TemplatesSetting"  # fields are drawn by templates/django/forms

# --- Database, cache ---------------------------------------------------------------------------------------

DATABASES = {
    "default": {
        **parse_database_url(DATABASE_URL),
        "CONN_MAX_AGE": read_number("CONN_MAX_AGE", default=60),
        "CONN_HEALTH_CHECKS": True,
        "TEST": {"NAME": "test_tracker" + os.environ.get("TEST_DB_SUFFIX", "")},
    }
}
CACHES = {
    "default": {
        "BACKEND": "tracker.cache.ForgivingRedisCache",
        "LOCATION": CACHE_URL,
        "KEY_PREFIX": REDIS_PREFIX + "cache",
    }
}

# --- People, sessions --------------------------------------------------------------------------------------

AUTH_USER_MODEL = "indicators.User"
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
if TESTING:  # hundreds of logins a run; Argon2 is slow on purpose
    PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher", *PASSWORD_HASHERS]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]

LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "tracker.security.ClosedSignup"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_FORMS = {"login": "indicators.accounts.sign_in.SignInForm"}

# Mail is used for password resets and for notices. Without a host nothing is sent and no page promises it.
EMAIL_HOST = os.environ.get("EMAIL_HOST", "")
EMAIL_PORT = read_number("EMAIL_PORT", default=587)
EMAIL_HOST_USER = os.environ.get("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = os.environ.get("EMAIL_HOST_PASSWORD", "")
EMAIL_USE_TLS = read_flag("EMAIL_USE_TLS", default=True)
EMAIL_TIMEOUT = 10
EMAIL_BACKEND = f"django.core.mail.backends.{'smtp' if EMAIL_HOST else 'dummy'}.EmailBackend"
EMAIL_MARKING = "NATO UNCLASSIFIED"
_FIRST_HOST = f"https://{ALLOWED_HOSTS[0]}" if ALLOWED_HOSTS else ""
PUBLIC_ADDRESS = os.environ.get("PUBLIC_ADDRESS", _FIRST_HOST).rstrip("/")  # for the links in mails
EMAIL_ID_HOST = PUBLIC_ADDRESS.rpartition("/")[2] or "tracker.localhost"
DEFAULT_FROM_EMAIL = os.environ.get("DEFAULT_FROM_EMAIL", "tracker@localhost")
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = False
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_RATE_LIMITS = {"login_failed": "10/m/ip,5/5m/key"} if not TESTING else False
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = "Security Cooperation Tracker"
MFA_TOTP_TOLERANCE = 0

SESSION_ENGINE = "django.contrib.sessions.backends.db"
SESSION_IDLE_SECONDS = read_number("SESSION_IDLE_SECONDS", default=3 * 3600)
SESSION_COOKIE_AGE = read_number("SESSION_ABSOLUTE_SECONDS", default=12 * 3600)
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_TRUSTED_ORIGINS = read_list("CSRF_TRUSTED_ORIGINS")

# --- Headers, transport ------------------------------------------------------------------------------------

SECURE_CSP = {
    "default-src": ["'none'"],
    "script-src": ["'self'"],
    "style-src": ["'self'"],
    "img-src": ["'self'", "data:"],
    "font-src": ["'self'"],
    "connect-src": ["'self'"],
    "form-action": ["'self'"],
    "frame-ancestors": ["'none'"],
    "base-uri": ["'none'"],
}
SECURE_PERMISSIONS_POLICY = "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()"
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CONTENT_TYPE_NOSNIFF = True
X_FRAME_OPTIONS = "DENY"

if PRODUCTION:
    SECURE_SSL_REDIRECT = read_flag("SECURE_SSL_REDIRECT", default=True)
    SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
    SECURE_HSTS_SECONDS = 365 * 24 * 3600
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True
    SESSION_COOKIE_NAME = "__Host-session"
    CSRF_COOKIE_NAME = "__Host-csrf"
    if read_flag("BEHIND_TLS_PROXY", default=False):  # only where the proxy itself sets this header
        SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

# --- Words, time -------------------------------------------------------------------------------------------

LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("fr", _("French")), ("ar", _("Arabic"))]
LOCALE_PATHS = [BASE_DIR / "indicators" / "locale"]
FORMAT_MODULE_PATH = "indicators.formats"
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

# --- Files -------------------------------------------------------------------------------------------------

STATIC_URL = "/static/"
# Production serves collected, compressed files with far-future names; elsewhere they are served where they stand.
STATIC_ROOT = Path(os.environ.get("STATIC_ROOT") or DATA_DIR / "static") if PRODUCTION else None
POSTGRES_BIN = os.environ.get("POSTGRES_BIN", "")  # where pg_dump and pg_restore are, if not on PATH
MEDIA_ROOT = DATA_DIR / "media"
MEDIA_URL = "/media/"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if PRODUCTION
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = not PRODUCTION
WHITENOISE_AUTOREFRESH = TESTING or DEBUG
DATA_UPLOAD_MAX_MEMORY_SIZE = 10 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 8000  # A course register of 500 participants.
FILE_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
FILE_UPLOAD_PERMISSIONS = 0o640

# --- Machine door ------------------------------------------------------------------------------------------

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "indicators.api.authentication.CarefulTokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["indicators.api.parsing.CarefulJSONParser"],
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_THROTTLE_CLASSES": [
        "rest_framework.throttling.AnonRateThrottle",
        "rest_framework.throttling.UserRateThrottle",
        "rest_framework.throttling.ScopedRateThrottle",
    ],
    "DEFAULT_THROTTLE_RATES": {"anon": "30/min", "user": "600/min", "exports": "30/min", "imports": "30/min"}
    if not TESTING
    else {"anon": None, "user": None, "exports": None, "imports": None},
    "NUM_PROXIES": read_number("NUM_PROXIES", default=0),
    "COERCE_DECIMAL_TO_STRING": True,
    # Named as text: DRF imports it at the first refusal, so settings never depend on it.
    "EXCEPTION_HANDLER": "indicators.api.problems.problem_response",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Security Cooperation Tracker",
    "DESCRIPTION": "On-the-fly and ex-post performance indicators for security-cooperation programmes.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.IsAuthenticated"],
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "COMPONENT_SPLIT_REQUEST": True,
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "indicators.api.schema.add_problem_documents",
    ],
    "ENUM_NAME_OVERRIDES": {
        "AssessmentKindEnum": "indicators.models.assessments.Kind",
        "ReportingUnitKindEnum": "indicators.models.programmes.ReportingUnit.Kind",
        "PriorityEnum": "indicators.models.evaluations.Recommendation.Priority",
        "DocumentKindEnum": "indicators.models.documents.Document.Kind",
        "EvaluationKindEnum": "indicators.models.evaluations.Evaluation.Kind",
    },
}
REST_KNOX = {
    "TOKEN_TTL": None,  # each token is given its own end when it is made
    "TOKEN_LIMIT_PER_USER": 20,
    "AUTO_REFRESH": False,
}

# --- Queue -------------------------------------------------------------------------------------------------
# The database decides what work is due; a message is only a doorbell. So a lost or doubled message does no harm,
# results are not kept, and no task is sent with a delay longer than the visibility timeout.

CELERY_BROKER_URL = BROKER_URL
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 300,
    "unacked_restore_interval": 10,
    "unacked_restore_throttle": 1,
    "global_keyprefix": REDIS_PREFIX,
    "socket_keepalive": True,
    "socket_connect_timeout": 5,
}
CELERY_TASK_PUBLISH_RETRY_POLICY = {
    "max_retries": 2,
    "interval_start": 0,
    "interval_step": 0.1,
    "interval_max": 0.2,
}
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_STORE_ERRORS_EVEN_IF_IGNORED = False
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_DEFAULT_QUEUE = "tracker"
CELERY_TASK_SOFT_TIME_LIMIT = 90
CELERY_TASK_TIME_LIMIT = 100  # below the 120 s lease
CELERY_TASK_SERIALIZER = "json"
CELERY_RESULT_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_ENABLE_UTC = True
CELERY_TIMEZONE = "UTC"
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_MAX_MEMORY_PER_CHILD = 500_000  # KB; the child is replaced after the task that passes it
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_SEND_TASK_EVENTS = False
CELERY_BEAT_SCHEDULE_FILENAME = str(DATA_DIR / "beat-schedule")
CELERY_BEAT_MAX_LOOP_INTERVAL = 30
CELERY_BEAT_SCHEDULE = {
    "plan what is due": {"task": "indicators.tasks.plan_due", "schedule": 60.0, "options": {"expires": 60}},
    "sweep what was left": {"task": "indicators.tasks.sweep", "schedule": 30.0, "options": {"expires": 30}},
    "remind": {
        "task": "indicators.tasks.remind",
        "schedule": crontab(minute=10),
        "options": {"expires": 3000},
    },
    "refresh statuses": {"task": "indicators.tasks.refresh_statuses", "schedule": crontab(hour=0, minute=20)},
}

# A worker holds what it is doing for so long, and renews it four times in that time.
ASSESSMENT_LEASE_SECONDS = read_number("ASSESSMENT_LEASE_SECONDS", default=120)
# After a failure a row waits so long, then twice as long, and so on; after the fifth attempt it is given up.
ASSESSMENT_RETRY_SECONDS = read_number("ASSESSMENT_RETRY_SECONDS", default=10)

# --- IATI: who publishes ----------------------------------------------------------------------------------------
# Identifier, name, type (OrganisationType code) and role (OrganisationRole code) of whoever publishes; without all
# four nothing is exported. The schemas' folder is optional: with it files are checked against the official schema.

IATI_ORGANISATION = {
    "ref": os.environ.get("IATI_ORGANISATION_REF", "").strip(),
    "name": os.environ.get("IATI_ORGANISATION_NAME", "").strip(),
    "type": os.environ.get("IATI_ORGANISATION_TYPE", "").strip(),
    "role": os.environ.get("IATI_ORGANISATION_ROLE", "").strip(),
}
IATI_SCHEMAS = os.environ.get("IATI_SCHEMAS", "").strip()

# --- Log: standard error, one line each --------------------------------------------------------------------

LOG_LEVEL = os.environ.get("LOG_LEVEL", "INFO").upper()
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"()": "tracker.logs.OneLine"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "stream": sys.stderr, "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": LOG_LEVEL},
    "loggers": {
        "django": {"handlers": [], "level": LOG_LEVEL, "propagate": True},
        "django.server": {"handlers": [], "level": LOG_LEVEL, "propagate": True},
    },
}
