"""The kinds of checks in a suite, as models. An entry of a suite is one check of every day of a table."""

from typing import Annotated, Literal, Self, get_args

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

Share = Annotated[float, Field(gt=0, le=1)]
Columns = Annotated[tuple[str, ...], Field(min_length=1)]

ENTRY = "entry"
"""The key in the meta of an expectation that holds the name of its entry."""

EVENT_TYPES = "event_types"
RECENT = "recent"


class CheckEntry(BaseModel):
    """The fields of all kinds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    description: str
    """One sentence for people."""


class HasColumns(CheckEntry):
    """The rows have every declared column of the table. A failure is an error, not a warning."""

    expect: Literal["columns"]


class Rows(CheckEntry):
    """The day has at least this number of rows, or nothing is compared if no line of the event day has landed."""

    expect: Literal["rows"]
    at_least: Annotated[int, Field(ge=0)] = 1
    only_if_landed: bool = False


class UsualRows(CheckEntry):
    """The number of rows is within these multiples of the median of the days before."""

    expect: Literal["usual_rows"]
    at_least: Annotated[float, Field(ge=0, le=1)]
    at_most: Annotated[float, Field(ge=1)]
    days: Annotated[int, Field(ge=7, le=366)] = 28


class NotNull(CheckEntry):
    """These columns have a value in every row."""

    expect: Literal["not_null"]
    columns: Columns


class Unique(CheckEntry):
    """No two rows have the same values of these columns."""

    expect: Literal["unique"]
    columns: Columns


class OneOf(CheckEntry):
    """A column holds null or one of these values, the types of the event catalogue, or recent values."""

    expect: Literal["one_of"]
    column: str
    values: tuple[str, ...] | Literal["event_types", "recent"]
    mostly: Share = 1
    days: Annotated[int, Field(ge=7, le=366)] = 28

    @model_validator(mode="after")
    def _known_form(self) -> Self:
        if self.values == EVENT_TYPES and self.mostly != 1:
            raise ValueError("mostly: all rows must have a type of the catalogue; leave it out")
        return self


class Between(CheckEntry):
    """A column holds null or a number between two bounds, both included."""

    expect: Literal["between"]
    column: str
    min: int | float | None = None
    max: int | float | None = None
    mostly: Share = 1

    @model_validator(mode="after")
    def _some_bound(self) -> Self:
        if self.min is None and self.max is None:
            raise ValueError("give min, max or both")
        return self


class Holds(CheckEntry):
    """A condition in SQL is true or null in every row."""

    expect: Literal["holds"]
    condition: str


class Number(CheckEntry):
    """The number that a SELECT returns lies between two bounds, both included."""

    expect: Literal["number"]
    select: str
    at_least: int | float | None = None
    at_most: int | float | None = None

    @field_validator("select")
    @classmethod
    def _one_select(cls, text: str) -> str:
        if not text.lstrip().upper().startswith("SELECT"):
            raise ValueError("expected one SELECT that gives one number")
        return text

    @model_validator(mode="after")
    def _some_bound(self) -> Self:
        if self.at_least is None and self.at_most is None:
            raise ValueError("give at_least, at_most or both")
        return self


Entry = HasColumns | Rows | UsualRows | NotNull | Unique | OneOf | Between | Holds | Number
KINDS: dict[str, type[Entry]] = {
    get_args(kind.model_fields["expect"].annotation)[0]: kind for kind in get_args(Entry)
}
"""The kinds by the value of `expect`."""

OF_ROWS = (NotNull, Unique, OneOf, Between, Holds)
"""The kinds that compare the rows of a day, and have nothing to compare on a day without rows."""
