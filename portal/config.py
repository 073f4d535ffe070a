"""One place for the installation's settings: defaults < portal.toml < PORTAL_* environment."""

from __future__ import annotations

import os
import secrets
import tomllib
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from portal import crypto

#: Where the code is.
ROOT = Path(__file__).resolve().parent.parent
_PACKED = ROOT / "portal" / "_house"
#: Where templates, static files and the core's migrations are: beside the code, in a wheel inside of it.
HOUSE = _PACKED if _PACKED.is_dir() else ROOT
#: Where the settings and ``var`` are looked for unless told: the checkout, or the folder one works in.
PLACE = Path.cwd() if _PACKED.is_dir() else ROOT


class ConfigError(Exception):
    """A setting is missing or cannot be understood; the message says which and what to write."""


@dataclass(frozen=True, kw_only=True)
class Config:
    """The installation, not a district: what a deployer writes before the portal starts."""

    env: str = "production"
    data_dir: Path = PLACE / "var"
    database_url: str = ""
    #: PostgreSQL: who owns the tables and changes the schema. The application's own role owns nothing.
    database_owner_url: str = field(default="", repr=False)
    secret_key: str = field(default="", repr=False)
    field_keys: str = field(default="", repr=False)
    index_key: str = field(default="", repr=False)
    #: Ids of field keys that are gone for good (portal keys lost): pages say so, and the doctor is told.
    lost_keys: str = ""
    #: The address people type, used in links, QR codes and notify URLs.
    public_url: str = "http://127.0.0.1:8000"
    #: TLS ends here or at the proxy in front: cookies become Secure and ``__Host-``.
    tls: bool = True
    #: How many proxies of our own stand in front: only their X-Forwarded-For and -Proto are believed.
    proxies: int = 0
    demo: bool = False
    safe_mode: bool = False
    plugins_exclude: str = ""
    #: Tell deployers in a header (Server-Timing) what each plugin's hook cost on the page they look at.
    trace_hooks: bool = False
    #: A plugin's part of a page that took longer than this (milliseconds; 0: never mind) so many times in a
    #: row is left out of pages for some minutes (portal/pace.py).
    slow_hook_ms: int = 2000
    slow_hook_times: int = 3
    slow_hook_rest: int = 5
    site_name: str = "党群服务中心服务平台"
    help_phone: str = ""
    max_upload_mb: int = 10
    #: How often one number may ask for a log-in code; the demo, where all share one address, allows more.
    codes_a_minute: int = 1
    codes_a_day: int = 10
    #: Days a new role at a district may be used before its holder sets up a second factor; 0 is at once.
    second_factor_grace_days: int = 0
    #: Searches a minute from one address or account, in each worker; 0 is no limit (portal/web/throttle.py).
    finds_a_minute: int = 600
    #: Whole lists handed out as a file a minute, to one account, in each worker; 0 is no limit.
    exports_a_minute: int = 30
    #: Seconds until a failed job's next tries; after the last one it waits for somebody to look.
    jobs_backoff: str = "60, 300, 900, 3600, 21600"
    #: Seconds after which another worker takes the job of one that died; a living one renews at a third.
    jobs_lease: int = 60

    #: Where backups go (default: ``backups`` in the data folder) and how many are kept.
    backup_dir: str = ""
    backup_keep: int = 14
    #: 32 bytes in base64: backups are encrypted under it. Without it none can be read: keep a copy elsewhere.
    backup_key: str = field(default="", repr=False)
    #: From this age on of the last good backup, health and doctor warn.
    backup_warn_hours: int = 26

    @property
    def excluded(self) -> list[str]:
        """Return the slugs of plugins that must not be loaded."""
        return [slug.strip() for slug in self.plugins_exclude.split(",") if slug.strip()]

    @property
    def testing(self) -> bool:
        """Tell whether this is a test run."""
        return self.env == "testing"

    def flask(self) -> dict[str, Any]:
        """Return the settings under the names Flask and its extensions expect."""
        url = self.database_url or f"sqlite:///{self.data_dir / 'portal.db'}"
        return {
            "ENV_NAME": self.env,
            "TESTING": self.testing,
            "DEBUG": self.env == "development",
            "SECRET_KEY": self.secret_key,
            "FIELD_KEYS": self.field_keys,
            "INDEX_KEY": self.index_key,
            "DATA_DIR": self.data_dir,
            "SQLALCHEMY_DATABASE_URI": url,
            "DATABASE_OWNER_URL": self.database_owner_url,
            "PUBLIC_URL": self.public_url.rstrip("/"),
            "TLS": self.tls,
            "TRACE_HOOKS": self.trace_hooks,
            "PROXIES": self.proxies,
            "DEMO": self.demo,
            "BACKUP_DIR": self.backup_dir,
            "BACKUP_KEEP": self.backup_keep,
            "BACKUP_KEY": self.backup_key,
            "BACKUP_WARN_HOURS": self.backup_warn_hours,
            "SITE_NAME": self.site_name,
            "HELP_PHONE": self.help_phone,
            # A sheet may be refused in words only if it arrives; a little above the limit of portal.sheets.
            "JOBS_BACKOFF": _seconds("jobs_backoff", self.jobs_backoff),
            "JOBS_LEASE": self.jobs_lease,
            "CODES_A_MINUTE": self.codes_a_minute,
            "CODES_A_DAY": self.codes_a_day,
            "SECOND_FACTOR_GRACE_DAYS": self.second_factor_grace_days,
            "FINDS_A_MINUTE": self.finds_a_minute,
            "EXPORTS_A_MINUTE": self.exports_a_minute,
            "MAX_CONTENT_LENGTH": self.max_upload_mb * 1024 * 1024 + 65536,
            "MAX_FORM_MEMORY_SIZE": 1024 * 1024,
            "MAX_FORM_PARTS": 2000,
            "SESSION_COOKIE_NAME": "__Host-portal" if self.tls else "portal",
            "SESSION_COOKIE_SECURE": self.tls,
            "SESSION_COOKIE_HTTPONLY": True,
            "SESSION_COOKIE_SAMESITE": "Lax",
            "WTF_CSRF_TIME_LIMIT": None,
            "BABEL_DEFAULT_LOCALE": "zh_Hans_CN",
            "BABEL_DEFAULT_TIMEZONE": "Asia/Shanghai",
        }


