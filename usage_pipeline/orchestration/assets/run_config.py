"""What the run config of a table says, and what it does before the days are computed. Most tables have none."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Literal

import dagster as dg
from pydantic import Field

from usage_pipeline.costs.tables import DAILY_COSTS
from usage_pipeline.credits.tables import CREDIT_USAGE

if TYPE_CHECKING:
    from usage_pipeline.storage.opened import Storage


class RunConfig(dg.Config):
    """The run config of one table."""

    @abstractmethod
    def prepare(self, storage: "Storage", days: Sequence[date]) -> None:
        """Do what is configured, before these days are computed."""


class PriceBookConfig(RunConfig):
    """Which prices the days are rated with."""

    price_book: Literal["pinned", "current"] = Field(
        "pinned",
        description="`current` rates the days again, by today's prices; otherwise rated days keep their prices.",
    )

    def prepare(self, storage: "Storage", days: Sequence[date]) -> None:
        """Pin the days to the price book of now, if that is asked for."""
        from usage_pipeline.costs.book.current import rerate  # noqa: PLC0415 - slow to import

        if self.price_book == "current":
            rerate(storage, days)


class CreditRatesConfig(RunConfig):
    """Which rates the days' operations have."""

    credit_rates: Literal["pinned", "current"] = Field(
        "pinned",
        description="`current` rates the days again, by today's rates; otherwise rated days keep their rates.",
    )

    def prepare(self, storage: "Storage", days: Sequence[date]) -> None:
        """Pin the days to the credit rates of now, if that is asked for."""
        from usage_pipeline.credits.rate_store import rerate_credits  # noqa: PLC0415 - slow to import

        if self.credit_rates == "current":
            rerate_credits(storage, days)


RUN_CONFIGS: Mapping[str, type[RunConfig]] = {
    DAILY_COSTS.name: PriceBookConfig,
    CREDIT_USAGE.name: CreditRatesConfig,
}
"""By table."""
