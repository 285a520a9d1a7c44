"""Ten thousand limits of a thousand tenants, from usage to alerts, in less than ten seconds of processor time."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from time import process_time

import pytest
from sqlalchemy import select

from usage_pipeline.alerts.history import count_alerts
from usage_pipeline.alerts.raising import settle_credits_and_limits
from usage_pipeline.clock import days_between
from usage_pipeline.costs.tables import DAILY_COSTS
from usage_pipeline.credits.tables import CREDIT_USAGE
from usage_pipeline.limits.refresh import Standing, limit_status, read_standing
from usage_pipeline.series.tables import CONVERSATION_STARTS, DAILY_USAGE
from usage_pipeline.storage import state
from usage_pipeline.storage.digests import Digest
from usage_pipeline.storage.engine import literal, session
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.state import Provenance, Written
from usage_pipeline.storage.tables import TableSpec
from usage_pipeline_tests.limits.reading import limit
from usage_pipeline_tests.support import at

pytestmark = pytest.mark.acceptance

NOW = datetime(2026, 5, 31, 12, tzinfo=UTC)
DAYS = days_between(date(2026, 5, 1), date(2026, 5, 31))
TENANTS, MEMBERS, MODELS = 1_000, 10, 3
GIVEN = {"day", "tenant_id", "member_id", "project", "model"}
GRAIN = """
SELECT DATE '{day}' AS day, 'tenant-' || tenant AS tenant_id, 'member-' || member AS member_id,
    'project-' || member % 3 AS project, 'model-' || model AS model, {others}
FROM range({tenants}) AS tenants (tenant), range({members}) AS members (member), range({models}) AS models (model)
"""
KINDS = (
    ("tokens_total", 100_000, "month", {}),
    ("tokens_total", 10_000, "day", {"scope": '{member_id: "*"}'}),
    ("tokens_in", 100_000, "{rolling_days: 30}", {"scope": '{model: "*"}'}),
    ("prompts", 500, "day", {}),
    ("requests", 5_000, "week", {"scope": "{project: project-1}"}),
    ("conversations", 1_000, "month", {}),
    ("cost", 1_000, "billing", {"action": "block"}),
    ("cost", 100, "month", {"scope": "{member_id: member-1, model: model-1}"}),
    ("credits", 5_000, "billing", {"action": "block"}),
    ("credits", 50, "day", {"scope": '{member_id: "*"}'}),
)


def write(storage: Storage, spec: TableSpec) -> None:
    """Let every tenant, member and model have a row on each day, with 1 in every number."""
    others = [column for column in spec.columns if column.name not in GIVEN]
    selected = ", ".join(f"CAST(1 AS {column.type}) AS {column.name}" for column in others)
    written = {}
    with session(storage.engine) as duck:
        for number, day in enumerate(DAYS):
            path = storage.lake.object(spec, day)
            path.parent.mkdir(parents=True)
            rows = GRAIN.format(day=day, others=selected, tenants=TENANTS, members=MEMBERS, models=MODELS)
            duck.execute(f"COPY ({rows}) TO {literal(str(path))}")
            digest = Digest(TENANTS * MEMBERS * MODELS, number)
            written[day] = (Written(digest), Provenance("", "", "test", NOW - timedelta(days=1)))
    with storage.warehouse.begin() as connection:
        state.mark_writing(connection, spec.name, DAYS, "test")
        state.mark_committed(connection, spec.name, {}, written)


def entries() -> Iterator[str]:
    for tenant in range(TENANTS):
        for number, (metric, amount, period, keys) in enumerate(KINDS):
            yield limit(metric, amount, period, id=f"limit-{tenant}-{number}", tenant=f"tenant-{tenant}", **keys)


def test_ten_thousand_limits_are_refreshed_and_alerts_raised_in_less_than_ten_seconds(storage: Storage) -> None:
    for table in (DAILY_USAGE, CONVERSATION_STARTS, DAILY_COSTS, CREDIT_USAGE):
        write(storage, table.spec)
    storage.settings.reference.mkdir(parents=True)
    (storage.settings.reference / "limits.yaml").write_text("".join(entries()))
    present = at(storage, NOW)
    began = process_time()
    settle_credits_and_limits(present)
    assert process_time() - began < 10
    columns = limit_status.c
    of_one = select(columns.limit_id, columns.member_id, columns.used).where(columns.tenant_id == "tenant-7")
    with storage.warehouse.connect() as connection:
        used = {(limit_id, member_id): int(used) for limit_id, member_id, used in connection.execute(of_one)}
    assert read_standing(present) == Standing(limits=30_000, over=0, warned=2_000, incomplete=0)
    assert used["limit-7-0", ""] == 31 * MEMBERS * MODELS
    assert used["limit-7-9", "member-4"] == MODELS
    # Each tenant has reached 80 % of two of its limits, and has passed 50 % of them.
    assert count_alerts(present) == {"raised": 4_000, "resolved": 0, "ended": 0}
