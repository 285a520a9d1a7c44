"""`persona_callback`: two deliveries of one callback are one record, and nothing of it is metered."""

from datetime import datetime

import pytest

from usage_pipeline.records.tables import EXCLUDED_EVENTS
from usage_pipeline.registry import RECORD_METRIC_NAMES
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.events.sources.reading import line_counts, records, texts, usage
from usage_pipeline_tests.support import rows

SOURCE = "persona_callback"


def test_the_file_lands_whole(samples: Storage) -> None:
    assert line_counts(samples, SOURCE) == ("landed", 2, 2, 0)


def test_both_deliveries_are_one_record_with_the_attempt_that_came_first(samples: Storage) -> None:
    assert records(samples, SOURCE) == {
        "4b1e": {
            "type": "persona_callback",
            "occurred_at": datetime.fromisoformat("2026-02-20T12:00:02.340"),
            "count": 1,
            "unit": "callback",
            "messages": 0,
            "status": "succeeded",
            "persona_id": "per_7",
            "session_id": "ses_9f",
            "meta": {"attemptCount": 1},
        }
    }


def test_the_second_delivery_is_a_duplicate_of_the_first(samples: Storage) -> None:
    found = rows(
        samples, EXCLUDED_EVENTS.spec, "source", "record_id", "verdict", "landing_line", "decided_by_line"
    )
    assert found == [(SOURCE, "4b1e", "duplicate", 2, 1)]


@pytest.mark.parametrize("metric", [name for name in RECORD_METRIC_NAMES if name != "records"])
def test_it_brings_no_meter(samples: Storage, metric: str) -> None:
    assert usage(samples, SOURCE, metric, group_by="source") == [(SOURCE, 0)]


def test_each_delivery_keeps_its_texts(samples: Storage) -> None:
    spoken = {"prompt": "How do you approach design challenges?", "response": "As a product designer, I..."}
    assert texts(samples, SOURCE) == [(1, spoken), (2, spoken)]
