"""Reads `channels.yaml`: by which ways messages are sent, and to whom.

Secrets are not in the file, which names the variables of the environment that hold them.
"""

import base64
import binascii
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, TypeAlias
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, PlainValidator, SecretStr, model_validator

from usage_pipeline.errors import ReferenceFileError
from usage_pipeline.settings import PREFIX, Settings, secret_of
from usage_pipeline.words import did_you_mean, is_or_are
from usage_pipeline.yaml_file import parse_entry, parse_yaml, read_once

CHANNELS_FILE = "channels.yaml"
CONTACTS = "tenant_contacts"
"""Stands for the contacts that `tenants.yaml` has of the tenant of a message."""

_ADDRESS = re.compile(r"[^\s@<>()\[\],;:\"\\]+@[^\s@<>()\[\],;:\"\\]+")
_SIGNING_KEY_BYTES = range(24, 65)
_SIGNING_KEY_PREFIX = "whsec_"


def is_address(text: str) -> bool:
    """Return True for an address of e-mail alone, without a name, that a header can hold as it is."""
    return text.isprintable() and _ADDRESS.fullmatch(text) is not None


def _recipients(value: object) -> object:
    if isinstance(value, list) and value and all(isinstance(one, str) and is_address(one) for one in value):
        return tuple(dict.fromkeys(value))
    if value == CONTACTS:
        return value
    meant = did_you_mean(value, [CONTACTS]) if isinstance(value, str) else ""
    expected = f"expected {CONTACTS} or a list of addresses, such as [ops@example.com]"
    raise ValueError(f"{expected}; {meant}" if meant else expected)


def _variable(name: str) -> str:
    # The text of the file stays out of the message: it may be the secret itself.
    if not re.fullmatch(r"[A-Z_][A-Z0-9_]*", name):
        raise ValueError("expected the name of a variable of the environment, such as OPS_WEBHOOK_SECRET")
    return name


def _web_address(url: str) -> str:
    if not is_web_address(url):
        raise ValueError("expected an address that begins with https:// and has no password in it")
    return url


def is_web_address(url: str) -> bool:
    """Return True for an address of HTTP without a password in it."""
    try:
        parts = urlsplit(url)
        has_port = parts.port != 0
    except ValueError:
        return False
    is_whole = url.isprintable() and " " not in url and bool(parts.hostname) and has_port
    return is_whole and parts.scheme in {"http", "https"} and parts.username is None


def signing_key(secret: SecretStr) -> bytes | None:
    """Return the key of a secret in the form of Standard Webhooks; None if it is in another form."""
    encoded = secret.get_secret_value().removeprefix(_SIGNING_KEY_PREFIX)
    try:
        key = base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None
    return key if len(key) in _SIGNING_KEY_BYTES else None


Variable = Annotated[str, AfterValidator(_variable)]
Recipients: TypeAlias = Literal["tenant_contacts"] | tuple[str, ...]


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class EmailEntry(_Entry):
    """E-mail over the SMTP server of the settings."""

    type: Literal["email"]
    to: Annotated[Recipients, PlainValidator(_recipients)]

    def problem(self, settings: Settings) -> str | None:
        """Say what is missing to send through it; None if nothing is."""
        needed = ["smtp_host", "smtp_from", *(["smtp_password"] if settings.smtp_user else [])]
        missing = [f"{PREFIX}{name.upper()}" for name in needed if getattr(settings, name) is None]
        if missing:
            return f"{' and '.join(missing)} {is_or_are(len(missing))} not set"
        if settings.smtp_user and settings.smtp_security == "none":
            return "USAGE_SMTP_SECURITY is none, which would send the password of USAGE_SMTP_USER unprotected"
        return None


class WebhookEntry(_Entry):
    """A request by the Standard Webhooks scheme, signed with a key of the environment."""

    type: Literal["webhook"]
    url: Annotated[str, AfterValidator(_web_address)] | None = None
    url_env: Variable | None = None
    secret_env: Variable

    @model_validator(mode="after")
    def _one_url(self) -> "WebhookEntry":
        if (self.url is None) == (self.url_env is None):
            raise ValueError("expected either url or url_env, which names the variable that holds it")
        return self

    @property
    def target(self) -> str:
        """The address; only to be asked for without a problem."""
        return self.url or _value(self.url_env or "")

    @property
    def key(self) -> bytes:
        """The signing key; the same."""
        return signing_key(SecretStr(_value(self.secret_env))) or b""

    def problem(self, settings: Settings) -> str | None:  # noqa: ARG002 - as of the other types
        """Say what is missing to send through it; None if nothing is."""
        if missing := _missing(self.url_env, self.secret_env):
            return missing
        if not is_web_address(self.target):
            return f"{self.url_env} holds no address that begins with https:// and has no password in it"
        if not self.key:
            return f"{self.secret_env} holds no signing key: expected whsec_ and 24 to 64 bytes in base64"
        return None


class AppriseEntry(_Entry):
    """Any other service, by a URL of Apprise."""

    type: Literal["apprise"]
    url_env: Variable

    @property
    def target(self) -> str:
        """The URL; only to be asked for without a problem."""
        return _value(self.url_env)

    def problem(self, settings: Settings) -> str | None:  # noqa: ARG002 - as of the other types
        """Say what is missing to send through it; None if nothing is."""
        return _missing(self.url_env)


Entry: TypeAlias = EmailEntry | WebhookEntry | AppriseEntry
_TYPES: Mapping[str, type[EmailEntry] | type[WebhookEntry] | type[AppriseEntry]] = {
    "email": EmailEntry,
    "webhook": WebhookEntry,
    "apprise": AppriseEntry,
}


@read_once
def read_channels(file: Path, text: str) -> Mapping[str, Entry]:
    """Read the channels by name; none if there is no file.

    Raises ReferenceFileError, naming file, entry and key.
    """
    written = parse_yaml(file, text, ReferenceFileError)
    return {name: _parse(content, f"{file}: {name}") for name, content in written.items()}


def _parse(content: object, place: str) -> Entry:
    kind = content.get("type") if isinstance(content, dict) else None
    if isinstance(kind, str) and kind in _TYPES:
        return parse_entry(_TYPES[kind], content, place, ReferenceFileError)
    meant = did_you_mean(str(kind), _TYPES) or f"expected one of {', '.join(_TYPES)}."
    raise ReferenceFileError(
        f"{place}: type: {'it is missing' if kind is None else f'there is no type {kind!r}'}; {meant}"
    )


def _missing(*names: str | None) -> str | None:
    unset = [name for name in names if name is not None and secret_of(name) is None]
    return f"{' and '.join(unset)} {is_or_are(len(unset))} not set" if unset else None


def _value(variable: str) -> str:
    secret = secret_of(variable)
    return secret.get_secret_value() if secret else ""
