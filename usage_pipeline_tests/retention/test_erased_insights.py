"""Insights that are kept: an erased member is named in none of them, and of an erased tenant there are none."""

from sqlalchemy import text

from usage_pipeline.insights.kept.keeping import keep_insights
from usage_pipeline.insights.kept.tables import INSIGHT_TABLES, LIMIT_OUTLOOKS
from usage_pipeline.pipeline.refresh import PlainRunner, refresh
from usage_pipeline.retention.erasure.erasing import erase
from usage_pipeline.retention.erasure.subject import Subject
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.conftest import FillOnce
from usage_pipeline_tests.insights.advised import AS_OF, fill
from usage_pipeline_tests.limits.reading import limit, write_limits
from usage_pipeline_tests.retention.erased import ALL, erase_acme


def rows_of(storage: Storage, tenant_id: str) -> int:
    """How many rows all of these tables have of a tenant."""
    query = " UNION ALL ".join(f"SELECT tenant_id FROM {spec.place}" for spec in INSIGHT_TABLES)
    with storage.warehouse.connect() as connection:
        counted = text(f"SELECT count(*) FROM ({query}) AS rows WHERE tenant_id = :tenant")
        return int(connection.execute(counted, {"tenant": tenant_id}).scalar_one())


def limited_members(storage: Storage) -> list[str]:
    """The members whose limits are kept."""
    with storage.warehouse.connect() as connection:
        query = text(f"SELECT member_id FROM {LIMIT_OUTLOOKS.place} ORDER BY member_id")
        return list(connection.execute(query).scalars())


def test_a_member_and_then_its_tenant_are_erased_from_what_is_kept(storage: Storage, fill_once: FillOnce) -> None:
    fill_once(storage, fill)
    scope = '{member_id: "*"}'
    write_limits(storage, limit("tokens_total", 200, "{rolling_days: 90}", tenant="leaving", scope=scope))
    refresh(storage, PlainRunner(storage))
    keep_insights(storage, AS_OF, ["tokens_total"])
    assert limited_members(storage) == ["ann", "bob"]
    assert erase(storage, ALL, Subject("leaving", "ann"), by="me", reason="a request")
    assert limited_members(storage) == ["bob"]
    write_limits(storage)
    refresh(storage, PlainRunner(storage))
    assert rows_of(storage, "leaving") > 0
    erase_acme(storage, "leaving")
    assert rows_of(storage, "leaving") == 0
