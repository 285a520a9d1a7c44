"""More tenants than PostgreSQL takes parameters in a statement."""

from collections.abc import Callable
from datetime import date

import pytest
from sqlalchemy import Connection

from usage_pipeline.billing.calendar import BillingPeriod
from usage_pipeline.billing.closing import Closing, count_closed, freeze
from usage_pipeline.billing.ledger.accounts import closed_months_by_tenant
from usage_pipeline.billing.ledger.grants import read_acts
from usage_pipeline.billing.ledger.ledger import posted_sums
from usage_pipeline.costs.tables import TENANT_COSTS
from usage_pipeline.storage.engine import session
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.pruned import PrunedTenants, register_outliving
from usage_pipeline.storage.state import Partition, WriteState

TENANTS = [f"tenant-{number}" for number in range(65_536)]
APRIL = BillingPeriod(date(2026, 4, 1), date(2026, 4, 30))


def test_a_period_is_closed_for_all_of_them(storage: Storage) -> None:
    closed = freeze(storage, APRIL, TENANTS, Closing("ann"), {})
    with storage.warehouse.connect() as connection:
        assert (len(closed), count_closed(connection)) == (65_536, 65_536)


@pytest.mark.parametrize(
    "read",
    [
        lambda connection: closed_months_by_tenant(connection, TENANTS),
        lambda connection: read_acts(connection, TENANTS),
        lambda connection: list(posted_sums(connection, TENANTS)),
    ],
    ids=["closed periods", "grants", "ledger"],
)
def test_what_is_kept_of_all_of_them_is_read(storage: Storage, read: Callable[[Connection], object]) -> None:
    with storage.warehouse.connect() as connection:
        assert not read(connection)


def test_costs_of_all_of_them_outlive_their_records(storage: Storage) -> None:
    spec, day = TENANT_COSTS.spec, APRIL.first
    pruned = PrunedTenants(dict.fromkeys(TENANTS, APRIL.last))
    known = {day: Partition(table_name=spec.name, day=day, state=WriteState.COMMITTED, version=1, run="r")}
    with storage.warehouse.connect() as connection, session(storage.engine) as duck:
        pruned.register(duck)
        stored = register_outliving(spec, pruned, storage.lake, connection, duck, known, [day])
        assert duck.execute(f"SELECT count(*) FROM {stored}").fetchall() == [(0,)]
