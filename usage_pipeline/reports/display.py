"""How values look to people. Each is rounded once, half to even, so that all forms of a report show the same."""

from collections.abc import Iterable
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Decimal
from enum import StrEnum

from usage_pipeline.billing.ledger.entries import exact

ABSENT = "–"
_PLACES, _PLACES_OF_LITTLE = 2, 6


class Kind(StrEnum):
    """What a column holds."""

    TEXT = "text"
    DAY = "day"
    INSTANT = "instant"
    COUNT = "count"
    """A whole number."""
    MONEY = "money"
    """US dollars."""
    CREDITS = "credits"
    QUANTITY = "quantity"
    """A whole number or a decimal, as the row has it."""
    DECIMAL = "decimal"
    """A number that is shown as it is, such as a percentage or an average with one decimal."""
    YES_NO = "yes_no"

    @property
    def is_number(self) -> bool:
        """Whether it is shown to the right, and may be added up."""
        return self in {Kind.COUNT, Kind.MONEY, Kind.CREDITS, Kind.QUANTITY, Kind.DECIMAL}

    @property
    def is_rounded(self) -> bool:
        """Whether people see less places than there are."""
        return self in {Kind.MONEY, Kind.CREDITS, Kind.QUANTITY}


def places_for(values: Iterable[object]) -> int:
    """Return the decimal places of a column: 2, or 6 if nothing in it comes to one."""
    sizes = [abs(value) for value in values if isinstance(value, Decimal)]
    return _PLACES_OF_LITTLE if 0 < max(sizes, default=Decimal(0)) < 1 else _PLACES


def rounded(value: Decimal, places: int) -> Decimal:
    """Return the number with these places, half to even."""
    with exact():
        return value.quantize(Decimal(1).scaleb(-places), ROUND_HALF_EVEN)


def shown(value: object, kind: Kind, places: int = _PLACES) -> str:
    """Return the text that people see."""
    match value:
        case None:
            return ABSENT
        case bool():
            return "yes" if value else "no"
        case int():
            return f"{value:,}"
        case Decimal():
            return f"{rounded(value, places) if kind.is_rounded else value:,f}"
        case datetime():
            return f"{value:%Y-%m-%d %H:%M} UTC"
        case _:
            return str(value)
