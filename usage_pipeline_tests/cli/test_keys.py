"""`keys` as a user calls it."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from typer.testing import CliRunner

from usage_pipeline.cli.app import app
from usage_pipeline.errors import QueryError
from usage_pipeline.keys.keys import Key, Scope, recognise
from usage_pipeline.storage.opened import Storage

NOW = datetime(2026, 6, 1, tzinfo=UTC)
Call = Callable[..., str]


def recognised(storage: Storage, shown: str) -> Key | None:
    with storage.warehouse.connect() as connection:
        return recognise(connection, shown, NOW)


def test_create_prints_the_key_alone_and_revoke_ends_it(call: Call, storage: Storage) -> None:
    options = (
        "--tenant",
        "acme",
        "--new",
        "--content",
        "--name",
        "gateway",
        "--expires-at",
        "2026-07-01",
        "--by",
        "ann",
    )
    (shown,) = call("keys", "create", *options).splitlines()
    key = recognised(storage, shown)
    assert key == Key(
        key_id=shown.split("_")[1],
        name="gateway",
        tenant_id="acme",
        scopes=frozenset({Scope.TENANT, Scope.CONTENT}),
        created_at=NOW,
        created_by="ann",
        expires_at=datetime(2026, 7, 1, tzinfo=UTC),
        revoked_at=None,
    )
    assert call("keys", "revoke", key.key_id) == f"Revoked {key.key_id}, gateway.\n"
    assert recognised(storage, shown) is None
    again = call("keys", "revoke", key.key_id)
    assert again == f"{key.key_id}, gateway, is revoked since 2026-06-01 00:00:00 UTC. Nothing has changed.\n"


def test_list_shows_keys_without_their_secrets(call: Call, storage: Storage) -> None:
    storage.settings.data_dir.mkdir()
    shown = call("keys", "create", "--platform", "--name", "prometheus", "--by", "ann").strip()
    _, key_id, secret = shown.split("_", 2)
    assert call("keys", "list", "--format", "csv") == (
        "key_id,name,tenant_id,scopes,created_at,created_by,expires_at,revoked_at\n"
        f"{key_id},prometheus,,platform,2026-06-01 00:00:00+00:00,ann,,\n"
    )
    assert secret not in call("keys", "list", "--format", "json")


def test_a_key_of_a_tenant_that_nobody_knows_takes_a_word_that_it_is_new(call: Call, storage: Storage) -> None:
    storage.settings.data_dir.mkdir()
    asked = ("keys", "create", "--tenant", "acne", "--name", "gateway")
    with pytest.raises(QueryError, match=r"There is no tenant 'acne': no usage of it has landed, .* give --new"):
        call(*asked)
    assert call(*asked, "--new").startswith("up_")
    with pytest.raises(QueryError, match="keeps the sums of erased tenants"):
        call("keys", "create", "--tenant", "erased", "--name", "gateway", "--new")


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ("create --name all", "A key is for one tenant, or has the scope `platform` for all"),
        (
            "create --name both --platform --tenant acme --new",
            "A key is for one tenant, or has the scope `platform`",
        ),
        ("create --name old --platform --expires-at 2026-06-01", "expires at 2026-06-01 00:00:00 UTC has expired"),
        ("revoke 0123456789ab", "There is no key '0123456789ab'"),
    ],
)
def test_a_key_that_cannot_be_is_refused(call: Call, arguments: str, problem: str) -> None:
    with pytest.raises(QueryError, match=problem):
        call("keys", *arguments.split())


@pytest.mark.usefixtures("call")
@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ("create --platform", "--name is missing"),
        ("create 0123456789ab --platform --name x", "`keys create` takes no ID"),
        ("revoke", "ID is missing"),
        ("revoke 0123456789ab --name x", "`keys revoke` takes no --name"),
        ("revoke 0123456789ab --format json", "`keys revoke` takes no --format"),
        ("create --platform --name x --format csv", "`keys create` takes no --format"),
        ("list --platform", "`keys list` takes no --platform"),
    ],
)
def test_a_wrong_call_says_what_is_wrong(arguments: str, problem: str) -> None:
    ended = CliRunner().invoke(app, ["keys", *arguments.split()])
    assert (ended.exit_code, problem in ended.stderr) == (2, True), ended.stderr
