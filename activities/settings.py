"""What an installation sets, read once from ``SANZHANG_*`` by the composition root and handed on.

Rules of the domain (terms, ladders, quiet hours) are policy, versioned in the database, and are not settings.
"""

from __future__ import annotations

import base64
import difflib
import re
from collections.abc import Mapping
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    model_validator,
)

from schemas.kernel.errors import UserError
from schemas.media_types import ATTACHABLE

PREFIX: Final = "SANZHANG_"

NOT_SETTINGS: Final = frozenset({"SANZHANG_SHARED_DATA", "SANZHANG_READY_FILE"})
"""Variables with our prefix that are no settings: where the tests find the real workbooks, and the file by which a
worker tells ``up`` that it serves.
"""


def _words(value: Any) -> Any:
    # blanks, because the URLs of Apprise may hold commas
    return value.split() if isinstance(value, str) else value


def _expanded(path: Path) -> Path:
    return path.expanduser()


def _dsn(dsn: SecretStr) -> SecretStr:
    if not re.match(r"postgresql(\+asyncpg)?://", dsn.get_secret_value()):
        raise ValueError("not a PostgreSQL DSN")
    return dsn


def _web(url: SecretStr) -> SecretStr:
    if not re.match(r"https?://[^/\s]+", url.get_secret_value()):
        raise ValueError("not a web address")
    return url


def _nats(url: SecretStr) -> SecretStr:
    if not re.match(r"(nats|tls)://[^/\s]+", url.get_secret_value()):
        raise ValueError("not the address of a NATS server")
    return url


def _signing(secret: SecretStr) -> SecretStr:
    text = secret.get_secret_value().removeprefix("whsec_")
    try:
        enough = len(base64.b64decode(text, validate=True)) >= 24
    except ValueError:
        enough = False
    if not enough:
        raise ValueError("not a Standard Webhooks secret")
    return secret


def _network(said: Any) -> Any:
    return ip_network(said, strict=False) if isinstance(said, str) else said


def _bound(said: SecretStr) -> SecretStr:
    sources, between, secret = said.get_secret_value().rpartition("=whsec_")
    if between and not all(sources.split(",")):
        raise ValueError("an empty source")
    _signing(SecretStr(f"whsec_{secret}" if between else secret))
    return said


def _origin(name: str) -> str:
    # C2SP signed-note: the name of a key holds no blanks and no plus sign, and a checkpoint's first line is that name
    if any(char.isspace() or char == "+" or not char.isprintable() for char in name):
        raise ValueError("not an origin")
    return name


_Folder = Annotated[Path, AfterValidator(_expanded)]


