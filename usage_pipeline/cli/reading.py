"""Ranges of days and warnings of commands that read."""

from collections.abc import Mapping, Sequence
from datetime import date
from difflib import get_close_matches

from usage_pipeline.cli.options import day_range
from usage_pipeline.cli.output import count, listed, warn
from usage_pipeline.metrics.answers import Answer
from usage_pipeline.metrics.known_values import known_values
from usage_pipeline.metrics.series import known_tenants
from usage_pipeline.series.status import DayReader
from usage_pipeline.storage import landed_files
from usage_pipeline.storage.opened import Storage

_SHOWN_VALUES = 20


def warn_of_missing_days(answer: Answer) -> None:
    """Name the missing days if rows are sums over several days."""
    missing = [] if "day" in answer.query.group_by else answer.missing
    if missing:
        verb = "is" if len(missing) == 1 else "are"
        days = count(len(answer.statuses), "day")
        warn(f"{len(missing):,} of {days} {verb} missing and not in these sums: {listed(missing)}")


def hold_several(storage: Storage, rows: Sequence[Mapping[str, object]]) -> bool:
    """Whether one of the lines is of a file in which a line holds several events, so that these need a number."""
    with storage.warehouse.connect() as connection:
        several = landed_files.files_of_several_events(connection)
    return any(row["landing_file"] in several for row in rows)


def known_days(storage: Storage, first: date | None, last: date | None) -> tuple[date, date]:
    """Return the days from `--from` to `--to`, by default from the first to the last known day."""
    today = storage.settings.clock.today
    with storage.warehouse.connect() as connection:
        known = DayReader(storage, connection).known_days() or (today, today)
    return day_range(first, last, known)


def warn_unknown_tenant(storage: Storage, tenant: str | None) -> None:
    """Warn if a `--tenant` has no usage, which is most likely a typing error."""
    if tenant is None:
        return
    with storage.warehouse.connect() as connection:
        known = known_tenants(connection)
    if tenant not in known:
        warn(f"No usage of a tenant {tenant!r} has landed; {_meant(tenant, known)}")


def warn_of_unknown_values(storage: Storage, answer: Answer) -> None:
    """Warn of conditions with a value that no usage has, if the answer is empty."""
    metrics = answer.query.metrics
    if any(row[name] for row in answer.rows for name in metrics):
        return
    for name, value in answer.query.where:
        if name == "day":
            continue
        known = known_values(storage, answer.query, name)
        if value not in known:
            warn(f"No usage has the {name} {value!r}; {_meant(value, known)}")


def _meant(value: str, known: Sequence[str]) -> str:
    """Suggest near values, or else the first ones."""
    near = get_close_matches(value, known)
    if near:
        return f"did you mean {' or '.join(map(repr, near))}?"
    return f"known are {', '.join(known[:_SHOWN_VALUES]) or 'none'}."
