"""Sources that probably report the same usage of a tenant on days that are not final.

They are those for which the check `metered_once` warns.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date

from sqlalchemy import Connection

from usage_pipeline.alerts.data.finding import Finding, Key, Look, Raised
from usage_pipeline.alerts.data.open_days import ended_among, span_of_open_days
from usage_pipeline.alerts.tables import AlertKind
from usage_pipeline.clock import in_words
from usage_pipeline.series.double_metering import MeteredTwice, metered_twice
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.tables import ERASED_TENANT


def look_at_metering(storage: Storage, connection: Connection, raised: Sequence[Raised]) -> Look:
    """Find the pairs of sources by tenant; one that is not found may only be final."""
    first, last = span_of_open_days(storage.settings.clock)
    cases: defaultdict[Key, list[MeteredTwice]] = defaultdict(list)
    for case in metered_twice(storage, connection, first, last):
        if case.tenant_id != ERASED_TENANT:
            cases[_key(case)].append(case)
    found = [_finding(key, of_pair) for key, of_pair in cases.items()]

    def read(first: date, last: date) -> set[tuple[Key, date]]:
        return {(_key(case), case.day) for case in metered_twice(storage, connection, first, last)}

    return Look(found, ended_among(raised, found, read))


def _key(case: MeteredTwice) -> Key:
    return Key(AlertKind.DOUBLE_METERING, case.tenant_id, " and ".join(case.sources))


def _finding(key: Key, cases: Sequence[MeteredTwice]) -> Finding:
    metrics = sorted({metric for case in cases for metric in case.metrics})
    days = [case.day for case in cases]
    return Finding(
        key,
        facts=(
            ("Metrics", ", ".join(metrics)),
            ("Days", in_words(days)),
            (
                "To do",
                "let one format report them, and give the other `meters` without them; now both count",
            ),
        ),
        numbers={"sources": list(cases[0].sources), "metrics": metrics},
        first_day=min(days),
        last_day=max(days),
    )