class Settings(BaseModel):
    """Frozen; what must stay secret is ``SecretStr`` and never shows in ``repr`` or logs. Durations are in
    seconds.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    data_dir: _Folder = Path("var") / "sanzhang"
    """Everything of the one-machine installation: engine, database, keys, runtime.json."""
    temporal: Annotated[str | None, Field(pattern=r"^[^\s:/]+:\d{1,5}$")] = None
    """``host:port``; unset: found through ``runtime.json`` in the data folder."""
    namespace: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{1,254}$")] = "sanzhang"
    database_dsn: Annotated[SecretStr, AfterValidator(_dsn)] | None = None
    """Unset: found through ``runtime.json`` in the data folder."""
    engine_ui: bool = False
    """Whether ``sanzhang up`` opens the screen of the embedded engine, which asks nobody who they are."""
    log_format: Literal["console", "json"] = "console"
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    keys: SecretStr | None = None
    """``k2:BASE64,k1:BASE64``, newest first; unset: the key file."""
    key_file: _Folder | None = None
    """Unset: ``keys.json`` in the data folder."""
    audit_keys: SecretStr | None = None
    """The ring that seals archived histories, as ``keys``; unset: the audit key file."""
    audit_key_file: _Folder | None = None
    """Unset: ``audit-keys.json`` in the data folder."""
    signing_key: SecretStr | None = None
    """Base64 of the 32 bytes from which the Ed25519 key of checkpoints is made; unset: the signing key file."""
    signing_key_file: _Folder | None = None
    """Unset: ``signing-key.json`` in the data folder."""
    checkpoint_store: Annotated[str, Field(min_length=1)] | None = None
    """Where checkpoints are kept outside the database: a folder, or an address such as ``s3://bucket/path``; unset: ``checkpoints`` in the data folder."""
    log_origin: Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_origin)] = "sanzhang"
    """Whose checkpoints these are: the first line of each, and the name of their key."""
    hash_algorithm: Literal["sha256", "sm3"] = "sha256"
    """What new links, seals and checkpoints are hashed with; each record names its own."""
    notice_apprise_urls: Annotated[tuple[SecretStr, ...], BeforeValidator(_words)] = ()
    notice_webhook_urls: Annotated[tuple[Annotated[SecretStr, AfterValidator(_web)], ...], BeforeValidator(_words)] = ()
    notice_webhook_secret: Annotated[SecretStr, AfterValidator(_signing)] | None = None
    """Standard Webhooks: ``whsec_`` and base64 of at least 24 bytes."""
    events_secret: Annotated[tuple[Annotated[SecretStr, AfterValidator(_bound)], ...], BeforeValidator(_words)] = ()
    """Standard Webhooks secrets by which upstream systems sign their events, the newest first, each with the sources it speaks for:
    ``/hotline/12345=whsec_…``, several by commas, ``/hotline/*`` for all that begin so. Unset: no events are taken by HTTP."""
    events_sources: Annotated[tuple[str, ...], BeforeValidator(_words)] = ()
    """The sources for which secrets without any of their own speak; ``*`` for every one."""
    trusted_proxies: Annotated[
        tuple[Annotated[IPv4Network | IPv6Network, BeforeValidator(_network)], ...], BeforeValidator(_words)
    ] = ()
    """Addresses and networks of proxies that are believed whom they hand on (``X-Forwarded-For``, ``-Proto``, ``-Host``)."""
    attachment_store: Annotated[str, Field(min_length=1)] | None = None
    """Where attachments lie, sealed: a folder, or an address such as ``s3://bucket/path``; unset: ``attachments`` in the data folder."""
    attachment_limit: Annotated[int, Field(ge=1_000, le=1_000_000_000)] = 20_000_000
    """Bytes of one attachment."""
    attachment_case_limit: Annotated[int, Field(ge=1_000)] = 200_000_000
    """Bytes of all attachments of one case."""
    attachment_day_limit: Annotated[int, Field(ge=1_000)] = 1_000_000_000
    """Bytes one person may attach within a day."""
    attachment_total_limit: Annotated[int, Field(ge=1_000)] = 1_000_000_000_000
    """Bytes of all attachments of the installation."""
    attachment_free_space: Annotated[int, Field(ge=0)] = 1_000_000_000
    """Bytes that stay free where attachments lie in a folder: the database may be on the same disk."""
    attachment_types: Annotated[tuple[str, ...], BeforeValidator(_words)] = tuple(ATTACHABLE)
    """Media types that may be attached, separated by blanks."""
    attachment_scan: Annotated[tuple[str, ...], BeforeValidator(_words)] = ()
    """A command that is given each attachment on its standard input: it ends with 0 for a clean one and with 1 for one to be refused."""
    nats_url: Annotated[SecretStr, AfterValidator(_nats)] | None = None
    """``nats://host:port`` of the JetStream from which events are taken."""
    nats_stream: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,100}$")] = "PETITIONS"
    nats_subject: Annotated[str, Field(pattern=r"^[^\s]{1,200}$")] = "petitions.filed"
    kafka_servers: Annotated[str, Field(pattern=r"^[^\s:,]+:\d{1,5}(,[^\s:,]+:\d{1,5})*$")] | None = None
    """``host:port,host:port`` of the brokers from which events are taken."""
    kafka_topic: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,200}$")] = "petitions.filed"
    max_cached_workflows: Annotated[int, Field(ge=1, le=1_000_000)] = 5_000
    """Larger than the cases in motion: a smaller cache costs a factor of 3-4. One idle case is at most 100 kB. Never 0: with no cache at all
    the SDK gives a task back while its local activity runs, and several cases at once hold each other up.
    """
    sticky_timeout: Annotated[float, Field(gt=0, le=60)] = 2.0
    """How long a case waits for the worker that knew it before another takes over."""
    max_concurrent_workflow_tasks: Annotated[int, Field(ge=2, le=10_000)] = 200
    max_concurrent_activities: Annotated[int, Field(ge=1, le=10_000)] = 100
    max_concurrent_local_activities: Annotated[int, Field(ge=1, le=10_000)] = 100
    unsandboxed: bool = False
    """Workflows without the sandbox: production only."""
    reading_processes: Annotated[int, Field(ge=1, le=64)] = 2
    """Processes in which a gateway reads long texts, so that nobody else waits for them; each takes 150 MB."""
    taxonomy_file: _Folder | None = None
    """The category taxonomy of this installation; unset: the one that ships."""
    syslog: Annotated[str, Field(pattern=r"^(udp|tcp|tls)://[^/\s@?#]+/?$")] | None = None
    """Where the security trail goes besides (RFC 5424): ``udp://host:514``, ``tcp://…``, ``tls://…``; unset: nowhere."""
    syslog_ca: Annotated[Path, AfterValidator(_expanded)] | None = None
    """The certificates by which a ``tls://`` receiver is known; unset: the system's."""
    hosts: Annotated[tuple[str, ...], BeforeValidator(_words)] = ()
    """Host names under which the gateway is called, separated by blanks; unset: whatever a request says."""
    metrics: Literal["local", "token"] = "local"
    """Who reads ``/metrics``: this machine itself and others by a token, or nobody without one (behind a proxy on this machine)."""
    oidc_issuer: Annotated[str, Field(pattern=r"^https?://[^/\s]+\S*$")] | None = None
    """The organisation's identity provider (OpenID Connect); unset: local accounts only."""
    oidc_client_id: Annotated[str, Field(min_length=1)] | None = None
    oidc_client_secret: SecretStr | None = None
    """Unset: a public client, which PKCE protects."""
    oidc_claim: Annotated[str, Field(min_length=1)] = "preferred_username"
    """The claim that holds the person's id of the organisation."""

    @property
    def key_file_path(self) -> Path:
        """Where the key file is or will be."""
        return self.key_file if self.key_file is not None else self.data_dir / "keys.json"

    @property
    def audit_key_file_path(self) -> Path:
        """Where the audit key file is or will be."""
        return self.audit_key_file if self.audit_key_file is not None else self.data_dir / "audit-keys.json"

    @property
    def signing_key_file_path(self) -> Path:
        """Where the signing key file is or will be."""
        return self.signing_key_file if self.signing_key_file is not None else self.data_dir / "signing-key.json"

    @property
    def checkpoint_place(self) -> str:
        """The folder or address of the checkpoints."""
        return self.checkpoint_store or str(self.data_dir.absolute() / "checkpoints")

    @property
    def attachment_place(self) -> str:
        """The folder or address of the attachments."""
        return self.attachment_store or str(self.data_dir.absolute() / "attachments")

    @model_validator(mode="after")
    def _agree(self) -> Self:
        for held, file in (("keys", "key_file"), ("audit_keys", "audit_key_file"), ("signing_key", "signing_key_file")):
            if getattr(self, held) is not None and getattr(self, file) is not None:
                raise ValueError(f"{held} {file}")
        if self.notice_webhook_urls and self.notice_webhook_secret is None:
            raise ValueError("notice_webhook_secret")
        if (self.oidc_issuer is None) != (self.oidc_client_id is None):
            raise ValueError("oidc_client_id")
        return self

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> Settings:
        """Read ``SANZHANG_<FIELD>``; an empty value counts as unset.

        Raise ``UserError`` ``setting_unknown`` for a name with our prefix that is no setting,
        ``setting_invalid`` for a value that cannot be; secret values are never quoted.
        """
        known = {PREFIX + name.upper(): name for name in cls.model_fields}
        values: dict[str, str] = {}
        for variable, value in sorted(environ.items()):
            if not variable.startswith(PREFIX) or variable in NOT_SETTINGS:
                continue
            if variable not in known:
                raise _unknown(variable, list(known))
            if value.strip():
                values[known[variable]] = value.strip()
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            first = error.errors(include_url=False, include_context=True, include_input=False)[0]
            location = first["loc"]
            if location:
                raise _invalid(str(location[0]), values) from None
            raise _contradiction(str(first.get("ctx", {}).get("error", ""))) from None


