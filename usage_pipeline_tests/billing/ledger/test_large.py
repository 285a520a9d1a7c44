"""The ledger of many grants and of many tenants, in less than a minute and a gigabyte each."""

import resource
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from time import monotonic

import pytest

from usage_pipeline.billing.ledger.posting import LedgerState, ledger_state, post
from usage_pipeline.billing.ledger.tables import CREDIT_GRANTS
from usage_pipeline.clock import days_between
from usage_pipeline.credits.tables import CREDIT_SECONDS
from usage_pipeline.settings import Settings
from usage_pipeline.storage import state
from usage_pipeline.storage.digests import Digest
from usage_pipeline.storage.engine import literal, session
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.state import Provenance, Written
from usage_pipeline.storage.warehouse import copy_rows

pytestmark = pytest.mark.acceptance

START = datetime(2025, 1, 1, tzinfo=UTC)
YEAR = days_between(date(2025, 1, 1), date(2025, 12, 31))
PLANS = 'pro: {retention_days: null, monthly_credits: "50000", rollover: {min: "0", max: "50000"}}\ndefault: pro\n'
SECONDS = """
SELECT
    DATE '{day}' AS day,
    'tenant-' || tenant AS tenant_id,
    TIMESTAMP '{day}' + to_seconds(CAST(hash(tenant, number, '{day}') % 86400 AS INTEGER)) AS used_at,
    CAST(sum(100.0) AS DECIMAL(38, 12)) AS credits
FROM range({tenants}) AS tenants (tenant), range(20) AS numbers (number)
GROUP BY ALL
"""


@pytest.fixture
def settings(new_settings: Callable[..., Settings]) -> Settings:
    """Settings at the end of the year, with a plan that rolls over."""
    settings = new_settings(now=datetime(2026, 1, 1, tzinfo=UTC))
    settings.reference.mkdir(parents=True)
    (settings.reference / "plans.yaml").write_text(PLANS)
    return settings


def use(storage: Storage, tenants: int) -> None:
    """Let tenants use 100 credits twenty times a day for a year."""
    spec, written = CREDIT_SECONDS.spec, {}
    with session(storage.engine) as duck:
        for number, day in enumerate(YEAR):
            path = storage.lake.object(spec, day)
            path.parent.mkdir(parents=True)
            duck.execute(f"COPY ({SECONDS.format(day=day, tenants=tenants)}) TO {literal(str(path))}")
            written[day] = (Written(Digest(20 * tenants, number)), Provenance("", "", "test", START))
    with storage.warehouse.begin() as connection:
        state.mark_writing(connection, spec.name, YEAR, "test")
        state.mark_committed(connection, spec.name, {}, written)


def grants(number: int) -> Iterator[tuple[object, ...]]:
    """Grants of 100 that begin every five minutes and last for 200 days."""
    for index in range(number):
        begins = START + timedelta(minutes=5 * index)
        ends = begins + timedelta(days=200)
        yield (f"g{index}", "tenant-0", "topup", None, 100, begins, ends, 50, "bought", "test", START)


@pytest.mark.parametrize(("tenants", "granted"), [(1000, 0), (1, 100_000)])
def test_it_is_posted_in_less_than_a_minute_and_a_gigabyte(storage: Storage, tenants: int, granted: int) -> None:
    use(storage, tenants)
    with storage.warehouse.begin() as connection:
        copy_rows(connection, CREDIT_GRANTS, CREDIT_GRANTS.column_names, grants(granted))
    began = monotonic()
    post(storage)
    assert monotonic() - began < 60
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < 1_000_000  # kilobytes
    assert ledger_state(storage) == LedgerState(tenants, 0, 0)
