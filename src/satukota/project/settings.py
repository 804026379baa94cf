"""Settings of one installation, read through env.py. Every variable is explained in docs/operating/settings.md."""

from pathlib import Path

from csp.constants import NONE, SELF

from . import env, local_secrets

ROOT = Path(__file__).resolve().parents[3]
PACKAGE = Path(__file__).resolve().parents[1]
VAR = Path(env.text("SATUKOTA_VAR", str(ROOT / "var")))
VAR.mkdir(parents=True, exist_ok=True)

SAMPLE = env.flag("SATUKOTA_SAMPLE")  # the sample city: known logins, field simulator, 127.0.0.1 only
DEBUG = env.flag("SATUKOTA_DEBUG")
PORT = env.whole("SATUKOTA_PORT", 8000, least=1, most=65535)
FEED_PORT = env.whole("SATUKOTA_FEED_PORT", 8001, least=1, most=65535)
LIVE_PORT = env.whole("SATUKOTA_LIVE_PORT", 8004, least=1, most=65535)
FIELD_PORT = env.whole("SATUKOTA_FIELD_PORT", 18600, least=1024, most=65400)  # first of the simulator's hundred ports
FEED_URL = env.text("SATUKOTA_FEED_URL", f"http://127.0.0.1:{FEED_PORT}")  # empty behind one nginx: same origin
LIVE_URL = env.text("SATUKOTA_LIVE_URL", f"ws://127.0.0.1:{LIVE_PORT}")  # empty behind one nginx: same origin
LIVE_RELAY = env.text("SATUKOTA_LIVE_RELAY")  # rtsp://relay:8554/{code}: a relay pulls the cameras, we pull the relay
LIVE_RECODES = env.whole("SATUKOTA_LIVE_RECODES", 1, least=0, most=64)  # H.265 recoded at once, a core each
LIVE_IDLE_S = env.whole("SATUKOTA_LIVE_IDLE_S", 10, least=1, most=3600)  # how long a stream nobody watches is pulled
BUFFER_DIR = Path(env.text("SATUKOTA_BUFFER", str(VAR / "buffer")))  # last minutes of cameras that ask for it
BUFFER_MB = env.whole("SATUKOTA_BUFFER_MB", 2_000, least=10, most=100_000_000)  # of all of them together
RECORDER_MINUTES = env.whole("SATUKOTA_RECORDER_MINUTES", 15, least=1, most=1440)  # how often recorders are asked
RECORDING_MINUTES = env.whole("SATUKOTA_RECORDING_MINUTES", 15, least=1, most=60)  # longest piece pulled at once
RECORDING_DUE_DAYS = env.whole("SATUKOTA_RECORDING_DUE_DAYS", 2, least=0, most=60)  # working days of a keeper
LIVE_KEY_S = 5.0  # a stream silent for longer has no picture of now
ALLOWED_HOSTS = env.words("SATUKOTA_HOSTS", "127.0.0.1,localhost")
SECRET_KEY = local_secrets.given_or_kept("SATUKOTA_SECRET_KEY", VAR / "secret.key")
HASH_KEY = local_secrets.given_or_kept("SATUKOTA_HASH_KEY", VAR / "hash.key")  # finds sealed values (base/secrets)
BACKUP_PASSPHRASE = env.text("SATUKOTA_BACKUP_PASSPHRASE") or (
    local_secrets.kept(VAR / "backup.key", local_secrets.random_key) if SAMPLE else ""
)
SECRET_KEYS, SEAL_KEYS_FILE = local_secrets.seal_keys("SATUKOTA_SECRET_KEYS", VAR / "seal.key")
AUDIT_KEY = local_secrets.audit_key("SATUKOTA_AUDIT_KEY", VAR / "audit.key")  # signs the days of the audit log
SIGNING_FILE = env.text("SATUKOTA_SIGNING_FILE")  # PKCS#12 that signs letters; empty: the installation's own
SIGNING_PASSWORD = env.text("SATUKOTA_SIGNING_PASSWORD")
SIGNING_OWN_KEY = local_secrets.signing_identity(SIGNING_FILE, SIGNING_PASSWORD, VAR / "letters.pem")
AUDIT_OLD_KEYS = env.words("SATUKOTA_AUDIT_OLD_KEYS")  # public keys of days signed before the key was changed

