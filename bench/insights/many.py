"""Forecasts and judges all tenants of a deployment; prints how many they are, and how many series were told of.

python -m bench.insights.many DATA_DIR outlooks|kept
"""

import sys
from datetime import timedelta
from pathlib import Path

from sqlalchemy import func, select

from bench.datasets import DAY
from bench.many_tenants import listed_settings
from usage_pipeline.billing.billed_tenants import billed_tenants
from usage_pipeline.insights.anomalies.detection import DAYS_BEFORE, JUDGED_DAYS, Judged, find_anomalies
from usage_pipeline.insights.kept.keeping import keep_insights
from usage_pipeline.insights.kept.tables import USAGE_FORECASTS, USAGE_TRENDS
from usage_pipeline.insights.measures import measure_of
from usage_pipeline.insights.outlook.read_outlook import OutlookQuestion, read_outlooks
from usage_pipeline.insights.read_series import SeriesQuestion, read_series_of_each
from usage_pipeline.storage.opened import Storage, open_storage
from usage_pipeline.storage.schema import warehouse_table

MEASURES = [measure_of(name) for name in ("tokens_total", "conversations", "messages", "requests", "records")]


def _forecasts(storage: Storage, tenants: list[str]) -> int:
    outlooks = read_outlooks(storage, OutlookQuestion(MEASURES, DAY), tenants)
    return sum(expected.forecast is not None for outlook in outlooks for expected in outlook.expected)


def _judged(storage: Storage, tenants: list[str]) -> int:
    since = DAY - timedelta(days=JUDGED_DAYS - 1)
    question = SeriesQuestion(MEASURES, since - timedelta(days=DAYS_BEFORE), DAY)
    found = (find_anomalies(series, since) for series in read_series_of_each(storage, question, tenants))
    return sum(isinstance(judged, Judged) for judged in found)


def _kept(storage: Storage) -> tuple[int, int]:
    """Make the tables of a day; how many series of tenants were forecast, and how many judged."""
    keep_insights(storage, DAY)
    forecasts, trends = (warehouse_table(spec).c for spec in (USAGE_FORECASTS, USAGE_TRENDS))
    ahead = (forecasts.as_of == DAY, forecasts.day == DAY + timedelta(days=1), forecasts.tenant_id != "")
    judged = (trends.as_of == DAY, trends.not_judged.is_(None), trends.tenant_id != "")
    with storage.warehouse.connect() as connection:
        of_day = (connection.execute(select(func.count()).where(*found)).scalar_one() for found in (ahead, judged))
        return next(of_day), next(of_day)


def main() -> None:
    """Do the one or the other."""
    with open_storage(listed_settings(Path(sys.argv[1]))) as storage:
        with storage.warehouse.connect() as connection:
            tenants = sorted(billed_tenants(storage.settings, connection))
        is_kept = sys.argv[2] == "kept"
        found = _kept(storage) if is_kept else (_forecasts(storage, tenants), _judged(storage, tenants))
        print(len(tenants), *found)  # noqa: T201 - the answer


if __name__ == "__main__":
    main()