_EXPECTED: Final[dict[str, tuple[str, str]]] = {
    "temporal": ("应为 主机:端口，如 127.0.0.1:7233", "write host:port, such as 127.0.0.1:7233"),
    "namespace": ("只能用字母、数字、点、横线和下划线", "use letters, digits, dots, dashes and underscores"),
    "database_dsn": ("应以 postgresql:// 开头", "it must begin with postgresql://"),
    "log_format": ("应为 console 或 json", "write console or json"),
    "log_level": ("应为 debug、info、warning 或 error", "write debug, info, warning or error"),
    "notice_webhook_urls": (
        "应为以空格分隔的 http(s) 地址",
        "write http(s) addresses separated by blanks",
    ),
    "notice_webhook_secret": (
        "应为 whsec_ 加至少 24 字节的 BASE64",
        "write whsec_ and the base64 of at least 24 bytes",
    ),
    "events_secret": (
        "应为“来源=whsec_”加至少 24 字节的 BASE64，多个以空格分隔",
        "write SOURCE=whsec_ and the base64 of at least 24 bytes; separate several by blanks",
    ),
    "trusted_proxies": (
        "应为 IP 地址或网段，如 10.0.0.5 192.0.2.0/24，以空格分隔",
        "write addresses or networks, such as 10.0.0.5 192.0.2.0/24, separated by blanks",
    ),
    "attachment_case_limit": ("应为字节数", "write a number of bytes"),
    "attachment_day_limit": ("应为字节数", "write a number of bytes"),
    "attachment_total_limit": ("应为字节数", "write a number of bytes"),
    "attachment_free_space": ("应为字节数", "write a number of bytes"),
    "reading_processes": ("应为 1 到 64 的整数", "write a whole number from 1 to 64"),
    "attachment_limit": ("应为 1000 到 1000000000 的字节数", "write a number of bytes from 1000 to 1000000000"),
    "nats_url": ("应以 nats:// 或 tls:// 开头", "it must begin with nats:// or tls://"),
    "kafka_servers": ("应为 主机:端口，多个以逗号分隔", "write host:port, separated by commas"),
    "max_cached_workflows": (
        "应为 1 到 1000000 的整数；0（完全不缓存）会使同时办理的案件互相等待",
        "write a whole number from 1 to 1000000; with 0, no cache at all, cases at work at once wait for each other",
    ),
    "sticky_timeout": ("应为大于 0、不超过 60 的秒数", "write seconds above 0 and up to 60"),
    "max_concurrent_workflow_tasks": ("应为 2 到 10000 的整数", "write a whole number from 2 to 10000"),
    "max_concurrent_activities": ("应为 1 到 10000 的整数", "write a whole number from 1 to 10000"),
    "max_concurrent_local_activities": ("应为 1 到 10000 的整数", "write a whole number from 1 to 10000"),
    "unsandboxed": ("应为 true 或 false", "write true or false"),
    "log_origin": ("不能含空白或加号，最长 200 个字符", "no blanks and no plus signs, at most 200 characters"),
    "hash_algorithm": ("应为 sha256 或 sm3", "write sha256 or sm3"),
    "metrics": ("应为 local 或 token", "write local or token"),
    "oidc_issuer": ("应为 https:// 开头的地址", "write an address that begins with https://"),
}

