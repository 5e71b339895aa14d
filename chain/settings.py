"""Every setting of Tillboard, each from the environment variable ``TILLBOARD_<NAME>``."""

from functools import cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

PROJECT = Path(__file__).resolve().parent.parent
"""The checkout: what is not configured is kept beside the code, one set for each checkout."""

MIB = 1024**2
GIB = 1024**3
Secret = Annotated[str | None, Field(repr=False)]


class Settings(BaseSettings):
    """The settings; URLs that are not given are those of the embedded servers."""

    model_config = SettingsConfigDict(env_prefix="TILLBOARD_", extra="ignore", frozen=True)

    environment: Literal["development", "production"] = Field(
        "development",
        description="production refuses to start without secret_key and the server URLs.",
    )
    data: Path = Field(
        PROJECT / ".data",
        description="Directory of uploads, secrets, logs and, where they are embedded, databases.",
    )
    host: str = Field("127.0.0.1", description="Address that the board listens on.")
    port: int = Field(8050, ge=1, le=65535, description="Port that the board listens on.")
    public_url: str | None = Field(
        None, description="Address people type to reach the board, where a proxy is in front."
    )
    trusted_proxies: int = Field(
        0, ge=0, le=5, description="How many proxies in front are trusted for X-Forwarded-*."
    )

    database_url: Secret = Field(
        None,
        description="PostgreSQL, as the role that row-level security binds (tillboard_app).",
    )
    admin_database_url: Secret = Field(
        None, description="PostgreSQL, as the owner of the tables (tillboard_owner): migrations."
    )
    backup_database_url: Secret = Field(
        None, description="PostgreSQL, as the role that reads all chains (tillboard_backup)."
    )
    superuser_database_url: Secret = Field(
        None,
        description="PostgreSQL, as a superuser: `migrate` makes roles and database.",
    )
    broker_url: Secret = Field(None, description="Valkey or Redis URL for the queue of jobs.")
    cache_url: Secret = Field(
        None, description="Valkey or Redis URL for cached figures; broker_url where not given."
    )
    backup_dir: Path | None = Field(
        None,
        description="Directory of the backups that upgrades make; backups in data if not given.",
    )
    upgrade_backups: int = Field(
        3, ge=1, description="How many backups of past upgrades are kept, the newest."
    )
    upgrade_without_backup: bool = Field(
        False,
        description="Upgrade tables with data though no backup is made: you have one of your own.",
    )
    database_pool_size: int = Field(
        4, ge=1, le=50, description="Connections that one process keeps open."
    )

    secret_key: Secret = Field(
        None,
        min_length=32,
        description="Signs log-in cookies; made at the first start where not given.",
    )
    payer_key: Secret = Field(
        None,
        min_length=32,
        description="Keys the hash of payer ids. Never change it: payers would not be recognised.",
    )
    session_hours: int = Field(
        24 * 14, ge=1, description="Hours after which a log-in that is not used ends."
    )
    secure_cookies: bool = Field(
        False, description="Send cookies over HTTPS only; switch on wherever HTTPS is served."
    )

    smtp_host: str | None = Field(
        None, description="Mail server; without one no mail is sent and links are shown to copy."
    )
    smtp_port: int | None = Field(
        None, ge=1, le=65535, description="Its port; 587, 465 or 25 by smtp_security if not given."
    )
    smtp_security: Literal["starttls", "tls", "none"] = Field(
        "starttls", description="How mail is encrypted; none is for a server on this machine."
    )
    smtp_user: str | None = Field(None, description="Name to log in to the mail server with.")
    smtp_password: Secret = Field(None, description="Password to log in to the mail server with.")
    mail_from: str | None = Field(
        None, description="Address that mail comes from; needed with smtp_host."
    )

    mail_domains: str = Field(
        "",
        description="Domains that digests may be mailed to, parted by commas; all where empty.",
    )
    robot_origins: str = Field(
        "",
        description="Further addresses that group robots may be at, such as"
        " https://im.example.com, parted by commas; WeCom, DingTalk and Feishu are known.",
    )

    oidc_issuer: str | None = Field(
        None, description="Address of an OpenID Connect provider for single sign-on, if any."
    )
    oidc_client_id: str | None = Field(None, description="Our name at that provider.")
    oidc_client_secret: Secret = Field(None, description="Our secret at that provider.")
    oidc_name: str = Field("SSO", description="What the button of single sign-on calls it.")

    log_format: Literal["auto", "json", "console"] = Field(
        "auto", description="auto: readable in a terminal, JSON everywhere else."
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", description="The least level that is logged."
    )
    language: Literal["en", "zh"] = Field(
        "en", description="Language of the board before a person chooses, and of the terminal."
    )

    upload_max_bytes: int = Field(
        4 * GIB, ge=1, description="The largest file that may be uploaded, in bytes."
    )

    inbox_days: int = Field(
        90,
        ge=1,
        description="Days that an uploaded file is kept; then it must be uploaded again to be read"
        " again.",
    )

    api_per_minute: int = Field(
        300, ge=1, description="Questions that one token may ask of the read API in a minute."
    )

    export_hours: int = Field(
        24,
        ge=1,
        description="Hours that a file made by an export is kept for whoever asked for it.",
    )

    removal_days: int = Field(
        14,
        ge=0,
        description="Days between the deletion of a chain being asked for and it being done;"
        " until then it can be called off.",
    )

    metrics_port: int | None = Field(
        None,
        ge=1,
        le=65535,
        description="Port on which a worker serves its counters, where it has a host of its own.",
    )
    worker_concurrency: int = Field(2, ge=1, le=64, description="Jobs a worker does at once.")
    split_import_bytes: int = Field(
        24 * MIB,
        ge=1,
        description="Files of at least this size are merged as two parts, at once.",
    )
    job_seconds: int = Field(
        3600, ge=60, description="Seconds after which a job is stopped and tried again."
    )
    forecast_hour: int = Field(
        4, ge=0, le=23, description="Hour of a chain's own night from which it is forecast anew."
    )
    forecast_chunk_stores: int = Field(
        12, ge=1, description="Stores that one job forecasts, by the models that take each alone."
    )
    web_workers: int = Field(2, ge=1, le=64, description="Processes that serve the board.")
    web_threads: int = Field(4, ge=1, le=64, description="Threads of each of these processes.")

    forecast_model: Path | None = Field(
        None,
        description="Folder with a pretrained model of the Chronos family (config.json and weights)"
        " that joins the forecasts; needs the extra `pretrained`. Nothing is downloaded.",
    )

    map_tiles: str | None = Field(
        None,
        pattern=r"^https?://[^/\s]+/\S*$",
        description="Tiles under the map of Locations, as https://maps.example.com/{z}/{x}/{y}.png;"
        " with none the map asks nobody and has no streets.",
    )
    demo: bool = Field(True, description="`tillboard run` loads the demo chain at its first start.")

    @field_validator(
        "database_url", "admin_database_url", "backup_database_url", "superuser_database_url"
    )
    @classmethod
    def _leads_to_postgresql(cls, url: str | None) -> str | None:
        if url is not None and not url.startswith(("postgresql://", "postgres://")):
            raise ValueError("it must look like postgresql://user:password@host/name")
        return url or None

    @model_validator(mode="after")
    def _mail_has_a_sender(self) -> "Settings":
        if self.smtp_host and "@" not in (self.mail_from or ""):
            raise ValueError("mail_from must be an address, since smtp_host is set")
        return self

    @model_validator(mode="after")
    def _provider_knows_us(self) -> "Settings":
        if self.oidc_issuer and not (self.oidc_client_id and self.oidc_client_secret):
            raise ValueError("oidc_client_id and oidc_client_secret go with oidc_issuer")
        return self

    @field_validator("broker_url", "cache_url")
    @classmethod
    def _leads_to_valkey(cls, url: str | None, field: ValidationInfo) -> str | None:
        socket = "redis+socket://" if field.field_name == "broker_url" else "unix://"
        if url is not None and not url.startswith(("redis://", "rediss://", socket)):
            raise ValueError("it must look like redis://:password@host:6379/0")
        return url or None

    @property
    def digest_domains(self) -> tuple[str, ...]:
        """The domains that digests may be mailed to; none: all."""
        return tuple(filter(None, (each.strip().lower() for each in self.mail_domains.split(","))))

    @property
    def more_robots(self) -> tuple[str, ...]:
        """Further origins that group robots may be at."""
        origins = (each.strip().rstrip("/") for each in self.robot_origins.split(","))
        return tuple(filter(None, origins))

    @property
    def inbox(self) -> Path:
        """Where uploads are kept, each under its SHA-256."""
        return self.data / "inbox"

    @property
    def exports(self) -> Path:
        """Where exports are made and kept for a while; all hosts see the same."""
        return self.data / "exports"

    @property
    def backups(self) -> Path:
        """Where upgrades put the backup they make before."""
        return self.backup_dir or self.data / "backups"

    @property
    def metrics_dir(self) -> Path:
        """Where processes leave their counters for /metrics to add up."""
        return self.data / "metrics"

    @property
    def board_url(self) -> str:
        """The address a person opens."""
        host = "localhost" if self.host in {"127.0.0.1", "0.0.0.0", "::"} else self.host  # noqa: S104
        return self.public_url or f"http://{host}:{self.port}"


@cache
def get_settings() -> Settings:
    """Return the settings of this process, read from the environment once.

    Raises pydantic.ValidationError naming each variable that is no good.
    """
    return Settings()
