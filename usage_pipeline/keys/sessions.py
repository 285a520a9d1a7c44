"""Sessions of browsers: a key is exchanged for a secret that a cookie holds, so that scripts never see the key.

They are rows of a table instead of signed values. So the warehouse keeps no secret to sign with, a session can be
ended before its time, and its key, which each request looks up in any case, is found by the same query.
"""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, select

from usage_pipeline.keys.keys import Key, api_keys, digest_of, key_of
from usage_pipeline.keys.tables import API_SESSIONS
from usage_pipeline.storage.schema import warehouse_table

api_sessions = warehouse_table(API_SESSIONS)

_SECRET_BYTES = 32


@dataclass(frozen=True)
class Session:
    """A session that is valid."""

    secret: str
    """What the cookie holds."""
    key: Key
    expires_at: datetime

    @property
    def csrf_token(self) -> str:
        """What a request that changes something shows besides the cookie. It follows from the secret alone."""
        return hmac.new(self.secret.encode(), b"csrf", hashlib.sha256).hexdigest()


def open_session(connection: Connection, key: Key, now: datetime, lifetime: timedelta) -> Session:
    """Open a session that ends with its key or after this time, and remove those that have ended."""
    columns = api_sessions.c
    connection.execute(api_sessions.delete().where(columns.expires_at <= now))
    secret = secrets.token_urlsafe(_SECRET_BYTES)
    expires_at = min(now + lifetime, key.expires_at or now + lifetime)
    row = {
        "session_digest": digest_of(secret),
        "key_id": key.key_id,
        "created_at": now,
        "expires_at": expires_at,
    }
    connection.execute(api_sessions.insert().values(row))
    return Session(secret, key, expires_at)


def find_session(connection: Connection, secret: str, now: datetime) -> Session | None:
    """Return the session with this secret; None if there is none like it, or if it or its key has ended."""
    columns = api_sessions.c
    query = (
        select(api_keys, columns.expires_at.label("session_expires_at"))
        .join(api_sessions, columns.key_id == api_keys.c.key_id)
        .where(columns.session_digest == digest_of(secret), columns.expires_at > now)
    )
    row = connection.execute(query).mappings().one_or_none()
    if row is None:
        return None
    key = key_of(row)
    return Session(secret, key, row["session_expires_at"]) if key.is_valid(now) else None


def end_session(connection: Connection, secret: str) -> None:
    """End the session with this secret, if there is one."""
    connection.execute(api_sessions.delete().where(api_sessions.c.session_digest == digest_of(secret)))