_SECRET: Final = frozenset(
    {
        "database_dsn",
        "keys",
        "audit_keys",
        "signing_key",
        "notice_apprise_urls",
        "notice_webhook_urls",
        "notice_webhook_secret",
        "events_secret",
        "nats_url",
    }
)


def _unknown(variable: str, known: list[str]) -> UserError:
    near = difflib.get_close_matches(variable, known, n=1, cutoff=0.0)[0]
    return UserError(
        "setting_unknown",
        zh=f"没有名为 {variable} 的设置，最接近的是 {near}。请改正名称或取消该环境变量。",
        en=f"There is no setting {variable}; the nearest is {near}. Correct the name or unset the variable.",
        variable=variable,
        nearest=near,
    )


def _invalid(field: str, values: Mapping[str, str]) -> UserError:
    variable = PREFIX + field.upper()
    zh, en = _EXPECTED.get(field, ("格式不对", "it has the wrong form"))
    given = "" if field in _SECRET else values.get(field, "")[:80]
    return UserError(
        "setting_invalid",
        zh=f"设置 {variable} 的值{f'“{given}”' if given else ''}无效：{zh}。",
        en=f"The value{f' {given!r}' if given else ''} of {variable} is not valid: {en}.",
        variable=variable,
    )


def _contradiction(field: str) -> UserError:
    field, _, other = field.partition(" ")
    if other:
        one, two = PREFIX + field.upper(), PREFIX + other.upper()
        zh = f"{one} 与 {two} 不能同时设置，请只保留一个。"
        en = f"{one} and {two} cannot both be set; keep one."
    elif field == "oidc_client_id":
        zh = "SANZHANG_OIDC_ISSUER 与 SANZHANG_OIDC_CLIENT_ID 须同时设置。"
        en = "SANZHANG_OIDC_ISSUER and SANZHANG_OIDC_CLIENT_ID belong together; set both."
    else:
        zh = "设置了 SANZHANG_NOTICE_WEBHOOK_URLS 就必须设置 SANZHANG_NOTICE_WEBHOOK_SECRET，以便接收方验证签名。"
        en = "SANZHANG_NOTICE_WEBHOOK_URLS needs SANZHANG_NOTICE_WEBHOOK_SECRET, so that receivers can verify."
    return UserError("setting_invalid", zh=zh, en=en, variable=PREFIX + field.upper())
