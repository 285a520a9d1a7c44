"""What an operation costs in credits, and the table `credit_charges`, which rating joins with the records.

It has one row per day, type, model and feature that occur, so each record joins exactly one row.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, localcontext
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from usage_pipeline.errors import ReferenceFileError, UndecidedDaysError
from usage_pipeline.registry import NONE
from usage_pipeline.storage.tables import Column, columns

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection
    from sqlalchemy import Connection

    from usage_pipeline.credits.rate_file import CreditRates
    from usage_pipeline.storage.opened import Storage

# What is imported within the functions is slow to import.
# ruff: noqa: PLC0415

UNIT_DECIMALS = 18
"""Decimals of the rates of one token, byte and call: those of the file, of its factor and of a million bytes."""

_EXACT = 60
"""Digits in which a product of a rate and a factor is not rounded."""

_MEANING = (
    "Days that were never rated in credits have none until the file is corrected. Other days keep their rates and "
    "are not affected."
)


class Unrated(StrEnum):
    """The reason why an operation has no credits."""

    NO_RATES = "no_rates"
    """No rates are in force on the day."""
    NO_OPERATION = "no_operation"
    """The rates do not name its type."""


@dataclass(frozen=True)
class Charge:
    """Credits of an operation: its base, those of a token, byte and tool call, and the least of all together."""

    base: Decimal
    per_token: Decimal
    per_byte: Decimal
    per_tool_call: Decimal
    minimum: Decimal


def charge_of(rates: "CreditRates", event_type: str, model: str, feature: str) -> Charge | Unrated:
    """Return what an operation costs. The factor of its feature is in all but the minimum."""
    operation = rates.operation_of(event_type)
    if operation is None:
        return Unrated.NO_OPERATION if rates.operations else Unrated.NO_RATES
    factor = rates.complexity.get(feature, Decimal(1))
    per_1k = operation.per_1k_of(rates.group_of(model))
    with localcontext(prec=_EXACT):
        return Charge(
            base=operation.base * factor,
            per_token=(per_1k * factor).scaleb(-3),
            per_byte=(operation.per_mb * factor).scaleb(-6),
            per_tool_call=operation.per_tool_call * factor,
            minimum=rates.minimum_per_operation if operation.minimum is None else operation.minimum,
        )


@dataclass(frozen=True)
class CreditCharges:
    """The input `credit_charges`: the operations of `usage_records`, by the rates of their day."""

    name: str = "credit_charges"
    columns: tuple[Column, ...] = columns(
        ("event_day", "DATE", "Event day, UTC."),
        ("type", "VARCHAR", "Event type."),
        ("model", "VARCHAR", f"Model as logged, or {NONE}."),
        ("feature", "VARCHAR", f"Product feature, or {NONE}."),
        *(
            (f"{name}_credits", f"DECIMAL(38,{UNIT_DECIMALS})", f"Credits of {of}.", "credits")
            for name, of in (
                *(("base", "an operation"), ("token", "a token"), ("byte", "a byte")),
                *(("tool_call", "a tool call"), ("minimum", "an operation, at least")),
            )
        ),
        ("charges_failed", "BOOLEAN", "Whether an operation that failed without tokens costs credits."),
        ("unrated", "VARCHAR", "The reason why there are no credits; null with a rate."),
        ("credit_rate_version", "VARCHAR", "The rates of the day."),
    )

    def settle(self, storage: "Storage", connection: "Connection", days: Collection[date]) -> None:
        """Pin the days that were never rated to the rates of now.

        Raises UndecidedDaysError for these days if `credit_rates.yaml` is broken.
        """
        from usage_pipeline.credits import rate_store

        unpinned = set(days) - rate_store.pinned(connection, days).keys()
        if not unpinned:
            return
        try:
            rate_store.pin(connection, storage.settings, unpinned)
        except ReferenceFileError as error:
            raise UndecidedDaysError(f"{error}\n{_MEANING}", unpinned) from None

    def digests(self, connection: "Connection", days: Collection[date]) -> Mapping[date, str]:
        """Return the version of the rates of each day; empty for days that were never rated."""
        from usage_pipeline.credits import rate_store

        return {**dict.fromkeys(days, ""), **rate_store.pinned(connection, days)}

    def register(self, connection: "Connection", duck: "DuckDBPyConnection", days: Collection[date]) -> None:
        """Make the charges readable; each kind of operation of a day is looked up once."""
        from usage_pipeline.credits import rate_store
        from usage_pipeline.storage.rows import register_rows

        versions = rate_store.pinned(connection, days)
        rates = {day: rate_store.load(connection, version) for day, version in versions.items()}
        register_rows(duck, self.name, self.columns, charge_rows(duck, rates))


def charge_rows(duck: "DuckDBPyConnection", rates: Mapping[date, "CreditRates"]) -> Iterator[list[Any]]:
    """Return the rows for the records of the view `usage_records`, by the rates of each day."""
    found = duck.execute(
        "SELECT DISTINCT event_day, type, coalesce(model, $none), coalesce(feature, $none) FROM usage_records",
        {"none": NONE},
    ).fetchall()
    for day, event_type, model, feature in found:
        charge = charge_of(rates[day], event_type, model, feature)
        amounts = [None] * 5 if isinstance(charge, Unrated) else vars(charge).values()
        unrated = charge if isinstance(charge, Unrated) else None
        charges_failed = rates[day].failed_operations == "charged"
        yield [day, event_type, model, feature, *amounts, charges_failed, unrated, rates[day].version]
