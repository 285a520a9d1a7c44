"""The steps of the demo: simulate, land, compute, prune, print, compare, and name the next commands."""

from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path

from usage_pipeline.alerts.history import read_alerts
from usage_pipeline.alerts.tables import AlertKind, AlertState
from usage_pipeline.billing.ledger.grant_file import GrantEntry
from usage_pipeline.billing.ledger.grants import add_grant, read_acts
from usage_pipeline.cli.demo.logs import place_logs
from usage_pipeline.cli.demo.next_steps import commands, places
from usage_pipeline.cli.demo.result import Conflict, Result
from usage_pipeline.cli.demo.summary import heading, print_summary
from usage_pipeline.cli.demo.truth import KNOWN_METRICS, TRUTH
from usage_pipeline.cli.output import console, say
from usage_pipeline.cli.session import open_session
from usage_pipeline.errors import UsagePipelineError
from usage_pipeline.pipeline.refresh import refresh
from usage_pipeline.pipeline.tables import DAILY_TABLES
from usage_pipeline.pipeline.totals import Difference, compare, of_what_is_left, read_totals
from usage_pipeline.records.queries import LandingRange, read_faults
from usage_pipeline.retention.pruning import plan, prune
from usage_pipeline.settings import PREFIX, Settings
from usage_pipeline.storage import landed_files
from usage_pipeline.storage.opened import Storage
from usage_pipeline.words import count

_SHOWN_DIFFERENCES = 10
_SEARCHED_FAULTS = 1_000
_DECIDING = ("first_day", "lookback_days", "reject_share_threshold", "formats_dir", "reference_dir")
"""Settings that change the totals of the logs."""


def show_demo(settings: Settings, seed: int | None, data_dir: Path | None) -> None:
    """Run all steps. Raises UsagePipelineError if a total differs from the known one."""
    with open_session(settings, "demo") as session:
        truth = place_logs(session.storage, seed, session.progress)
        add_grants(session.storage, truth.grants)
        refresh(session.storage, session)
        found = read_totals(session.storage, KNOWN_METRICS, truth.balances_at)
        expected = of_what_is_left(session.storage, truth.totals)
        with session.storage.warehouse.connect() as connection:
            files = landed_files.files(connection)
        conflict = _conflict(session.storage)
        pruned = prune(session.storage, DAILY_TABLES, plan(session.storage), "demo")
        alerts = read_alerts(session.storage, state=AlertState.RAISED, kind=AlertKind.LIMIT)
        result = Result(truth, found, files, conflict, pruned.removed, alerts)
    print_summary(result)
    compared, differences = compare(expected, found)
    if differences:
        raise UsagePipelineError("\n".join(_report(settings, differences)))
    console.print(f"[green]Equal to {TRUTH}[/green]: {count(compared, 'total')} compared.\n", highlight=False)
    heading("Where the data is")
    say(*places(settings), "")
    heading("Next commands")
    say(*commands(result, data_dir))


def add_grants(storage: Storage, grants: Sequence[GrantEntry]) -> None:
    """Add the grants of the truth, unless an earlier demo has."""
    with storage.warehouse.connect() as connection:
        there = {act.id for act in read_acts(connection)}
    for grant in grants:
        if grant.id not in there:
            add_grant(storage, grant, "demo")


def _conflict(storage: Storage) -> Conflict | None:
    """Return a record in conflict with another line, as an example for `explain`."""
    faults = read_faults(storage, LandingRange(date.min, date.max), _SEARCHED_FAULTS)
    conflicts = (fault for fault in faults if fault["reason"] == "conflict")
    return next((Conflict(str(fault["found"]), str(fault["tenant_id"])) for fault in conflicts), None)


def _report(settings: Settings, differences: Sequence[Difference]) -> Iterator[str]:
    verb = "differs" if len(differences) == 1 else "differ"
    yield f"{count(len(differences), 'total')} of the logs {verb} from {settings.data_dir / TRUTH}:"
    for difference in differences[:_SHOWN_DIFFERENCES]:
        yield f"  {difference.name}: expected {difference.expected:,}, found {difference.found:,}"
    if len(differences) > _SHOWN_DIFFERENCES:
        yield f"  and {len(differences) - _SHOWN_DIFFERENCES:,} more"
    deciding = [f"{PREFIX}{name.upper()}" for name in _DECIDING if name in settings.model_fields_set]
    if deciding:
        yield f"{' and '.join(deciding)} may be why: the totals are those of the default settings."
    else:
        yield (
            "Somebody may have landed, withdrawn, granted or edited something else there. If not, this is a fault "
            "of the pipeline: please report it."
        )