INSTALLED_APPS = [
    "satukota.base.accounts",
    "satukota.base.audit",
    "satukota.base.documents",
    "satukota.base.evidence",
    "satukota.base.feed",
    "satukota.base.jobs",
    "satukota.base.keeping",
    "satukota.base.messages",
    "satukota.base.page_frame",
    "satukota.base.health",
    "satukota.city",
    "satukota.shared.ground",
    "satukota.shared.monitoring",
    "satukota.shared.incidents",
    "satukota.shared.shifts",
    "satukota.shared.coverage",
    "satukota.work.blind_spots",
    "satukota.work.cameras",
    "satukota.work.vendor_ledger",
    "satukota.faces.command_centre",
    "satukota.faces.portal",
    "satukota.faces.open_api",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.humanize",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django_htmx",
    "django_tasks",
    "django_tasks_db",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "allauth.usersessions",
]
MIDDLEWARE = [
    "satukota.base.health.requests.RequestIdMiddleware",
    "satukota.base.hardening.HeadersMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "satukota.base.hardening.LimitsMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "satukota.city.hats.HatMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "satukota.base.accounts.middleware.AccountMiddleware",
    "satukota.base.page_frame.middleware.UserErrorMiddleware",
]
ROOT_URLCONF = "satukota.project.urls"
WSGI_APPLICATION = "satukota.project.wsgi.application"
FORM_RENDERER = "satukota.base.page_frame.fields.FrameRenderer"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "satukota.base.page_frame.context.page_frame",
            ]
        },
    }
]

DATABASES = {"default": env.database("DATABASE_URL", VAR / "satukota.sqlite3")}
CACHES: dict[str, dict[str, object]] = {
    # Waits after failed sign-ins and codes used once are seen by every process; accounts' migration makes the table.
    "default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "shared_cache"},
    # Requests are counted in the memory of the one web process: a row written for each would cost more than the page.
    "memory": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "OPTIONS": {"MAX_ENTRIES": 20_000}},
}
RATELIMIT_USE_CACHE = "memory"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend"}}

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = [
    "satukota.base.accounts.hashing.SignInHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
_STRENGTHS: tuple[tuple[str, dict[str, object]], ...] = (
    ("UserAttributeSimilarityValidator", {"max_similarity": 0.6}),
    ("MinimumLengthValidator", {"min_length": 12}),
    ("CommonPasswordValidator", {}),
    ("NumericPasswordValidator", {}),
)
AUTH_PASSWORD_VALIDATORS: list[dict[str, object]] = [{"NAME": "satukota.base.accounts.passwords.ContextWords"}]
AUTH_PASSWORD_VALIDATORS += [
    {"NAME": f"django.contrib.auth.password_validation.{name}", "OPTIONS": said} for name, said in _STRENGTHS
]
MFA = env.one_of("SATUKOTA_MFA", "required", {"required", "optional"})
ACCOUNT_ADAPTER = "satukota.base.accounts.adapter.InvitedOnly"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*", "password2*"]
ACCOUNT_LOGIN_ON_PASSWORD_RESET = False
ACCOUNT_SESSION_REMEMBER = False  # a shared machine in a shift room: the session ends with the browser
ACCOUNT_REAUTHENTICATION_TIMEOUT = 600
ALLAUTH_TRUSTED_PROXY_COUNT = env.whole("SATUKOTA_PROXIES", 0, least=0, most=5)  # whose X-Forwarded-For is believed
MFA_ADAPTER = "satukota.base.accounts.adapter.SecondFactors"
MFA_FORMS = {
    "authenticate": "satukota.base.accounts.forms.AuthenticateForm",
    "reauthenticate": "satukota.base.accounts.forms.ReauthenticateForm",
    "add_webauthn": "satukota.base.accounts.forms.AddPasskeyForm",
}
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_RECOVERY_CODES_SHOW_ONCE = True
MFA_WEBAUTHN_USER_VERIFICATION = "required"
OIDC_TRUSTS_MFA = env.flag("SATUKOTA_OIDC_MFA")  # a second factor shown there counts here
SOCIALACCOUNT_ADAPTER = "satukota.base.accounts.single_sign_on.CitySignOn"
SOCIALACCOUNT_ONLY = False
SOCIALACCOUNT_PROVIDERS = {"openid_connect": env.single_sign_on()}
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/pusat/mulai"
ACCOUNT_LOGOUT_REDIRECT_URL = "/"
SESSION_ENGINE = "satukota.base.accounts.session_store"
SESSION_COOKIE_AGE = 12 * 3600  # one shift, from the sign-in on
SESSION_IDLE_MINUTES = env.whole("SATUKOTA_IDLE_MINUTES", 120, least=5, most=720)
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = env.flag("SATUKOTA_HTTPS")
# A name with __Host- is taken by browsers only when it is Secure, for this very host and for all paths.
SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = (
    f"{'__Host-' if SESSION_COOKIE_SECURE else ''}{name}" for name in ("sessionid", "csrftoken")
)
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
CSRF_TRUSTED_ORIGINS = env.words("SATUKOTA_ORIGINS")
SECURE_SSL_REDIRECT = False  # nginx does that; here it would break the health check
SECURE_HSTS_SECONDS = 31_536_000 if SESSION_COOKIE_SECURE else 0
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:", "blob:"],
        "worker-src": [SELF, "blob:"],  # MapLibre
        "style-src": [SELF],
        "style-src-attr": ["'unsafe-inline'"],  # MapLibre places its markers with style attributes
        "media-src": [  # live pictures are put together in the browser; HLS comes from the hub
            SELF,
            "blob:",
            *(
                LIVE_URL.replace("ws", "http", 1).replace("//127.0.0.1:", f"//{host}:")
                for host in ("127.0.0.1", "localhost")
                if LIVE_URL
            ),
        ],
        "connect-src": [
            SELF,
            *(
                url.replace("//127.0.0.1:", f"//{host}:")
                for url in (FEED_URL, LIVE_URL)
                if url
                for host in ("127.0.0.1", "localhost")
            ),
        ],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}

