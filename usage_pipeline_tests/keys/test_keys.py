from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from usage_pipeline.errors import QueryError
from usage_pipeline.keys.keys import NewKey, Scope, create_key, list_keys, recognise, revoke_key
from usage_pipeline.storage.opened import Storage

NOW = datetime(2026, 6, 1, tzinfo=UTC)
TENANT = frozenset({Scope.TENANT})


def made(storage: Storage, new: NewKey) -> str:
    with storage.warehouse.begin() as connection:
        return create_key(connection, new, NOW)


def test_a_key_is_recognised_until_it_expires_or_is_revoked(storage: Storage) -> None:
    shown = made(storage, NewKey("gateway", "acme", TENANT, "ann", expires_at=NOW + timedelta(days=30)))
    with storage.warehouse.begin() as connection:
        key = recognise(connection, shown, NOW)
        assert key is not None
        assert (key.name, key.tenant_id, key.scopes) == ("gateway", "acme", TENANT)
        assert recognise(connection, shown, NOW + timedelta(days=30)) is None
        assert revoke_key(connection, key.key_id, NOW).revoked_at is None
        assert revoke_key(connection, key.key_id, NOW + timedelta(days=1)).revoked_at == NOW
        assert recognise(connection, shown, NOW) is None
        assert [listed.revoked_at for listed in list_keys(connection)] == [NOW]


def test_the_database_does_not_have_the_secret(storage: Storage) -> None:
    secret = made(storage, NewKey("gateway", "acme", TENANT, "ann")).split("_", 2)[2]
    with storage.warehouse.connect() as connection:
        rows = connection.execute(text("SELECT to_json(api_keys)::text FROM usage.api_keys")).scalars().all()
    assert rows
    assert not any(secret in row for row in rows)


@pytest.mark.parametrize("change", [lambda key: key[:-1], lambda key: key[1:], lambda key: f"{key}x", str.upper])
def test_a_key_that_differs_in_a_letter_is_unknown(storage: Storage, change: object) -> None:
    shown = made(storage, NewKey("gateway", "acme", TENANT, "ann"))
    with storage.warehouse.connect() as connection:
        assert callable(change)
        assert recognise(connection, change(shown), NOW) is None


@pytest.mark.parametrize(
    ("name", "tenant", "scopes", "why"),
    [
        ("all", None, {Scope.CONTENT}, "or has the scope `platform` for all"),
        ("both", "acme", {Scope.TENANT, Scope.PLATFORM}, "give one of them"),
        ("neither", "acme", {Scope.CONTENT}, "A key for a tenant has the scope `tenant`"),
        (" ", "acme", {Scope.TENANT}, "A key has a name"),
        ("x" * 101, "acme", {Scope.TENANT}, "at most 100 characters; this one has 101"),
        ("two\nlines", "acme", {Scope.TENANT}, "one line"),
    ],
)
def test_a_key_of_contradicting_parts_or_with_a_name_that_breaks_tables_is_refused(
    name: str, tenant: str | None, scopes: set[Scope], why: str
) -> None:
    with pytest.raises(QueryError, match=why):
        NewKey(name, tenant, frozenset(scopes), "ann")


def test_an_unknown_key_cannot_be_revoked(storage: Storage) -> None:
    with storage.warehouse.begin() as connection, pytest.raises(QueryError, match="There is no key 'x'"):
        revoke_key(connection, "x", NOW)
