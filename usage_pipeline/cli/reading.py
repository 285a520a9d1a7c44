"""Ranges of days and warnings of commands that read."""

from collections.abc import Mapping, Sequence
from datetime import date

from usage_pipeline.cli.options import day_range
from usage_pipeline.cli.output import note, warn
from usage_pipeline.metrics.answers import Answer
from usage_pipeline.metrics.buckets import Interval
from usage_pipeline.metrics.queries import IntervalQuery, Query
from usage_pipeline.metrics.series import known_tenants
from usage_pipeline.series.status import Day, DayReader, DayStatus
from usage_pipeline.settings import Settings
from usage_pipeline.storage import landed_files
from usage_pipeline.storage.opened import Storage
from usage_pipeline.words import count, did_you_mean, is_or_are, listed

_SHOWN_VALUES = 20
_UNCOMPUTED = "is not computed"


def tell_of_missing_days(storage: Storage, answer: Answer) -> None:
    """Note the missing days that have records, and warn of the others if rows are sums over several days.

    Days that have landed and wait for a computation are named, too.
    """
    begun = _begun_days(storage, answer)
    waiting = begun.pop(_UNCOMPUTED, [])
    if waiting:
        warn(
            f"{listed([day.day for day in waiting])} {is_or_are(len(waiting))} landed, and not computed for these "
            "numbers yet: `usage-pipeline run` does, or says what fails"
        )
    for reason, days in begun.items():
        records = sum(day.records for day in days)
        named = listed([day.day for day in days])
        note(
            f"{named} {reason}: {count(records, 'record')} so far {is_or_are(records)} in the tables, not in "
            "these numbers"
        )
    noted = {day.day for days in (waiting, *begun.values()) for day in days}
    is_sum = not isinstance(answer.query, IntervalQuery) and "day" not in answer.query.group_by
    missing = [day for day in answer.missing if is_sum and day not in noted]
    if missing:
        asked = count(len(answer.statuses), "day")
        warn(
            f"{len(missing):,} of {asked} {is_or_are(len(missing))} missing and not in these sums: "
            f"{listed(missing)}"
        )


def _begun_days(storage: Storage, answer: Answer) -> dict[str, list[Day]]:
    """Return the missing days that have landed or have records now, by the reason why they are missing."""
    missing = set(answer.missing if answer.query.as_of is None else ())
    if not missing:
        return {}
    with storage.warehouse.connect() as connection:
        reader = DayReader(storage, connection)
        read = reader.read(min(missing), max(missing))
    uncomputed = set(reader.uncomputed(missing))
    found: dict[str, list[Day]] = {}
    for day in read:
        if day.day in missing and (day.records or day.day in uncomputed):
            reason = _why_missing(storage.settings, day, is_uncomputed=day.day in uncomputed)
            found.setdefault(reason, []).append(day)
    return found


def _why_missing(settings: Settings, day: Day, *, is_uncomputed: bool) -> str:
    if day.day < settings.first_day:
        return f"is before USAGE_FIRST_DAY, {settings.first_day}"
    if day.day >= settings.clock.today:
        return "has not ended"
    # A day that the series know lacks the numbers that are asked for.
    if is_uncomputed or day.status is not DayStatus.MISSING:
        return _UNCOMPUTED
    return "is missing, as nothing has landed since it ended"


def warn_of_partly_missing(answer: Answer, interval: Interval) -> None:
    """Name the local days or hours that are null although a part of them is known, and the UTC days at fault."""
    if not answer.partly_missing:
        return
    starts = [start.date() if interval is Interval.DAY else start.isoformat() for start in answer.partly_missing]
    missing = sorted(set().union(*answer.partly_missing.values()))
    warn(
        f"Local {interval}s without numbers, although a part of each is known: {listed(starts)}. "
        f"UTC days missing in them: {listed(missing)}"
    )


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


def warn_before_data(storage: Storage, as_of: date) -> None:
    """Warn if a day is before all that is known, so that there is nothing to tell of it."""
    with storage.warehouse.connect() as connection:
        known = DayReader(storage, connection).known_days()
    if known and as_of < known[0]:
        warn(f"Nothing is known up to {as_of}: the first day with data is {known[0]}; see --as-of")


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
    from usage_pipeline.metrics.known_values import known_values

    for name, values in _conditions(answer.query).items():
        if len(values) > 1:
            warn(f"No row has both {' and '.join(f'{name}={value}' for value in values)}; ask for one at a time")
            continue
        (value,) = values
        if name == "day":
            if not answer.query.days:
                warn(f"{value} is not within {answer.query.first} to {answer.query.last}; see --from and --to")
            continue
        known = known_values(storage, answer.query, name)
        if value not in known:
            warn(f"No usage has the {name} {value!r}; {_meant(value, known)}")


def _conditions(query: Query) -> dict[str, list[str]]:
    """Return the different values that each word has to have."""
    found: dict[str, list[str]] = {}
    for name, value in query.where:
        if value not in found.setdefault(name, []):
            found[name].append(value)
    return found


def _meant(value: str, known: Sequence[str]) -> str:
    """Suggest near values, or else the first ones."""
    shown = ", ".join(value or repr(value) for value in known[:_SHOWN_VALUES])
    return did_you_mean(value, known) or f"known are {shown or 'none'}."
