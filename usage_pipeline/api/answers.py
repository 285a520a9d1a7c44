"""What answers are made of. Decimals are texts, so that no client rounds them; what is not known is null."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any

from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field, PlainSerializer, WithJsonSchema


def decimal_text(number: Decimal) -> str:
    """Return all digits of a decimal, without zeros at its end: `12.5`, `1200`."""
    text = f"{number:f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text) if number else "0"


Exact = Annotated[
    Decimal,
    PlainSerializer(decimal_text, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "pattern": r"^-?\d+(\.\d+)?$", "examples": ["12.5"]}, mode="serialization"),
]
"""A decimal with all its digits, as a text."""

MissingDays = Annotated[int, Field(description="Days asked for of which nothing is known. They are in no sum.")]


class AnswerModel(BaseModel):
    """An answer, or a part of one."""

    model_config = ConfigDict(frozen=True, from_attributes=True)


class JsonAnswer(Response):
    """An answer that is JSON already."""

    media_type = "application/json"


Cell = int | str | None
"""A group, or a number: a whole one, or a decimal as a text."""


def cell(value: Any) -> Cell:  # noqa: ANN401 - whatever a query has
    """Return a value as JSON has it: decimals, days and times as texts."""
    match value:
        case Decimal():
            return decimal_text(value)
        case date() | datetime():
            return value.isoformat()
        case _:
            found: Cell = value
            return found
