from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Connection, text

from usage_pipeline.keys.keys import Key, NewKey, Scope, create_key, recognise, revoke_key
from usage_pipeline.keys.sessions import Session, end_session, find_session, open_session
from usage_pipeline.storage.opened import Storage

NOW = datetime(2026, 6, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


def new_key(connection: Connection, expires_at: datetime | None = None) -> Key:
    shown = create_key(connection, NewKey("ann", "acme", frozenset({Scope.TENANT}), "ann", expires_at), NOW)
    found = recognise(connection, shown, NOW)
    assert found is not None
    return found


def test_a_session_stands_for_its_key_until_it_ends(storage: Storage) -> None:
    with storage.warehouse.begin() as connection:
        key = new_key(connection)
        opened = open_session(connection, key, NOW, HOUR)
        assert opened == Session(opened.secret, key, NOW + HOUR)
        assert find_session(connection, opened.secret, NOW + HOUR - timedelta(microseconds=1)) == opened
        assert find_session(connection, opened.secret, NOW + HOUR) is None
        assert find_session(connection, f"{opened.secret}x", NOW) is None
        end_session(connection, opened.secret)
        assert find_session(connection, opened.secret, NOW) is None


def test_a_session_ends_with_its_key(storage: Storage) -> None:
    with storage.warehouse.begin() as connection:
        expiring = open_session(connection, new_key(connection, NOW + HOUR), NOW, 2 * HOUR)
        revoked = open_session(connection, new_key(connection), NOW, 2 * HOUR)
        assert expiring.expires_at == NOW + HOUR
        assert find_session(connection, expiring.secret, NOW + HOUR) is None
        revoke_key(connection, revoked.key.key_id, NOW)
        assert find_session(connection, revoked.secret, NOW) is None


def test_each_session_has_a_token_of_its_own(storage: Storage) -> None:
    with storage.warehouse.begin() as connection:
        key = new_key(connection)
        tokens = {open_session(connection, key, NOW, HOUR).csrf_token for _ in range(2)}
    assert len(tokens) == 2


@pytest.mark.parametrize("later", [timedelta(0), HOUR])
def test_the_database_has_no_secret_and_no_session_that_has_ended(storage: Storage, later: timedelta) -> None:
    with storage.warehouse.begin() as connection:
        first = open_session(connection, new_key(connection), NOW, HOUR)
        open_session(connection, first.key, NOW + later, HOUR)
        rows = (
            connection.execute(text("SELECT to_json(api_sessions)::text FROM usage.api_sessions")).scalars().all()
        )
    assert len(rows) == (1 if later else 2)
    assert not any(first.secret in row or first.csrf_token in row for row in rows)
