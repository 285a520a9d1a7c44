"""Whether the row of the aider log that reports a thousandfold cost is the top anomaly, and is named.

The log is landed and computed; its costs are read and explained as the command `insights` does.
"""

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

from bench.bars import Bar
from bench.datasets import Prepared
from bench.insights.result import Result, Row
from bench.real_log import LOG, lay_real_log
from usage_pipeline.insights.anomalies.detection import LEAST_DAYS, Anomaly, Judged, find_anomalies
from usage_pipeline.insights.anomalies.explain import Change, explain_change
from usage_pipeline.insights.measures import REPORTED_COST, measure_of
from usage_pipeline.insights.read_series import SeriesQuestion, read_series
from usage_pipeline.pipeline.refresh import PlainRunner, refresh
from usage_pipeline.settings import Settings
from usage_pipeline.storage.opened import Storage, open_storage

_FIRST, _LAST = date(2024, 8, 13), date(2026, 4, 25)
_DAY = date(2025, 5, 7)
_SHOWN = 5
_LONGEST = 60


def measure_aider(work: Path, tell: Callable[[str], None]) -> Result:
    """Land and compute the log, and list the cost anomalies by score."""
    columns = ("Day", "Kind", "Cost, USD", "Expected", "Score", "Explained by")
    title = "Cost anomalies of the aider log"
    if not LOG.exists():
        return Result(f"{title}: not measured, because {LOG.name} is not beside the checkout", columns, (), ())
    tell("landing and computing the aider log")
    prepared = Prepared(work / "aider")
    lay_real_log(prepared)
    settings = Settings.load(data_dir=prepared.folder, reference_dir=prepared.folder / "reference")
    with open_storage(settings) as storage:
        refresh(storage, PlainRunner(storage))
        tell("looking for its anomalies")
        rows = [_row(storage, anomaly) for anomaly in _anomalies(storage)[:_SHOWN]]
    found = rows[0][0] if rows else "none"
    return Result(title, columns, rows, [Bar("Top cost anomaly", str(_DAY), found, passed=found == str(_DAY))])


def _anomalies(storage: Storage) -> list[Anomaly]:
    """Return the anomalies of reported costs, the highest score first."""
    (series,) = read_series(storage, SeriesQuestion([measure_of(REPORTED_COST)], _FIRST, _LAST))
    judged = find_anomalies(series, _FIRST + timedelta(days=LEAST_DAYS))
    found = judged.anomalies if isinstance(judged, Judged) else ()
    return sorted(found, key=lambda anomaly: -anomaly.score)


def _row(storage: Storage, anomaly: Anomaly) -> Row:
    day = anomaly.worst_day
    causes = explain_change(storage, Change(anomaly.measure, None, day, day))
    return (
        str(day),
        anomaly.kind,
        f"{anomaly.value:,.2f}",
        f"{anomaly.expected:,.2f}",
        str(anomaly.score),
        "; ".join(f"{cause.dimension} {_shortened(cause.value)}" for cause in causes) or "–",
    )


def _shortened(name: str) -> str:
    """Return a name; of a record without an id, which is the digest of its file and its line, both ends."""
    return name if len(name) <= _LONGEST else f"{name[:8]}…{name[-6:]}"
