"""Commands of the read API: `serve`, `keys`."""

import getpass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from usage_pipeline.cli.options import (
    ID,
    INSTANT,
    By,
    DataDir,
    Format,
    OutputFormat,
    expect_none,
    load_settings,
    needed,
    not_table,
    parse_id,
    parse_instant,
    reading_settings,
)
from usage_pipeline.cli.output import console, note, print_rows, say
from usage_pipeline.errors import QueryError

if TYPE_CHECKING:
    from usage_pipeline.keys.keys import NewKey, Scope
    from usage_pipeline.storage.opened import Storage

_SHOWN = ("key_id", "name", "tenant_id", "scopes", "created_at", "created_by", "expires_at", "revoked_at")


def serve(
    port: Annotated[int, typer.Option(min=0, max=65_535, help="Port; 0 for one that is free.")] = 8000,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    data_dir: DataDir = None,
) -> None:
    """Serve the read API and the dashboard.

    Keys and cookies are only safe over TLS: let others reach it through a proxy, see docs/deploy.md. The log is
    JSON on standard error. Ctrl+C stops it, with exit code 0.

    Example: `usage-pipeline serve --port 8080`
    """
    from usage_pipeline.api.listening import address_of, listen
    from usage_pipeline.api.serving import connections_of, tuned
    from usage_pipeline.api.serving import serve as serve_api
    from usage_pipeline.storage.opened import open_storage

    settings = tuned(reading_settings(data_dir))
    with listen(host, port) as listener, open_storage(settings, connections_of(settings)) as storage:
        console.print(f"Read API: {address_of(listener)} (Ctrl+C stops it)", highlight=False)
        serve_api(storage, listener)


class KeyAction(StrEnum):
    """What to do with keys."""

    CREATE = "create"
    LIST = "list"
    REVOKE = "revoke"


def keys(  # noqa: PLR0913 - one parameter per option
    action: Annotated[KeyAction, typer.Argument(help="Create a key, list all, or revoke one.")],
    key_id: Annotated[str | None, typer.Argument(metavar="[ID]", help="Of `revoke`: the key.")] = None,
    *,
    tenant: Annotated[
        str | None, typer.Option(parser=parse_id, metavar=ID, help="Of `create`: the tenant that it reads.")
    ] = None,
    platform: Annotated[
        bool, typer.Option("--platform", help="Of `create`: it reads all tenants, and what operators need.")
    ] = False,
    content: Annotated[
        bool, typer.Option("--content", help="Of `create`: it reads the texts of runs, too.")
    ] = False,
    new: Annotated[
        bool,
        typer.Option("--new", help="Of `create`: the tenant has no usage and no entry in tenants.yaml yet."),
    ] = False,
    name: Annotated[str | None, typer.Option(help="Of `create`: what it is for.")] = None,
    expires_at: Annotated[
        datetime | None,
        typer.Option(parser=parse_instant, metavar=INSTANT, help="Of `create`: when it ends; never without it."),
    ] = None,
    by: By = None,
    form: Format = OutputFormat.TABLE,
    data_dir: DataDir = None,
) -> None:
    """Create a key of the read API, list the keys, or revoke one.

    `create` prints the key alone on standard output. Nobody can show it again: the database only keeps a digest.
    `revoke` ends it at once, and the sessions of browsers that were opened with it.

    Example: `usage-pipeline keys create --tenant acme --name gateway`

    Example: `usage-pipeline keys create --platform --name prometheus --expires-at 2027-01-01`

    Example: `usage-pipeline keys revoke 3f9a0c51d27e`
    """
    from usage_pipeline.keys.keys import NewKey
    from usage_pipeline.storage.opened import open_storage

    of_create: dict[str, object] = {
        "tenant": tenant,
        "platform": platform or None,
        "content": content or None,
        "new": new or None,
        "name": name,
        "expires-at": expires_at,
        "by": by,
    }
    not_of: dict[KeyAction, dict[str, object]] = {
        KeyAction.CREATE: {"ID": key_id, "format": not_table(form)},
        KeyAction.LIST: {**of_create, "ID": key_id},
        KeyAction.REVOKE: {**of_create, "format": not_table(form)},
    }
    expect_none(f"keys {action.value}", not_of[action])
    settings = (reading_settings if action is KeyAction.LIST else load_settings)(data_dir)
    with open_storage(settings) as storage:
        match action:
            case KeyAction.CREATE:
                scopes = _scopes(tenant, platform=platform, content=content)
                author = by or getpass.getuser()
                if tenant is not None:
                    _expect_billed(storage, tenant, is_new=new)
                _create(storage, NewKey(needed("--name", name), tenant, scopes, author, expires_at))
            case KeyAction.LIST:
                _list(storage, form)
            case KeyAction.REVOKE:
                _revoke(storage, needed("ID", key_id))


def _scopes(tenant: str | None, *, platform: bool, content: bool) -> "frozenset[Scope]":
    from usage_pipeline.keys.keys import Scope

    has = {Scope.TENANT: tenant is not None, Scope.PLATFORM: platform, Scope.CONTENT: content}
    return frozenset(scope for scope in has if has[scope])


def _expect_billed(storage: "Storage", tenant: str, *, is_new: bool) -> None:
    """Raise QueryError for a tenant that nobody knows: its gateway would be let through whatever others use."""
    from usage_pipeline.billing.billed_tenants import billed_tenants, why_not_billed
    from usage_pipeline.storage.tables import ERASED_TENANT

    with storage.warehouse.connect() as connection:
        why = why_not_billed(tenant, billed_tenants(storage.settings, connection))
    if why is not None and not (is_new and tenant != ERASED_TENANT):
        raise QueryError(f"{why[0].upper()}{why[1:]} If it is right, give --new.")


def _create(storage: "Storage", new: "NewKey") -> None:
    from usage_pipeline.keys.keys import create_key

    with storage.warehouse.begin() as connection:
        shown = create_key(connection, new, storage.settings.clock.now)
    note(f"This is the key of {new.tenant_id or 'the platform'}. It cannot be shown again.")
    say(shown)


def _list(storage: "Storage", form: OutputFormat) -> None:
    from usage_pipeline.keys.keys import list_keys

    with storage.warehouse.connect() as connection:
        found = list_keys(connection)
    rows = [{**vars(key), "scopes": ",".join(sorted(key.scopes))} for key in found]
    print_rows(rows, _SHOWN, form, "Keys of the read API")


def _revoke(storage: "Storage", key_id: str) -> None:
    from usage_pipeline.keys.keys import revoke_key

    with storage.warehouse.begin() as connection:
        key = revoke_key(connection, key_id, storage.settings.clock.now)
    if key.revoked_at is None:
        say(f"Revoked {key.key_id}, {key.name}.")
    else:
        since = f"{key.revoked_at:%Y-%m-%d %H:%M:%S} UTC"
        say(f"{key.key_id}, {key.name}, is revoked since {since}. Nothing has changed.")