def load(**overrides: Any) -> Config:
    """Read the settings; ``overrides`` win (tests, command line).

    Raises:
        ConfigError: an unknown name, a value of the wrong kind, or production without its secrets.
    """
    return _with_secrets(read(**overrides))


def read(**overrides: Any) -> Config:
    """Read the settings without asking for secrets: for commands that open no database.

    Raises:
        ConfigError: an unknown name, or a value of the wrong kind.
    """
    found: dict[str, Any] = {}
    path = Path(os.environ.get("PORTAL_CONFIG", PLACE / "portal.toml"))
    if path.exists():
        found.update(tomllib.loads(path.read_text(encoding="utf-8")))
    known = {item.name: item for item in fields(Config)}
    aliases = {"data": "data_dir"}
    for name, value in os.environ.items():
        if name.startswith("PORTAL_"):
            key = name.removeprefix("PORTAL_").lower()
            key = aliases.get(key, key)
            # Other PORTAL_* names belong to the tools (PORTAL_CHROMIUM, PORTAL_FAILPOINT).
            if key in known:
                found[key] = value
    found.update(overrides)
    unknown = sorted(set(found) - set(known))
    if unknown:
        raise ConfigError(f"unknown settings: {', '.join(unknown)}")
    return Config(**{key: _as(known[key].type, key, value) for key, value in found.items()})


def _seconds(key: str, text: str) -> tuple[float, ...]:
    try:
        found = tuple(float(part) for part in text.split(","))
    except ValueError:
        raise ConfigError(f"{key} is numbers of seconds with commas, not {text!r}") from None
    if min(found) < 0:
        raise ConfigError(f"{key}: no number of seconds is below 0")
    return found


def _as(kind: Any, key: str, value: Any) -> Any:
    if kind == "bool" and isinstance(value, str):
        if value.lower() in {"1", "true", "yes", "on"}:
            return True
        if value.lower() in {"0", "false", "no", "off", ""}:
            return False
        raise ConfigError(f"{key} is on or off, not {value!r}")
    if kind == "int":
        try:
            return int(value)
        except ValueError:
            raise ConfigError(f"{key} is a whole number, not {value!r}") from None
    return Path(value).absolute() if kind == "Path" else value


def _with_secrets(config: Config) -> Config:
    if config.env not in {"production", "development", "testing"}:
        raise ConfigError(f"env is production, development or testing, not {config.env!r}")
    if config.secret_key:
        return config
    if config.env == "production":
        raise ConfigError(
            "there is no secret_key: portal init makes one, or PORTAL_SECRET_KEY is 32 or more random letters"
        )
    path = config.data_dir / "development.secret"
    config.data_dir.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_hex(32))
    except FileExistsError:
        pass
    values = {item.name: getattr(config, item.name) for item in fields(Config)}
    return Config(**{**values, "secret_key": path.read_text()})


def new_secrets() -> str:
    """Return fresh secrets as lines of ``portal.toml``, each of 32 random bytes."""
    return (
        f'secret_key = "{secrets.token_hex(32)}"\n'
        f'field_keys = "k1:{crypto.generate_key()}"\n'
        f'index_key = "{crypto.generate_key()}"\n'
    )
