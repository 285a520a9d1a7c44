"""The tables and the file of limits have how they stand now, and nothing of before."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from sqlalchemy import select

from usage_pipeline.billing.ledger.grant_file import GrantEntry
from usage_pipeline.billing.ledger.grants import add_grant
from usage_pipeline.billing.ledger.posting import post
from usage_pipeline.limits.check import check
from usage_pipeline.limits.decisions import Request
from usage_pipeline.limits.refresh import Standing, limit_status, read_standing, refresh_limits
from usage_pipeline.limits.tables import LIMIT_DECISIONS
from usage_pipeline.storage.engine import parquet_scan, session
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.schema import warehouse_table
from usage_pipeline_tests.limits.conftest import NOW
from usage_pipeline_tests.limits.reading import limit, write_limits
from usage_pipeline_tests.support import Landing, land_and_compute, prompt

limit_decisions = warehouse_table(LIMIT_DECISIONS)


def test_a_row_has_all_that_is_known_of_a_limit(used: Storage) -> None:
    write_limits(used, limit("cost", 250, scope="{project: (none)}", action="block"))
    assert len(refresh_limits(used).present) == 1
    with used.warehouse.connect() as connection:
        (row,) = connection.execute(select(limit_status)).mappings()
    assert {name: value for name, value in row.items() if name != "limit_version"} == {
        "limit_id": "cost",
        "tenant_id": "acme",
        "member_id": "",
        "project": "(none)",
        "model": "",
        "metric": "cost",
        "period": "month",
        "first_day": date(2026, 5, 1),
        "last_day": date(2026, 5, 31),
        "amount": Decimal(250),
        "used": Decimal(250),
        "remaining": Decimal(0),
        "share": Decimal(100),
        "threshold": 100,
        "first_day_over": None,
        "projected": Decimal("378.048780487805"),
        "incomplete": True,
        "missing_days": 0,
        "action": "block",
        "as_of": NOW,
    }


def test_a_gateway_finds_what_remains_of_limits_and_credits(used: Storage) -> None:
    write_limits(used, limit("tokens_total", 250, scope='{member_id: "*"}', action="block"))
    post(used)
    refresh_limits(used)
    with used.warehouse.connect() as connection:
        found = connection.execute(select(limit_decisions).order_by("tenant_id", "limit_id", "member_id")).all()
    june = datetime(2026, 6, 1, tzinfo=UTC)
    of_tokens = ("tokens_total", Decimal(250), "block", 403, june, NOW)
    assert [(row.tenant_id, row.member_id, row.remaining, row[5], *row[7:]) for row in found] == [
        ("acme", "", Decimal("67.5"), "credits", None, "block", 402, None, NOW),
        ("acme", "*", Decimal(250), *of_tokens),
        ("acme", "ann", Decimal(45), *of_tokens),
        ("acme", "bob", Decimal(190), *of_tokens),
        ("globex", "", Decimal(-500), "credits", None, "alert", 402, None, NOW),
        ("initech", "", Decimal(0), "credits", None, "alert", 402, None, NOW),
    ]
    written = parquet_scan([used.settings.limits_dir / "decisions.parquet"])
    with session(used.engine) as duck:
        assert [tuple(row) for row in found] == duck.execute(f"FROM {written}").fetchall()


DENYING = "free: {retention_days: 90}\ndefault: free\n"
BOUGHT = {"id": "g1", "tenant": "hooli", "kind": "topup", "amount": "5", "effective_at": "2027-01-01T00:00:00Z"}
"""Credits that are not there yet, of a tenant whose entry is removed afterwards."""


@pytest.mark.parametrize("is_posted", [True, False])
def test_a_tenant_without_credits_is_refused_by_the_file_as_by_check(
    storage: Storage, landing: Landing, *, is_posted: bool
) -> None:
    storage.settings.reference.mkdir(parents=True, exist_ok=True)
    (storage.settings.reference / "plans.yaml").write_text(DENYING)
    names = storage.settings.reference / "tenants.yaml"
    names.write_text("hooli: {}\ninitech: {}\n")
    add_grant(storage, GrantEntry.model_validate({**BOUGHT, "reason": "bought"}), "ann")
    names.write_text("initech: {}\n")
    landing.write("persona", "2026-05-31", [prompt("e1", "2026-05-31T08:00:00Z")])
    land_and_compute(storage, "token_series", "credits")
    if is_posted:
        post(storage)
    refresh_limits(storage)
    with storage.warehouse.connect() as connection:
        rows = connection.execute(select(limit_decisions).order_by("tenant_id")).all()
    assert [(row.tenant_id, row.metric, row.remaining, row.action, row.status) for row in rows] == [
        (tenant_id, "credits", 0, "block", 402) for tenant_id in ("acme", "hooli", "initech")
    ]
    for row in rows:
        request = Request("persona_prompt", row.tenant_id, credits=Decimal("0.1"))
        assert check(storage, request)[0].answer == row.status


def test_a_refresh_replaces_all_rows(used: Storage) -> None:
    write_limits(used, limit("tokens_total", 1000, "day"), limit("prompts", 1, scope='{member_id: "*"}'))
    assert len(refresh_limits(used).present) == 3
    write_limits(used, limit("tokens_total", 250), limit("credits", 200), limit("prompts", 1000))
    assert len(refresh_limits(used).present) == 3
    assert read_standing(used) == Standing(limits=3, over=1, warned=1, incomplete=1)
    write_limits(used)
    assert refresh_limits(used).present == []
    assert read_standing(used) == Standing(0, 0, 0, 0)
