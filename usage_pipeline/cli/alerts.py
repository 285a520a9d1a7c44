"""The command for alerts: `alerts`."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from usage_pipeline.alerts.tables import ALERTS, AlertKind, AlertState
from usage_pipeline.cli.options import (
    ID,
    DataDir,
    Format,
    OutputFormat,
    expect_none,
    load_settings,
    not_table,
    parse_id,
    reading_settings,
)
from usage_pipeline.cli.output import print_rows, say
from usage_pipeline.words import count

if TYPE_CHECKING:
    from usage_pipeline.settings import Settings
    from usage_pipeline.storage.opened import Storage

_SHOWN = (
    *("raised_at", "state", "kind", "tenant_id", "subject", "scope", "threshold", "episode"),
    *("used", "amount", "first_day", "last_day", "resolved_at"),
)
_SCOPE = ("member_id", "project", "model")


class AlertAction(StrEnum):
    """What to do with alerts."""

    LIST = "list"
    TEST = "test"
    DELIVER = "deliver"
    RETRY = "retry"


_TAKES = {
    AlertAction.LIST: {"tenant", "state", "kind", "format"},
    AlertAction.TEST: {"tenant", "channel"},
    AlertAction.DELIVER: set[str](),
    AlertAction.RETRY: {"dry-run"},
}
"""The options of each action."""


def alerts(  # noqa: PLR0913 - one parameter per option
    action: Annotated[
        AlertAction,
        typer.Argument(help="List alerts, test a channel, deliver what is due, or try again what was given up."),
    ] = AlertAction.LIST,
    *,
    tenant: Annotated[
        str | None,
        typer.Option(
            parser=parse_id, metavar=ID, help="Of `list`: one tenant. Of `test`: the one whose contacts are told."
        ),
    ] = None,
    state: Annotated[AlertState | None, typer.Option(help="Of `list`: only these.")] = None,
    kind: Annotated[AlertKind | None, typer.Option(help="Of `list`: only these.")] = None,
    channel: Annotated[str | None, typer.Option(help="Of `test`: the channel of channels.yaml.")] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Of `retry`: only count the messages that were given up.")
    ] = False,
    form: Format = OutputFormat.TABLE,
    data_dir: DataDir = None,
) -> None:
    """List the alerts on limits and data, send a test message, deliver messages, or try dead ones again.

    `test` sends one message at once, and ends with exit code 1 if the receiver does not accept it. `deliver` sends
    what is due, as the job `deliver_alerts` does. `retry` lets messages that were given up be due again.

    Example: `usage-pipeline alerts list --tenant acme --state raised`

    Example: `usage-pipeline alerts list --kind file_quarantined --state raised`

    Example: `usage-pipeline alerts test --channel ops_webhook`
    """
    options = {
        "tenant": tenant,
        "state": state,
        "kind": kind,
        "channel": channel,
        "dry-run": dry_run or None,
        "format": not_table(form),
    }
    others = {name: value for name, value in options.items() if name not in _TAKES[action]}
    expect_none(f"alerts {action.value}", others)
    if action is AlertAction.TEST:
        _test(load_settings(data_dir), channel, tenant)
        return
    from usage_pipeline.storage.opened import open_storage

    with open_storage(reading_settings(data_dir)) as storage:
        match action:
            case AlertAction.LIST:
                _list(storage, form, tenant_id=tenant, state=state, kind=kind)
            case AlertAction.DELIVER:
                _deliver(storage)
            case _:
                _retry(storage, dry_run=dry_run)


def _list(storage: "Storage", form: OutputFormat, **wanted: Any) -> None:  # noqa: ANN401 - see `read_alerts`
    from usage_pipeline.alerts.history import read_alerts
    from usage_pipeline.cli.limits import shortened

    rows = [
        shortened({**row, "scope": " ".join(str(row[name]) for name in _SCOPE if row[name])})
        for row in read_alerts(storage, **wanted)
    ]
    print_rows(rows, _SHOWN if form is OutputFormat.TABLE else ALERTS.column_names, form, "Alerts")


def _test(settings: "Settings", channel: str | None, tenant: str | None) -> None:
    from uuid import uuid4

    from usage_pipeline.delivery.channel_file import CHANNELS_FILE
    from usage_pipeline.delivery.channels import open_channels
    from usage_pipeline.delivery.message import Message
    from usage_pipeline.errors import QueryError
    from usage_pipeline.words import did_you_mean

    if channel is None:
        raise typer.BadParameter("--channel is missing")
    channels = open_channels(settings)
    if channel not in channels:
        meant = did_you_mean(channel, channels) or f"expected one of {', '.join(channels) or 'none'}."
        raise QueryError(f"{CHANNELS_FILE} has no channel {channel!r}; {meant}")
    message = Message(
        key=f"test-{uuid4().hex}",
        channels=(channel,),
        subject="Test message of usage_pipeline",
        text=f"The channel {channel} works. Nothing has happened.\n",
        created_at=settings.clock.now,
        tenant_id=tenant,
    )
    channels[channel].send(message)
    say(f"The channel {channel} has accepted a test message.")


def _deliver(storage: "Storage") -> None:
    from usage_pipeline.delivery.channels import open_channels
    from usage_pipeline.delivery.outbox import deliver_due
    from usage_pipeline.delivery.tables import OutboxState

    done = deliver_due(storage, open_channels(storage.settings), storage.settings.clock.now)
    failed = done[OutboxState.PENDING]
    later = f" {failed:,} are tried again later." if failed else ""
    dead = f" {done[OutboxState.DEAD]:,} were given up." if done[OutboxState.DEAD] else ""
    say(f"Delivered {count(done[OutboxState.DELIVERED], 'message')}.{later}{dead}")


def _retry(storage: "Storage", *, dry_run: bool) -> None:
    from usage_pipeline.delivery.outbox import count_dead, revive

    with storage.warehouse.begin() as connection:
        for name, number in count_dead(connection).items():
            say(f"{name}: {count(number, 'message')}")
        if dry_run:
            say("Nothing was changed.")
            return
        revived = revive(connection, storage.settings.clock.now)
    say(f"{count(revived, 'message')} due again: the sensor `limit_alerts` or `alerts deliver` sends what is due.")
