"""Sources that are silent for longer than usual.

Usual is the longest gap between the last landing days with files of the source. Only days whose landing has ended
count as days without files, `USAGE_DUE_AFTER_HOURS` after their end.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, timedelta
from itertools import pairwise

from sqlalchemy import Connection, func, select

from usage_pipeline.alerts.data.finding import Finding, Key, Look, Raised
from usage_pipeline.alerts.tables import AlertKind
from usage_pipeline.clock import Clock
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.schema import landing_files
from usage_pipeline.words import count

KNOWN_DAYS = 28
"""The last landing days with files, between which the gaps are compared."""
FEWEST_GAPS = 3
"""With fewer, nothing is usual."""


def look_at_sources(storage: Storage, connection: Connection, raised: Sequence[Raised]) -> Look:  # noqa: ARG001 - as of the other kinds
    """Find the sources that are silent; an alert begins while the day on which files were due is not final."""
    clock = storage.settings.clock
    found = (_judge(source, days, clock) for source, days in _landing_days(connection).items())
    return Look([finding for finding in found if finding])


def _landing_days(connection: Connection) -> dict[str, list[date]]:
    """Return the last landing days of each source, in order."""
    files = landing_files.c
    days = select(files.source, files.landing_day).distinct().subquery()
    newest = func.row_number().over(partition_by=days.c.source, order_by=days.c.landing_day.desc())
    numbered = select(days, newest.label("number")).subquery()
    query = select(numbered.c.source, numbered.c.landing_day).where(numbered.c.number <= KNOWN_DAYS)
    found: defaultdict[str, list[date]] = defaultdict(list)
    for source, day in connection.execute(query.order_by(numbered.c.source, numbered.c.landing_day)):
        found[source].append(day)
    return found


def _judge(source: str, days: Sequence[date], clock: Clock) -> Finding | None:
    gaps = [(later - earlier).days for earlier, later in pairwise(days)]
    if len(gaps) < FEWEST_GAPS:
        return None
    last, usual = days[-1], max(gaps)
    silent = (clock.last_due_day - last).days
    if silent < usual:
        return None
    return Finding(
        Key(AlertKind.SOURCE_SILENT, None, source),
        facts=(
            ("Last files", f"of the landing day {last}"),
            ("Usual", f"files at least every {count(usual, 'day')}, of the last {len(days)} days with files"),
            ("Silent", count(silent, "day")),
        ),
        numbers={"last_files": last.isoformat(), "usual_days": usual, "silent_days": silent},
        first_day=last + timedelta(days=1),
        last_day=clock.last_due_day,
        may_begin=clock.final_at(last + timedelta(days=usual)) > clock.now,
    )
