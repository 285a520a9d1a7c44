"""The examples of docs/retention.md, pruned."""

import json
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from usage_pipeline.events.landing.land import land_days
from usage_pipeline.events.record import CONTENT, REJECTED_LINES
from usage_pipeline.pipeline.tables import DAILY_TABLES
from usage_pipeline.retention import pruning
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.support import Landing, prompt, rows
from usage_pipeline_tests.test_docs import document, section

PLANS = {
    "default": "free",
    "free": {"retention_days": 90},
    "long": {"retention_days": 90, "content_retention_days": 60},
}
GLOBEX: dict[str, Any] = {"globex": {"plans": [{"from": "2020-01-01", "plan": "long"}]}}
HELD: dict[str, Any] = {"initech": {"legal_hold": {"reason": "case 4711", "by": "legal", "since": "2026-05-01"}}}
MAY_1 = "2026-05-01"


def text(tenant: str) -> dict[str, Any]:
    return prompt(tenant, f"{MAY_1}T08:00:00Z", tenantId=tenant, prompt="words")


EXAMPLES: dict[str, tuple[list[Any], dict[str, Any], str, tuple[int, int, bool]]] = {
    "Prompts of `acme` of 1 May": ([text("acme")], GLOBEX, MAY_1, (0, 0, False)),
    "Prompts of `acme` and of `globex`": ([text("acme"), text("globex")], GLOBEX, MAY_1, (1, 0, True)),
    "A prompt of `acme` and a line that is no JSON": ([text("acme"), "{"], GLOBEX, MAY_1, (0, 0, False)),
    "The same, while `initech` is on hold": ([text("acme"), "{"], HELD, MAY_1, (0, 1, True)),
    "A prompt of 1 May that landed on 30 May": ([text("acme")], GLOBEX, "2026-05-30", (0, 0, True)),
}
"""By the first cell of each example: lines, tenants, landing day, and which texts, rejects and file stay."""


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_leaves_what_the_document_says(
    storage: Storage, landing: Landing, add_reference: Callable[[str, str], None], name: str
) -> None:
    lines, tenants, landing_day, left = EXAMPLES[name]
    add_reference("plans", json.dumps(PLANS))
    add_reference("tenants", json.dumps(tenants))
    path = landing.write("persona", landing_day, lines)
    land_days(storage, [date.fromisoformat(landing_day)], "test")
    list(pruning.prune(storage, DAILY_TABLES, pruning.plan(storage), "test").removed)
    found = [len(rows(storage, table, "landing_line")) for table in (CONTENT, REJECTED_LINES)]
    assert (*found, path.exists()) == left


def test_every_example_of_the_document_is_one_of_these() -> None:
    table = section(document("docs/retention.md"), "Examples")
    cells = [line.split("|")[1].strip() for line in table.splitlines() if line.startswith("|")]
    assert cells[2:] == list(EXAMPLES)
