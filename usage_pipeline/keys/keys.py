"""Makes, lists, revokes and recognises keys."""

import hashlib
import hmac
import re
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection, RowMapping, select

from usage_pipeline.errors import QueryError
from usage_pipeline.keys.tables import API_KEYS
from usage_pipeline.storage.schema import warehouse_table

api_keys = warehouse_table(API_KEYS)

PREFIX = "up"
"""What every key begins with, so that scanners of secrets find keys in code and logs."""
_ID_BYTES, _SECRET_BYTES = 6, 32
_LONGEST_NAME = 100
_SHOWN = re.compile(rf"{PREFIX}_([0-9a-f]{{{2 * _ID_BYTES}}})_([A-Za-z0-9_-]+)")


class Scope(StrEnum):
    """What a key may read."""

    TENANT = "tenant"
    """The numbers and records of its tenant."""
    PLATFORM = "platform"
    """Those of all tenants, and what only operators need."""
    CONTENT = "content"
    """Texts of runs, too."""


@dataclass(frozen=True)
class Key:
    """A key without its secret."""

    key_id: str
    name: str
    tenant_id: str | None
    """None for all tenants."""
    scopes: frozenset[Scope]
    created_at: datetime
    created_by: str
    expires_at: datetime | None
    revoked_at: datetime | None

    def is_valid(self, now: datetime) -> bool:
        """Return True if it is neither revoked nor expired."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


@dataclass(frozen=True)
class NewKey:
    """What a key is made from. Raises QueryError if tenant and scopes contradict each other."""

    name: str
    tenant_id: str | None
    scopes: frozenset[Scope]
    created_by: str
    expires_at: datetime | None = None

    def __post_init__(self) -> None:
        """Refuse a key for all tenants without the scope for it, and one that is for both."""
        if (self.tenant_id is None) != (Scope.PLATFORM in self.scopes):
            raise QueryError("A key is for one tenant, or has the scope `platform` for all; give one of them.")
        if self.tenant_id is not None and Scope.TENANT not in self.scopes:
            raise QueryError("A key for a tenant has the scope `tenant`.")
        if not self.name.strip():
            raise QueryError("A key has a name that says what it is for.")
        if len(self.name) > _LONGEST_NAME or not self.name.isprintable():
            most = f"one line of at most {_LONGEST_NAME} characters"
            raise QueryError(f"The name of a key is {most}; this one has {len(self.name):,}.")


def create_key(connection: Connection, new: NewKey, now: datetime) -> str:
    """Keep a key, and return what its holder shows: the only time that anybody sees it.

    Raises QueryError for a key that has expired already.
    """
    if new.expires_at is not None and new.expires_at <= now:
        raise QueryError(f"A key that expires at {new.expires_at:%Y-%m-%d %H:%M:%S} UTC has expired already.")
    key_id, secret = secrets.token_hex(_ID_BYTES), secrets.token_urlsafe(_SECRET_BYTES)
    row = {
        **vars(new),
        "key_id": key_id,
        "scopes": ",".join(sorted(new.scopes)),
        "secret_digest": digest_of(secret),
        "created_at": now,
        "revoked_at": None,
    }
    connection.execute(api_keys.insert().values(row))
    return f"{PREFIX}_{key_id}_{secret}"


def recognise(connection: Connection, shown: str, now: datetime) -> Key | None:
    """Return the key that is shown; None if there is none like it, or if it is no longer valid."""
    found = _SHOWN.fullmatch(shown)
    if found is None:
        return None
    key_id, secret = found.groups()
    row = connection.execute(select(api_keys).where(api_keys.c.key_id == key_id)).mappings().one_or_none()
    if row is None or not hmac.compare_digest(row["secret_digest"], digest_of(secret)):
        return None
    key = key_of(row)
    return key if key.is_valid(now) else None


def id_of(shown: str) -> str:
    """Return the id of a key that is shown, which is no secret."""
    return shown.split("_")[1]


def list_keys(connection: Connection) -> list[Key]:
    """Return all keys, the newest last."""
    rows = connection.execute(select(api_keys).order_by(api_keys.c.created_at, api_keys.c.key_id)).mappings()
    return [key_of(row) for row in rows]


def revoke_key(connection: Connection, key_id: str, now: datetime) -> Key:
    """Revoke a key, and return it as it was before: what was revoked already stays as it is.

    Raises QueryError if there is none like it.
    """
    is_it = api_keys.c.key_id == key_id
    row = connection.execute(select(api_keys).where(is_it).with_for_update()).mappings().one_or_none()
    if row is None:
        raise QueryError(f"There is no key {key_id!r}; `usage-pipeline keys list` has their ids.")
    if row["revoked_at"] is None:
        connection.execute(api_keys.update().where(is_it).values(revoked_at=now))
    return key_of(row)


def key_of(row: RowMapping) -> Key:
    """Return the key of a row that has the columns of the table."""
    values = {name: row[name] for name in API_KEYS.column_names if name not in {"secret_digest", "scopes"}}
    return Key(**values, scopes=_scopes(row["scopes"].split(",")))


def _scopes(names: Collection[str]) -> frozenset[Scope]:
    return frozenset(map(Scope, names))


def digest_of(secret: str) -> str:
    """Return what the tables keep of a secret."""
    return hashlib.sha256(secret.encode()).hexdigest()
