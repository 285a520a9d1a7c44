"""The values of a format: fields of the log, and what a column gets of them.

Every value is a text until its column casts it, so the forms nest: a sum may be a fallback, and have fallbacks.
"""

from collections.abc import Iterator
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    Discriminator,
    Field,
    Tag,
    model_validator,
)
from typing_extensions import TypeAliasType

from usage_pipeline.events.format_paths import expect_file_name, expect_list_path, expect_plain_path
from usage_pipeline.events.notations import Part, Unit, Zoned
from usage_pipeline.events.time_rules import expect_moment

MOST_TERMS = 9
"""The largest number of terms of a sum: with more, exact decimals would not fit their type."""


Text = Annotated[str, Field(min_length=1)]
"""A text that is there: an empty one counts as absent."""


class Constant(Part):
    """A value that is the same for all lines and in none of them."""

    constant: Text


class Join(Part):
    """Several values joined with `:`; absent if any of them is."""

    join: Annotated[tuple["Value", ...], Field(min_length=2)]


class Sum(Part):
    """The sum of the numbers that are there; absent if none is."""

    sum: Annotated[tuple["Value", ...], Field(min_length=2, max_length=MOST_TERMS)]


ListPath = Annotated[str, AfterValidator(expect_list_path)]


class SumOf(Part):
    """The sum of the numbers at a path through lists; absent if none is there."""

    sum_of: ListPath


class CountOf(Part):
    """How many values are there at a path through lists."""

    count_of: ListPath


class FileName(Part):
    """The time in the name of the file; absent where the name is another."""

    file_name: Annotated[str, AfterValidator(expect_file_name)]


class FirstLine(Part):
    """A field of the first line of the file."""

    first_line: Annotated[str, AfterValidator(expect_plain_path)]


class Elapsed(Zoned):
    """A duration from two times; absent if one of them is, or if the second is the earlier one."""

    start: "Value" = Field(alias="from")
    end: "Value" = Field(alias="to")

    @model_validator(mode="after")
    def _constants_are_times(self) -> Self:
        for text in (*constants(self.start), *constants(self.end)):
            expect_moment(self, text)
        return self


class Converted(Part):
    """A value of which some texts are replaced, also where it is absent, or which is a duration in this unit."""

    field: "Value"
    map: Annotated[dict[str, Text | None], Field(min_length=1)] | None = None
    default: Text | None = None
    unit: Unit | None = None

    @model_validator(mode="after")
    def _changes_it(self) -> Self:
        if self.map is None and self.default is None and self.unit is None:
            raise ValueError("give `map`, `default` or `unit`, or write the field alone")
        return self


_FORMS = {
    "constant": Constant,
    "join": Join,
    "sum": Sum,
    "sum_of": SumOf,
    "count_of": CountOf,
    "file_name": FileName,
    "first_line": FirstLine,
    "from": Elapsed,
    "field": Converted,
}
"""The forms by the key that tells them apart."""
FORM = "="
"""The first character of the names of forms, which are in pydantic's errors and in no file."""


def _form(value: Any) -> str | None:  # noqa: ANN401 - whatever the file has there
    """Return the tag of the form that is meant, so that an error is about this one only."""
    match value:
        case str():
            return "=path"
        case list() | tuple():
            return "=list"
        case dict():
            return next((_tag(form) for key, form in _FORMS.items() if key in value), None)
        case BaseModel():
            return _tag(type(value))
        case _:
            return None


def _tag(form: type) -> str:
    return f"{FORM}{form.__name__}"


_Forms = (
    Annotated[str, Tag("=path")]
    | Annotated[tuple["Value", ...], Field(min_length=2), Tag("=list")]
    | Annotated[Constant, Tag("=Constant")]
    | Annotated[Join, Tag("=Join")]
    | Annotated[Sum, Tag("=Sum")]
    | Annotated[SumOf, Tag("=SumOf")]
    | Annotated[CountOf, Tag("=CountOf")]
    | Annotated[FileName, Tag("=FileName")]
    | Annotated[FirstLine, Tag("=FirstLine")]
    | Annotated[Elapsed, Tag("=Elapsed")]
    | Annotated[Converted, Tag("=Converted")]
)
Value = TypeAliasType("Value", Annotated[_Forms, Discriminator(_form)])
"""A JSON path (`$.a.b`) or CSV column; a list of values, of which the first that is there counts; or a form."""


class Presence(Part):
    """A type that depends on a field: `then` if it is not empty, else `otherwise`."""

    present: Value
    then: str
    otherwise: str


def _is_presence(value: object) -> bool:
    return isinstance(value, Presence) or (isinstance(value, dict) and "present" in value)


_Types = Annotated[Presence, Tag("=presence")] | Annotated[Value, Tag("=value")]
Type = TypeAliasType(
    "Type",
    Annotated[_Types, Discriminator(lambda value: "=presence" if _is_presence(value) else "=value")],
)
"""The type of an event: a value, or the presence of one."""


class Skip(Part):
    """A test for lines that are no events: whether a field has one of these values, or any value."""

    field: Value
    one_of: Annotated[tuple[str, ...], Field(min_length=1)] | Literal["absent", "present"] | None = Field(
        default=None, alias="is"
    )
    none_of: Annotated[tuple[str, ...], Field(min_length=1)] | None = Field(default=None, alias="is_not")

    @model_validator(mode="after")
    def _one_test(self) -> Self:
        if (self.one_of is None) == (self.none_of is None):
            raise ValueError("give one of `is: [a, b]`, `is: absent`, `is: present` and `is_not: [a, b]`")
        return self


def parts_of(value: object) -> tuple[object, ...]:  # noqa: PLR0911 - one for each form
    """Return the values that a value is made of directly."""
    match value:
        case tuple():
            return value
        case Join():
            return value.join
        case Sum():
            return value.sum
        case Elapsed():
            return (value.start, value.end)
        case Converted() | Skip():
            return (value.field,)
        case Presence():
            return (value.present,)
        case _:
            return ()


def nodes(value: object) -> Iterator[object]:
    """Yield a value and all values that it is made of."""
    yield value
    for part in parts_of(value):
        yield from nodes(part)


def places(value: object) -> tuple[str, ...]:
    """Return the fields that a part of a format reads; none for a constant."""
    return tuple(node for node in nodes(value) if isinstance(node, str))


def list_paths(value: object) -> tuple[str, ...]:
    """Return the paths through lists that a part of a format reads."""
    return tuple(path for node in nodes(value) if (path := list_path(node)) is not None)


def list_path(value: object) -> str | None:
    """Return the path of a sum or a count over lists."""
    match value:
        case SumOf():
            return value.sum_of
        case CountOf():
            return value.count_of
        case _:
            return None


def constants(value: object) -> Iterator[str]:
    """Yield the texts that stand for a value in the column's own unit; the times of a duration are none."""
    match value:
        case Elapsed():
            return
        case Constant():
            yield value.constant
        case Converted(default=str() as default, unit=None):
            yield default
    for part in parts_of(value):
        yield from constants(part)
