"""A log with records of two tenants on four days, and how tests read lists of it."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from usage_pipeline.listing.pages import Page, Pages
from usage_pipeline.listing.queries import RecordQuery
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.support import Landing, land_and_compute, prompt

LANDED = "2026-05-23"


def ms(time: str) -> int:
    """Milliseconds since 1970 of a time in May 2026: `20T08:00`."""
    return int(datetime.fromisoformat(f"2026-05-{time}").replace(tzinfo=UTC).timestamp() * 1000)


def record(record_id: str, time: str, **fields: Any) -> dict[str, Any]:
    """A record of the usage statistics."""
    return {"id": record_id, "type": "token", "count": 7, "createdAt": ms(time), "meta": {}, **fields}


ACME = (
    record(
        "a1",
        "20T08:00",
        conversationId="c1",
        messageId="m1",
        taskId="t1",
        contactId="k1",
        blueprintId="p1",
        botId="b1",
        datasetId="d1",
        skillsetId="s1",
        abilityId="y1",
        meta={"model": "gpt-4o", "region": "eu", "price": 1.50, "ok": True, "a/b": {"c": [1]}},
        updatedAt=ms("20T09:30"),
        integrationId="i1",
    ),
    record("a2", "20T08:00", botId="b1", meta={"region": "us"}),
    record("a3", "20T08:00:00.001", conversationId="c1", botId="b2"),
    record("a4", "22T00:00", type="message", count=2, conversationId="c2"),
    record("a5", "22T23:59:59.999", conversationId="c1"),
)
GLOBEX = (record("a2", "20T08:00", conversationId="c1"), record("g1", "21T12:00", meta={"region": "eu"}))
PERSONA = (
    prompt("p1", "2026-05-20T08:00:00.0000019Z", conversationId="c1", modelName="m", traceId="x"),
    prompt("p1", "2026-05-20T08:00:00.0000019Z", conversationId="c1", modelName="m", traceId="x"),
    prompt("p2", "2026-05-23T10:00:00Z", tokensIn=5),
    prompt("p2", "2026-05-23T10:00:00Z", tokensIn=6),
    prompt("p3", "2026-05-23T11:00:00Z"),
)
VOID = {"id": "v1", "tenantId": "acme", "source": "persona", "recordId": "p3", "eventDay": "2026-05-23"}

OLDEST_FIRST = (
    "acme a1",
    "acme a2",
    "globex a2",
    "acme p1",
    "acme a3",
    "globex g1",
    "acme a4",
    "acme a5",
    "acme p2",
)
"""By time, then by tenant: all records of the log in their order."""


def land(storage: Storage) -> Storage:
    """Land the log, and compute its records."""
    landing = Landing(storage.settings.landing)
    landing.write("usage_statistics", LANDED, ACME, tenant="acme")
    landing.write("usage_statistics", LANDED, GLOBEX, tenant="globex")
    landing.write("persona", LANDED, PERSONA)
    landing.write("void", LANDED, [VOID])
    land_and_compute(storage, "records")
    return storage


def items(page: Page) -> list[dict[str, Any]]:
    """The items of a page."""
    return [json.loads(item) for item in page.items]


def ids(page: Page) -> list[str]:
    """Their ids."""
    return [item["id"] for item in items(page)]


def turned(pages: Pages, query: RecordQuery, take: int) -> Iterator[Page]:
    """All pages of a list."""
    cursor = None
    while True:
        page = pages.read(query, take, cursor)
        yield page
        cursor = page.cursor
        if cursor is None:
            return
