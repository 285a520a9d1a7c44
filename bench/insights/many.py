"""Forecasts and judges all tenants of a deployment; prints how many they are, and how many series were told of.

python -m bench.insights.many DATA_DIR
"""

import sys
from datetime import timedelta
from pathlib import Path

from bench.datasets import DAY
from bench.many_tenants import listed_settings
from usage_pipeline.billing.billed_tenants import billed_tenants
from usage_pipeline.insights.anomalies.detection import DAYS_BEFORE, JUDGED_DAYS, Judged, find_anomalies
from usage_pipeline.insights.measures import measure_of
from usage_pipeline.insights.outlook.read_outlook import OutlookQuestion, read_outlooks
from usage_pipeline.insights.read_series import SeriesQuestion, read_series_of_each
from usage_pipeline.storage.opened import Storage, open_storage

MEASURES = [measure_of(name) for name in ("tokens_total", "conversations", "messages", "requests", "records")]


def _forecasts(storage: Storage, tenants: list[str]) -> int:
    outlooks = read_outlooks(storage, OutlookQuestion(MEASURES, DAY), tenants)
    return sum(expected.forecast is not None for outlook in outlooks for expected in outlook.expected)


def _judged(storage: Storage, tenants: list[str]) -> int:
    since = DAY - timedelta(days=JUDGED_DAYS - 1)
    question = SeriesQuestion(MEASURES, since - timedelta(days=DAYS_BEFORE), DAY)
    found = (find_anomalies(series, since) for series in read_series_of_each(storage, question, tenants))
    return sum(isinstance(judged, Judged) for judged in found)


def main() -> None:
    """Do both."""
    with open_storage(listed_settings(Path(sys.argv[1]))) as storage:
        with storage.warehouse.connect() as connection:
            tenants = sorted(billed_tenants(storage.settings, connection))
        print(len(tenants), _forecasts(storage, tenants), _judged(storage, tenants))  # noqa: T201 - the answer


if __name__ == "__main__":
    main()
