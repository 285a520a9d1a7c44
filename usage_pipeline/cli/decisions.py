"""Commands that decide about files, and explain decisions: `release`, `withdraw`, `audit`, `explain`."""

import getpass
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from usage_pipeline.cli.options import (
    ID,
    By,
    DataDir,
    Format,
    OutputFormat,
    parse_id,
    reading_settings,
)
from usage_pipeline.cli.output import print_rows, say, warn
from usage_pipeline.words import count

if TYPE_CHECKING:
    from usage_pipeline.billing.ledger.balance import Payment
    from usage_pipeline.costs.record_costs import ClassCost
    from usage_pipeline.credits.record_credits import RecordCredits
    from usage_pipeline.settings import Settings
    from usage_pipeline.storage.landed_files import LandedFile
    from usage_pipeline.storage.opened import Storage

Path = Annotated[str, typer.Argument(metavar="FILE", help="The landing file, as `files` prints it.")]
Reason = Annotated[str, typer.Option(help="The reason, for the audit log.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Print the changes without making them.")]


def release(
    path: Path, reason: Reason, by: By = None, *, dry_run: DryRun = False, data_dir: DataDir = None
) -> None:
    """Admit a quarantined or withdrawn file, and compute its event days.

    Its rejected lines stay rejected. If its content changes, it is validated again.

    Example: `usage-pipeline release persona/2026-02-20/acme.jsonl --reason "the rejects are test data"`
    """
    from usage_pipeline.events.landing import decisions

    settings = reading_settings(data_dir)
    if dry_run:
        _preview(settings, path, "would count", decisions.check_release)
        return
    from usage_pipeline.cli.session import open_session, settle

    with open_session(settings, "release") as session:
        file = decisions.release(session.storage, path, reason, by or getpass.getuser())
        say(f"{file.path} counts now: {count(file.accepted_left, 'line')}.")
        settle(session)


def withdraw(
    path: Path, reason: Reason, by: By = None, *, dry_run: DryRun = False, data_dir: DataDir = None
) -> None:
    """Take back the records of a file, and compute its event days. The file itself stays as it is.

    Example: `usage-pipeline withdraw persona/2026-02-20/acme.jsonl --reason "wrong tenant" --dry-run`
    """
    from usage_pipeline.events.landing import decisions

    settings = reading_settings(data_dir)
    if dry_run:
        _preview(settings, path, "would no longer count", decisions.check_withdraw)
        return
    from usage_pipeline.cli.session import open_session, settle

    with open_session(settings, "withdraw") as session:
        file = decisions.withdraw(session.storage, path, reason, by or getpass.getuser())
        say(f"{file.path} counts no longer: {count(file.accepted_left, 'line')}.")
        if file.accepted_pruned:
            warn(f"The records of {count(file.accepted_pruned, 'line')} are pruned, and their usage stays")
        settle(session)


def audit(
    file: Annotated[str | None, typer.Option(help="One landing file, as `files` prints it.")] = None,
    form: Format = OutputFormat.TABLE,
    data_dir: DataDir = None,
) -> None:
    """Print the decisions about files, with time, reason and user, oldest first.

    Example: `usage-pipeline audit --file persona/2026-02-20/acme.jsonl`
    """
    from usage_pipeline.storage import audit as audit_log
    from usage_pipeline.storage.opened import open_storage

    settings = reading_settings(data_dir)
    with open_storage(settings) as storage, storage.warehouse.connect() as connection:
        entries = [{**vars(entry), "action": entry.action.value} for entry in audit_log.entries(connection, file)]
    details = [] if form is OutputFormat.TABLE else ["details"]
    print_rows(entries, ["at", "by", "action", "subject", "reason", *details], form, "Audit log")


def explain(
    record_id: Annotated[
        str,
        typer.Argument(
            metavar="RECORD_ID", help="The record's id within its source, or its line as FILE:LINE[:EVENT]."
        ),
    ],
    tenant: Annotated[
        str | None, typer.Option(parser=parse_id, metavar=ID, help="Only lines of this tenant.")
    ] = None,
    source: Annotated[str | None, typer.Option(help="Only lines of this source.")] = None,
    form: Format = OutputFormat.TABLE,
    data_dir: DataDir = None,
) -> None:
    """Print the landed lines of a record, which of them counts and why, its metrics, costs and credits.

    JSON also holds the record itself. Write an id of several fields with colons between them. FILE:LINE is the
    landing file, as `files` prints it, and the number of the line; FILE:LINE:EVENT is one event of a line that
    holds several. By its place a skipped line is explained by the test that skips it, and a superseded one by the
    line that counts, as long as the file is in the landing folder. `paid_by` has what paid for the
    tenant's usage in the second of the record.

    Example: `usage-pipeline explain evt_02 --tenant acme --format json`
    """
    from usage_pipeline.cli.reading import hold_several
    from usage_pipeline.pipeline.explain import explain as find_explanation
    from usage_pipeline.storage.opened import open_storage

    settings = reading_settings(data_dir)
    with open_storage(settings) as storage:
        found = [vars(line) for line in find_explanation(storage, record_id, tenant, source)]
        numbered = form is not OutputFormat.TABLE or hold_several(storage, found)
    if form is not OutputFormat.JSON:
        found = [
            {
                **line,
                "metrics": _written_out(line["metrics"]),
                "costs": _priced(line["costs"]),
                "credits": _rated(line["credits"]),
                "paid_by": _paid(line["paid_by"]),
            }
            for line in found
        ]
    else:
        found = [
            {
                **line,
                "costs": list(map(vars, line["costs"])),
                "credits": line["credits"] and vars(line["credits"]),
                "paid_by": list(map(vars, line["paid_by"])),
            }
            for line in found
        ]
    place = ["landing_file", "landing_line", *(["landing_event"] if numbered else [])]
    facts = ["tenant_id", "source", "event_day", *place, "type", "occurred_at"]
    record = ["record"] if form is OutputFormat.JSON else []
    columns = [*facts, "verdict", "decided_by", "metrics", "costs", "credits", "paid_by", *record]
    print_rows(found, columns, form, f"Record {record_id}")


def _written_out(metrics: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {value:,}" for name, value in metrics.items())


def _priced(costs: "Sequence[ClassCost]") -> str:
    return "; ".join(
        f"{cost.quantity:,} {cost.token_class} without a price: {cost.unpriced}"
        if cost.amount is None
        else f"{cost.quantity:,} {cost.token_class} by {cost.unit_price:f} = {cost.amount:f} USD ({cost.price_id})"
        for cost in costs
    )


def _rated(found: "RecordCredits | None") -> str:
    if found is None:
        return ""
    return f"without a rate: {found.unrated}" if found.credits is None else f"{found.credits:f}"


def _paid(payments: "Sequence[Payment]") -> str:
    return "; ".join(f"{payment.amount:f} by {payment.grant_id or 'overage'}" for payment in payments)


def _preview(settings: "Settings", path: str, effect: str, check: "Callable[[Storage, str], LandedFile]") -> None:
    from usage_pipeline.storage import landed_days
    from usage_pipeline.storage.opened import open_storage

    with open_storage(settings) as storage:
        file = check(storage, path)
        with storage.warehouse.connect() as connection:
            days = sorted(share.event_day for share in landed_days.event_days_of(connection, [path]))
    held = f"of {count(len(days), 'event day')}, {days[0]} to {days[-1]}, " if days else ""
    say(f"{count(file.accepted_left, 'line')} {held}{effect}. Nothing was changed.")
