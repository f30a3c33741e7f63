"""The settings: typed, frozen, read once from `HOPNHAT_*` and a TOML file, all mistakes reported together."""

import os
from datetime import date
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from idp.at_hand import this_application
from idp.sealing import SealingKeys

LOOPBACK_HOSTS = frozenset({"127.0.0.1", "localhost", "::1"})
PREFIX = "HOPNHAT_"
DEFAULT_FILE = Path(__file__).resolve().parent.parent / "instance" / "hopnhat.toml"


class Milestone(BaseModel):
    """A dated target of the tracker: this share of the officials by that day."""

    model_config = ConfigDict(frozen=True)
    by: date
    percent: int = Field(ge=1, le=100)
    level: Literal["province", "district", "commune"] | None = None  # None: for all levels together


class SettingsMistaken(Exception):
    """One or more settings are missing or wrong; the text names each variable and what it needs."""


class Settings(BaseSettings):
    """Everything an operator can choose. Each field is `HOPNHAT_` plus its name in capitals."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="forbid", hide_input_in_errors=True)

    issuer: str = Field(description="Public base URL of this provider, without a trailing slash; https except on loopback.")
    database_url: str = Field("sqlite:///instance/hopnhat.sqlite", description="SQLAlchemy URL: SQLite, or PostgreSQL through psycopg.")
    redis_url: SecretStr | None = Field(
        None, description="Redis for address limits shared by several servers; without it each counts alone."
    )
    sealing_keys: SecretStr = Field(description="Keys that seal secrets at rest, as NUMBER:BASE64[,…]; the first seals. No default.")

    organization_name: str = Field("Ủy ban nhân dân tỉnh Hà Giang", description="Name shown in the header of every page.")
    help_line: str | None = Field(
        None, description="Whom to call, shown at the bottom of sign-in pages; without it, the unit's IT officer."
    )
    timezone: str = Field("Asia/Ho_Chi_Minh", description="Time zone of dates on pages and of the daily snapshot.")

    ldap_url: str | None = Field(
        None,
        description="The staff directory: ldaps://… or, on loopback only, ldap://…; several servers of it, separated by spaces or commas, are "
        "asked in this order.",
    )
    ldap_kind: Literal["auto", "openldap", "active_directory"] = Field(
        "auto", description="What kind of directory it is; auto: what it says of itself."
    )
    ldap_bind_dn: str | None = Field(None, description="DN of the service account that reads the directory.")
    ldap_bind_password: SecretStr | None = Field(None, description="Password of that account.")
    ldap_base_dn: str | None = Field(None, description="Where the search for people and units starts.")
    ldap_personal_id_attribute: str | None = Field(
        None, pattern=r"^[A-Za-z][A-Za-z0-9-]{0,63}$", description="Attribute with the personal identification number (12 digits): only a keyed digest of it "
        "is kept, which tells the desk that two entries are one person's. Without, it is not read.",
    )  # fmt: skip
    ldap_ca_file: Path | None = Field(None, description="CA certificates that vouch for the directory; the system's own when absent.")
    ldap_connect_seconds: int = Field(3, ge=1, le=30, description="Longest wait for a connection to the directory, in seconds.")
    ldap_sign_in_seconds: int = Field(8, ge=1, le=60, description="Longest wait for one sign-in at the directory, in seconds.")
    ldap_password_change: bool = Field(True, description="Whether people may change their directory password here, as far as it lets them.")
    ldap_lockout_failures: int = Field(
        5,
        ge=3,
        le=1000,
        description="After how many wrong passwords the directory itself locks an account (pwdMaxFailure, lockoutThreshold): sign-in stops "
        "short of it, so that nobody can lock somebody's account through this provider.",
    )
    ldap_lockout_window_seconds: int = Field(
        900,
        ge=60,
        le=86400,
        description="For how long the directory remembers a wrong password (pwdFailureCountInterval, lockout observation window), in seconds.",
    )
    ldap_sync_seconds: int = Field(900, ge=10, description="Longest wait for one full read of the directory, in seconds.")
    sync_interval_seconds: int = Field(
        60, ge=5, description="Pause between two looks of the worker at what changed in the directory, in seconds."
    )
    sync_full_at: str = Field(
        "02:30", pattern=r"^([01]\d|2[0-3]):[0-5]\d$", description="When the directory is read whole each night, by HOPNHAT_TIMEZONE."
    )
    sync_full_interval_seconds: int = Field(
        300,
        ge=5,
        description="Shortest pause between two whole reads that a look at what changed asks for (the directory does not say who was "
        "deleted, or units changed), in seconds.",
    )
    sync_alarm_hours: int = Field(
        2,
        ge=1,
        le=168,
        description="After how many hours without a successful sync it is alarming: on the console, in the audit trail and "
        "for hopnhat doctor.",
    )
    sync_suspend_limit_percent: int = Field(
        5, ge=0, le=100, description="A run that would suspend more than this share of active people stops and asks for approval."
    )
    sync_suspend_limit_people: int = Field(
        20, ge=0, description="Up to this many suspensions in one run are never stopped by the share above."
    )
    sync_unit_suspend_limit_percent: int = Field(
        40, ge=0, le=100, description="The same for the active people of one unit: its share above which a run stops."
    )
    sync_unit_suspend_limit_people: int = Field(20, ge=0, description="Up to this many suspensions in one unit never stop a run.")
    sync_join_limit_percent: int = Field(
        10, ge=0, le=1000, description="A run that would add more people than this share of those known stops. The first import does not."
    )
    sync_join_limit_people: int = Field(100, ge=0, description="Up to this many new people never stop a run.")
    sync_move_limit_percent: int = Field(
        10,
        ge=0,
        le=100,
        description="A run that would move more than this share of people to other units stops, unless a reorganisation says so.",
    )
    sync_move_limit_people: int = Field(50, ge=0, description="Up to this many moves never stop a run.")
    sync_return_limit_percent: int = Field(
        5, ge=0, le=100, description="A run that would restore the access of more people than this share of those known stops."
    )
    sync_return_limit_people: int = Field(20, ge=0, description="Up to this many restored never stop a run.")
    sync_unit_limit_percent: int = Field(
        10, ge=0, le=100, description="A run that would end more than this share of the units stops, unless a reorganisation says so."
    )
    sync_unit_limit_units: int = Field(10, ge=0, description="Up to this many units that end never stop a run.")
    sync_second_limit_percent: int = Field(
        20, ge=0, le=100, description="Above this share of people one approval is not enough: two people of different units approve."
    )
    sync_second_limit_people: int = Field(200, ge=0, description="Up to this many people one approval is always enough.")
    sync_approval_hours: int = Field(24, ge=1, le=168, description="How long a plan can be approved, in hours.")

    sync_rejoin_days: int = Field(
        30,
        ge=0,
        le=3650,
        description="Somebody gone from the directory for longer is taken back, by their staff number, only after a decision at the "
        "desk, in days.",
    )

    sync_absent_grace_minutes: int = Field(
        0, ge=0, le=14 * 1440, description="How long somebody may be missing from the directory before they are suspended, in minutes; 0: at once. "
        "A lock or a disabled account is never waited for.",
    )  # fmt: skip
    idle_days: int = Field(
        45, ge=0, le=3650, description="Whoever has not signed in for so many days is warned, and suspended later; 0: nobody is, in days."
    )
    idle_grace_days: int = Field(7, ge=1, le=365, description="From the warning of an idle account until it is suspended, in days.")
    access_review_months: tuple[Annotated[int, Field(ge=1, le=12)], ...] = Field(
        (6, 12), description="In which months the worker opens a review of everybody's access, as JSON; []: only when somebody opens one."
    )
    access_review_days: int = Field(30, ge=1, le=180, description="How long a review may take before it is overdue, in days.")
    hr_change_working_days: int = Field(
        3, ge=1, le=60, description="In how many working days a change of staff must have been carried out before it is alarming."
    )
    holidays: frozenset[date] = Field(
        frozenset(), description="Days off beside weekends, 1 January, 30 April, 1 May and 2 September (Tết, days in lieu), as JSON."
    )

    session_staff_seconds: int = Field(12 * 3600, ge=60, description="Absolute lifetime of a browser session, in seconds.")
    session_staff_idle_seconds: int = Field(3600, ge=60, description="Idle lifetime of a staff session, in seconds.")
    session_administrator_idle_seconds: int = Field(900, ge=60, description="Idle lifetime of an administrator's session, in seconds.")
    session_shared_pc_seconds: int = Field(3600, ge=60, description="Absolute lifetime on a shared computer, in seconds.")
    session_shared_pc_idle_seconds: int = Field(900, ge=60, description="Idle lifetime on a shared computer, in seconds.")
    second_factor_from: date | None = Field(
        None,
        description="From this day on everybody signs in with two factors; before it, or without it, only where an application or a role "
        "asks for them.",
    )
    second_factor_delays: int = Field(
        3, ge=0, le=10, description="How often somebody without a factor may put enrolling off from that day on, once a day."
    )
    smtp_url: SecretStr | None = Field(
        None,
        description="The mail server: smtps://[user:password@]host[:465], or smtp://[user:password@]host[:587], which must then offer "
        "STARTTLS unless it is on loopback. Without it no mail is sent.",
    )
    mail_from: str | None = Field(None, description="Address that mails come from; needed with HOPNHAT_SMTP_URL.")
    trusted_browser_seconds: int = Field(
        12 * 3600,
        ge=0,
        le=86400,
        description="How long staff may call a browser trusted, in seconds: there the second factor that only HOPNHAT_SECOND_FACTOR_FROM "
        "asks for is not asked for again. 0: never.",
    )
    activation_slips: bool = Field(
        True,
        description="Whether the first second factor can be enrolled only with the code of an activation slip, which an officer prints at the "
        "console after checking who it is for. Without slips the password is enough, also for somebody else who knows it.",
    )
    mirror_seconds: int = Field(
        8 * 3600,
        ge=300,
        description="How old the last reading of somebody's own source may be for them to sign in by a passkey alone, or to stay signed in "
        "longer than this after a password, in seconds: nobody else asks the directory whether they still work here.",
    )
    proofing_days: int = Field(
        1826,
        ge=0,
        le=36525,
        description="How long it holds that an officer has made sure who somebody is (rung B3), in days; 0: until it is withdrawn.",
    )
    emergency_networks: tuple[str, ...] = Field(
        ("127.0.0.0/8", "::1/128"),
        description="From which networks the page of emergency access can be opened, as JSON; from elsewhere there is no such page. "
        "[]: from nowhere.",
    )
    emergency_seconds: int = Field(
        3600, ge=300, le=4 * 3600, description="How long the sealed password of an emergency account opens the console, in seconds."
    )
    emergency_alarm_addresses: tuple[str, ...] = Field(
        (),
        description="Mail addresses told at once when an emergency account is used, beside every administrator of the province, as JSON.",
    )
    network_names: dict[str, str] = Field(
        {}, description="Names of the province's networks, as JSON: network (10.1.0.0/16) to name, shown instead of bare addresses."
    )
    sign_in_seconds: int = Field(1800, ge=60, description="How long a started sign-in can be finished, in seconds.")
    authorization_code_seconds: int = Field(60, ge=10, le=600, description="Lifetime of an authorization code, in seconds.")
    access_token_seconds: int = Field(600, ge=60, le=3600, description="Lifetime of an access token, in seconds.")
    id_token_seconds: int = Field(600, ge=60, le=3600, description="Lifetime of an ID token, in seconds.")
    refresh_token_idle_seconds: int = Field(12 * 3600, ge=60, description="A refresh token unused for this long is dead, in seconds.")
    refresh_token_seconds: int = Field(30 * 86400, ge=60, description="A chain of refresh tokens ends after this long, in seconds.")
    dpop_nonce_seconds: int = Field(
        0, ge=0, le=3600, description="How long a nonce given to a client for its DPoP proofs is good, in seconds; 0: none is asked for."
    )

    signing_key_days: int = Field(
        90, ge=0, le=3650, description="A signing key is replaced by the worker after so many days; 0: only by `hopnhat keys rotate`."
    )
    saml: bool = Field(
        False,
        description="Whether applications that speak SAML 2.0 may sign people in here (docs/saml.md); what reads XML is not loaded without.",
    )
    saml_session_seconds: int = Field(
        3600,
        ge=300,
        le=12 * 3600,
        description="For how long a SAML application may keep somebody without asking again, in seconds: it cannot be told when they leave.",
    )
    session_management: bool = Field(
        True, description="Whether applications may ask in an iframe whether the sign-in has changed (OpenID Connect Session Management)."
    )
    device_code_seconds: int = Field(600, ge=60, le=1800, description="How long a code shown by a device can be entered, in seconds.")
    device_poll_seconds: int = Field(5, ge=1, le=60, description="Pause that a device makes between two questions, in seconds.")

    client_requests_per_minute: int = Field(
        3000,
        ge=10,
        le=1_000_000,
        description="How many authorization requests, and how many devices, one confidential client may announce in a minute; a hundred times that "
        "in a day.",
    )
    client_tokens_per_minute: int = Field(
        120_000, ge=10, le=10_000_000, description="How many tokens of its own and exchanged ones one client may get in a minute."
    )

    outbound_allow: Annotated[frozenset[str], NoDecode] = Field(
        frozenset(),
        description="host or host:port, comma separated: private addresses that fetches by the server may reach, for clients that an administrator has registered or given an initial access token.",
    )
    outbound_ca_file: Path | None = Field(None, description="Extra CA certificates for fetches by the server.")
    client_certificate_header: str | None = Field(
        None,
        pattern=r"^[A-Za-z][A-Za-z0-9-]{0,63}$",
        description="Header in which the reverse proxy hands on a client's TLS certificate (RFC 9440, or nginx's escaped PEM); the proxy "
        "must overwrite it. Believed only with HOPNHAT_TRUSTED_PROXIES.",
    )
    client_certificate_ca_file: Path | None = Field(
        None, description="CA certificates that issue certificates to clients (PEM); without it tls_client_auth is not offered."
    )
    mtls_url: str | None = Field(
        None, description="Base URL under which the proxy asks clients for a certificate; discovery tells it as mtls_endpoint_aliases."
    )
    registration: Literal["off", "token", "open"] = Field(
        "token", description="Who may register clients at /register: nobody, whoever holds an initial access token, or everybody."
    )
    new_clients_entry: Literal["everybody", "nobody"] = Field(
        "everybody",
        description="Who may enter an application that is registered by the command line, a file or itself, until rules say more. "
        "One that is registered at the console opens to nobody.",
    )
    registration_requires_pkce: bool = Field(
        True, description="Whether confidential clients that register themselves must use PKCE too; public ones always must."
    )
    software_statement_issuers: dict[str, str] = Field(
        {}, description="Whose software statements are believed at registration, as JSON: issuer to the URL of its JWK set."
    )
    trusted_proxies: int = Field(
        0, ge=0, le=5, description="How many reverse proxies stand in front and set X-Forwarded-*; 0 ignores them."
    )

    metrics_token: SecretStr | None = Field(
        None,
        min_length=16,
        description="Who may read /metrics from another machine: whoever sends this as a bearer token. Programs on this machine need none, "
        "unless a proxy stands in front.",
    )

    tracker_recent_days: int = Field(30, ge=1, description="N of the tracker: a two-factor sign-in within so many days counts, in days.")
    tracker_entry_days: int = Field(
        90, ge=1, description="W of the tracker: a system counts as used through the provider when entered within so many days, in days."
    )
    tracker_counts_contract_staff: bool = Field(
        False, description="Whether contract staff (hợp đồng) belong to the denominator of the tracker; printed under every figure."
    )
    tracker_milestones: tuple[Milestone, ...] = Field(
        (Milestone(by=date(2026, 12, 31), percent=50), Milestone(by=date(2030, 12, 31), percent=100)),
        description="Dated targets of the tracker, as JSON.",
    )
    tracker_public: bool = Field(
        False, description="Whether everybody may read the tracker's figures of ten people or more, at /public/enrollment."
    )
    log_level: str = Field("INFO", pattern="^(DEBUG|INFO|WARNING|ERROR)$", description="Least severity that is logged.")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - no .env: one place less to look
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments win over the environment, the environment over the TOML file.

        The file is named by HOPNHAT_CONFIG (empty: none); without that variable it is instance/hopnhat.toml, where there is one.
        """
        named = os.environ.get(PREFIX + "CONFIG")
        file = DEFAULT_FILE if named is None else Path(named) if named else None
        toml = () if file is None else (TomlConfigSettingsSource(settings_cls, file),)
        return (init_settings, env_settings, *toml)

    @field_validator("outbound_allow", mode="before")
    @classmethod
    def _split_hosts(cls, value: object) -> object:
        return frozenset(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @field_validator("emergency_networks")
    @classmethod
    def _check_emergency_networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for text in value:
            ip_network(text)
        return value

    @field_validator("network_names")
    @classmethod
    def _check_network_names(cls, value: dict[str, str]) -> dict[str, str]:
        for text in value:
            ip_network(text)
        return value

    @field_validator("mtls_url")
    @classmethod
    def _check_mtls_url(cls, value: str | None) -> str | None:
        return value if value is None else cls._check_issuer(value)

    @field_validator("issuer")
    @classmethod
    def _check_issuer(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in ("https", "http") or not parts.hostname or parts.query or parts.fragment or value.endswith("/"):
            raise ValueError("must be an absolute URL without query, fragment or trailing slash")
        if parts.scheme == "http" and parts.hostname not in LOOPBACK_HOSTS:
            raise ValueError("plain http is for loopback only; use https")
        return value

    @field_validator("ldap_url")
    @classmethod
    def _check_ldap_url(cls, value: str | None) -> str | None:
        for url in _split_urls(value):
            parts = urlsplit(url)
            if parts.scheme not in ("ldap", "ldaps") or not parts.hostname:
                raise ValueError("must be ldaps://host[:port], or ldap:// on loopback")
            if parts.scheme == "ldap" and parts.hostname not in LOOPBACK_HOSTS:
                raise ValueError("unencrypted ldap:// is for loopback only; use ldaps://")
        return value

    @field_validator("smtp_url")
    @classmethod
    def _check_smtp_url(cls, value: SecretStr | None) -> SecretStr | None:
        parts = urlsplit(value.get_secret_value()) if value else None
        if parts is not None and (parts.scheme not in ("smtp", "smtps") or not parts.hostname):
            raise ValueError("must be smtps://host[:port] or smtp://host[:port]")
        return value

    @field_validator("sealing_keys")
    @classmethod
    def _check_sealing_keys(cls, value: SecretStr) -> SecretStr:
        SealingKeys(value.get_secret_value())
        return value

    @model_validator(mode="after")
    def _check_ldap_whole(self) -> Self:
        if self.ldap_url and not (self.ldap_bind_dn and self.ldap_bind_password and self.ldap_base_dn):
            raise ValueError("HOPNHAT_LDAP_URL needs HOPNHAT_LDAP_BIND_DN, HOPNHAT_LDAP_BIND_PASSWORD and HOPNHAT_LDAP_BASE_DN as well")
        return self

    @model_validator(mode="after")
    def _check_mail_whole(self) -> Self:
        if self.smtp_url and "@" not in (self.mail_from or ""):
            raise ValueError("HOPNHAT_SMTP_URL needs HOPNHAT_MAIL_FROM as well")
        return self

    @property
    def ldap_urls(self) -> tuple[str, ...]:
        """The servers of the directory, in the order in which they are asked."""
        return _split_urls(self.ldap_url)

    @property
    def is_https(self) -> bool:
        """Whether browsers reach this provider over TLS: then cookies are Secure and carry the __Host- prefix."""
        return self.issuer.startswith("https://")


def _split_urls(value: str | None) -> tuple[str, ...]:
    return tuple((value or "").replace(",", " ").split())


def read_settings(**given: Any) -> Settings:
    """Read the settings; keyword arguments win. Raises SettingsMistaken naming every mistake at once."""
    try:
        return Settings(**given)
    except ValidationError as error:
        lines = [f"  {PREFIX}{'.'.join(str(part) for part in e['loc']).upper() or '*'}: {e['msg']}" for e in error.errors()]
        raise SettingsMistaken("The settings are not complete:\n" + "\n".join(lines)) from None


def current_settings() -> Settings:
    """The settings of the running application."""
    settings: Settings = this_application().extensions["hopnhat.settings"]
    return settings
