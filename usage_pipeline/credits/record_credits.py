"""Computes the credits of one record, with the SELECT of the cube."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from duckdb import DuckDBPyConnection
from sqlalchemy import Connection

from usage_pipeline.credits import rate_store
from usage_pipeline.credits.charges import CreditCharges, charge_rows
from usage_pipeline.credits.tables import CREDIT_USAGE
from usage_pipeline.storage.inputs import register_derived
from usage_pipeline.storage.rows import register_rows

_CHARGES = CreditCharges()


@dataclass(frozen=True)
class RecordCredits:
    """The credits of an operation by the rates of its day, or the reason why there are none."""

    credits: Decimal | None
    unrated: str
    reported_credits: Decimal | None
    credit_rate_version: str


def credits_of_record(connection: Connection, duck: DuckDBPyConnection, day: date) -> RecordCredits | None:
    """Return the credits of the only record of the view `usage_records`; None if it is no operation.

    The view `metered_records` reads that record already. Of a day that was never rated nothing is known.
    """
    version = rate_store.pinned(connection, [day]).get(day)
    if version is None:
        return None
    rates = {day: rate_store.load(connection, version)}
    register_rows(duck, _CHARGES.name, _CHARGES.columns, charge_rows(duck, rates))
    register_derived(CREDIT_USAGE.inputs, duck)
    names = "credits, unrated, reported_credits, credit_rate_version"
    found = duck.execute(f"SELECT {names} FROM ({CREDIT_USAGE.sql.text}) AS credit_usage").fetchall()
    return RecordCredits(*found[0]) if found else None
