"""The tables and the file of limits have how they stand now, and nothing of before."""

from datetime import UTC, date, datetime
from decimal import Decimal

from sqlalchemy import select

from usage_pipeline.billing.ledger.posting import post
from usage_pipeline.limits.refresh import Standing, limit_status, read_standing, refresh_limits
from usage_pipeline.limits.tables import LIMIT_DECISIONS
from usage_pipeline.storage.engine import parquet_scan, session
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.schema import warehouse_table
from usage_pipeline_tests.limits.conftest import NOW
from usage_pipeline_tests.limits.reading import limit, write_limits

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
    ]
    written = parquet_scan([used.settings.limits_dir / "decisions.parquet"])
    with session(used.engine) as duck:
        assert [tuple(row) for row in found] == duck.execute(f"FROM {written}").fetchall()


def test_a_refresh_replaces_all_rows(used: Storage) -> None:
    write_limits(used, limit("tokens_total", 1000, "day"), limit("prompts", 1, scope='{member_id: "*"}'))
    assert len(refresh_limits(used).present) == 3
    write_limits(used, limit("tokens_total", 250), limit("credits", 200), limit("prompts", 1000))
    assert len(refresh_limits(used).present) == 3
    assert read_standing(used) == Standing(limits=3, over=1, warned=1, incomplete=1)
    write_limits(used)
    assert refresh_limits(used).present == []
    assert read_standing(used) == Standing(0, 0, 0, 0)
