"""The database itself refuses to change what is in the ledger, whoever asks."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from usage_pipeline.billing.ledger.tables import CREDIT_GRANTS, CREDIT_LEDGER, CREDIT_TERMS
from usage_pipeline.billing.tables import CLOSED_CREDITS, CLOSED_PLANS
from usage_pipeline.storage.opened import Storage

TABLES = [spec.place for spec in (CREDIT_LEDGER, CREDIT_GRANTS, CREDIT_TERMS, CLOSED_CREDITS, CLOSED_PLANS)]


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize(
    ("statement", "named"),
    [
        ("UPDATE {} SET tenant_id = 'other'", "UPDATE"),
        ("UPDATE {} SET tenant_id = 'other' WHERE false", "UPDATE"),
        ("DELETE FROM {}", "DELETE"),
        ("TRUNCATE {}", "TRUNCATE"),
    ],
)
def test_a_row_is_never_changed_or_deleted(storage: Storage, table: str, statement: str, named: str) -> None:
    with storage.warehouse.begin() as connection, pytest.raises(DBAPIError) as error:
        connection.execute(text(statement.format(table)))
    assert f"{table} only grows: {named} is refused" in str(error.value)