LANGUAGE_CODE = "id"
LANGUAGES = [("id", "Bahasa Indonesia"), ("en", "English")]
LOCALE_PATHS = [PACKAGE / "locale"]
TIME_ZONE = env.text("SATUKOTA_TIME_ZONE", "Asia/Makassar")
USE_TZ = True
USE_THOUSAND_SEPARATOR = True

STATIC_URL = "static/"
STATIC_ROOT = VAR / "static"
STATIC_ROOT.mkdir(exist_ok=True)
STATICFILES_DIRS = [path for path in (VAR / "static-vendor",) if path.exists()]  # fetched at set-up, never committed
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = DEBUG  # else a file changed on disk is cut at the length it had when the process started
WHITENOISE_MAX_AGE = 0 if DEBUG else 3600
READING_DAYS = env.whole("SATUKOTA_READING_DAYS", 14, least=1, most=3650)  # what is deleted when: base/keeping
PICTURE_DAYS = env.whole("SATUKOTA_PICTURE_DAYS", 30, least=1, most=3650)
# A closed blind spot that stayed blind for so long opens again.
BLIND_AGAIN_MINUTES = env.whole("SATUKOTA_BLIND_AGAIN_MINUTES", 60, least=0, most=10_080)
MESSAGE_DAYS = env.whole("SATUKOTA_MESSAGE_DAYS", 365, least=1, most=3650)
FILES_DIR = Path(env.text("SATUKOTA_FILES", str(VAR / "files")))
SECURITY_CONTACTS = env.words("SATUKOTA_SECURITY_CONTACT", "mailto:security@localhost")  # for security.txt
MAX_BODY_BYTES = 65 * 1024 * 1024  # the largest upload an import takes, and the form around it
# Requests by one address, and by one account wherever it asks from. Many citizens share one address (carrier NAT), and
# one account may feed several walls, so reading is wide; 0/m: no limit.
RATE_LIMITS = {
    "reads": env.rate("SATUKOTA_READS", "6000/m"),
    "writes": env.rate("SATUKOTA_WRITES", "600/m"),
    "account_reads": env.rate("SATUKOTA_ACCOUNT_READS", "3000/m"),
    "account_writes": env.rate("SATUKOTA_ACCOUNT_WRITES", "300/m"),
}
PROBES_AT_ONCE = env.whole("SATUKOTA_PROBES_AT_ONCE", 64, least=1, most=2000)
PRIVATE_ADDRESSES = env.flag("SATUKOTA_PRIVATE_ADDRESSES", True)  # most cameras live on private ones
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
FILE_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024

