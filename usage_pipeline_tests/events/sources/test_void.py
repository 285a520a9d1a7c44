"""`void`: a line that names a record which is taken back; what it may look like."""

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from usage_pipeline.events.landing.rejects import read_rejects
from usage_pipeline.events.record import CONTENT, LANDED_EVENTS
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.series.reading import day
from usage_pipeline_tests.support import reject_reasons, rows

VOID = {
    "id": "v1",
    "tenantId": "acme",
    "source": "persona",
    "recordId": "e1",
    "eventDay": "2026-04-30",
    "reason": "sent by a test",
}


def test_a_void_belongs_to_the_day_of_the_record_that_it_names(
    storage: Storage, deliver: Callable[..., None]
) -> None:
    deliver("void", "2026-05-01", [VOID])
    names = ("record_id", "type", "occurred_at", "void_source", "void_record_id", "meta")
    assert rows(storage, LANDED_EVENTS, *names) == [
        ("v1", "void", datetime.fromisoformat("2026-04-30"), "persona", "e1", None)
    ]


def test_its_reason_is_a_text_and_goes_to_content(storage: Storage, deliver: Callable[..., None]) -> None:
    deliver("void", "2026-05-01", [VOID])
    ((other,),) = rows(storage, CONTENT, "other")
    assert json.loads(other) == {"reason": "sent by a test"}


@pytest.mark.parametrize(
    ("change", "reject"),
    [
        ({"source": None}, ("missing_void_source", "$.source", None, "a text")),
        ({"source": ""}, ("missing_void_source", "$.source", None, "a text")),
        ({"recordId": None}, ("missing_void_record_id", "$.recordId", None, "a text")),
        (
            {"eventDay": "2026-04-31"},
            ("invalid_occurred_at", "$.eventDay", "2026-04-31", "a day, such as 2026-02-20"),
        ),
        (
            {"eventDay": "2026-04-30T08:00:00Z"},
            ("invalid_occurred_at", "$.eventDay", "2026-04-30T08:00:00Z", "a day, such as 2026-02-20"),
        ),
        ({"eventDay": None}, ("missing_occurred_at", "$.eventDay", None, "a day, such as 2026-02-20")),
    ],
)
def test_a_void_that_names_no_record_is_rejected(
    storage: Storage, deliver: Callable[..., None], change: dict[str, Any], reject: tuple[str | None, ...]
) -> None:
    deliver("void", "2026-05-01", [{**VOID, **change}])
    (found,) = read_rejects(storage, day("2026-05-01"), day("2026-05-01"))
    assert (found["reason"], found["field"], found["found"], found["expected"]) == reject


def test_a_void_of_a_day_to_come_is_rejected(storage: Storage, deliver: Callable[..., None]) -> None:
    deliver("void", "2026-05-01", [VOID | {"eventDay": "2026-05-02"}, VOID | {"eventDay": "2026-05-03"}])
    assert reject_reasons(storage) == [(2, "timestamp_in_future")]