SITE_URL = env.text("SATUKOTA_SITE_URL", f"http://127.0.0.1:{PORT}").rstrip("/")  # links in letters
CATCHER_PORT = env.whole("SATUKOTA_CATCHER_PORT", 8002, least=1, most=65534)  # sample: SMTP here, HTTP one above
CATCHER_DIR = VAR / "catcher"
CATCHER_TOKEN = local_secrets.kept(VAR / "catcher.key", local_secrets.random_key) if SAMPLE else ""
EMAIL_HOST = env.text("SATUKOTA_SMTP_HOST", "127.0.0.1" if SAMPLE else "")
EMAIL_PORT = env.whole("SATUKOTA_SMTP_PORT", CATCHER_PORT if SAMPLE else 25, least=1, most=65535)
EMAIL_HOST_USER = env.text("SATUKOTA_SMTP_USER")
EMAIL_HOST_PASSWORD = env.text("SATUKOTA_SMTP_PASSWORD")
EMAIL_USE_TLS = env.flag("SATUKOTA_SMTP_STARTTLS")
EMAIL_USE_SSL = env.flag("SATUKOTA_SMTP_TLS")
EMAIL_TIMEOUT = 10
EMAIL_BACKEND = f"django.core.mail.backends.{'smtp' if EMAIL_HOST else 'filebased'}.EmailBackend"
EMAIL_FILE_PATH = VAR / "mail"
DEFAULT_FROM_EMAIL = env.text("SATUKOTA_MAIL_FROM", "satukota@localhost")
CATCHER_URL = f"http://127.0.0.1:{CATCHER_PORT + 1}" if SAMPLE else ""
MESSAGE_GATEWAYS = {
    "whatsapp": {
        "url": env.text("SATUKOTA_WHATSAPP_URL", CATCHER_URL and f"{CATCHER_URL}/whatsapp"),
        "token": env.text("SATUKOTA_WHATSAPP_TOKEN", CATCHER_TOKEN),
    },
    "sms": {
        "url": env.text("SATUKOTA_SMS_URL", CATCHER_URL and f"{CATCHER_URL}/sms"),
        "token": env.text("SATUKOTA_SMS_TOKEN", CATCHER_TOKEN),
    },
}

LOG_FORM = env.one_of("SATUKOTA_LOG", "line", {"line", "json"})  # json: one object per line, for collectors
CERTIFICATES = env.words("SATUKOTA_CERTIFICATES")  # files whose end the health page watches
METRICS_TOKEN = local_secrets.given("SATUKOTA_METRICS_TOKEN")  # empty: /metrik answers only to this machine
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {
        "request_id": {"()": "satukota.base.health.requests.RequestIdFilter"},
        "secrets": {"()": "satukota.base.secrets.scrubbing.SecretsFilter"},
    },
    "formatters": {
        "line": {
            "()": "satukota.base.health.lines.OneLine",
            "fmt": "{asctime} {levelname} {name} {request_id:.8} {message}",
            "style": "{",
        },
        "json": {
            "()": "pythonjsonlogger.json.JsonFormatter",
            "format": "{asctime}{levelname}{name}{request_id}{message}",
            "datefmt": "%Y-%m-%dT%H:%M:%S%z",
            "style": "{",
            "rename_fields": {"asctime": "at", "levelname": "level", "name": "logger"},
        },
    },
    "handlers": {
        "console": {"class": "logging.StreamHandler", "formatter": LOG_FORM, "filters": ["request_id", "secrets"]}
    },
    "root": {"handlers": ["console"], "level": "INFO"},
    "loggers": {"django.request": {"level": "ERROR"}},
}
