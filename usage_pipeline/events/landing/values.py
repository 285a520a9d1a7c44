"""The SQL of a format's values, over the columns of its fields.

A value of more than one field is a column of its own, because DuckDB would compute it again in each expression.
"""

from collections.abc import Iterator

from usage_pipeline.events.format_parts import Offset, Time
from usage_pipeline.events.format_values import (
    Constant,
    Converted,
    CountOf,
    Elapsed,
    FileName,
    FirstLine,
    Join,
    Sum,
    SumOf,
    Value,
)
from usage_pipeline.events.landing.fields import Fields
from usage_pipeline.events.landing.file_values import field_of_line, time_in_name
from usage_pipeline.events.notations import Unit, Zoned
from usage_pipeline.storage.engine import literal

WHOLE_NUMBER = "whole_number"
_LARGEST = {"exact_decimal": "2e13"}
"""By the macro of its terms, the sum from which on no column takes it; of other macros no column takes 1e19."""


class Values:
    """The texts of the values of a format; null if absent.

    A text that is not of the form that a sum or a unit needs is kept in a form that no number has, so that its
    column rejects it and shows it.
    """

    def __init__(self, fields: Fields) -> None:
        """Take the fields."""
        self._fields = fields
        self._computed: dict[str, str] = {}
        self._of_files: dict[str, str] = {}

    def text(self, value: Value, number: str = WHOLE_NUMBER) -> str:
        """Return the SQL of a value's text; `number` is the macro that casts the terms of a sum."""
        sql = self._sql(value, number)
        return sql if isinstance(value, str | Constant) else self._column(sql)

    def select(self) -> str:
        """Return the SELECT of the fields, and of the values whose texts were asked for so far."""
        fields = self._fields.select()
        if not self._computed:
            return fields
        columns = ", ".join(f"{sql} AS {name}" for sql, name in self._computed.items())
        return f"SELECT fields.*, {columns}\nFROM (\n{fields}\n) AS fields{self._joined_files()}"

    def _joined_files(self) -> str:
        """Return the join of the values that are the same for all lines of a file, computed once for each file."""
        if not self._of_files:
            return ""
        columns = ", ".join(f"{sql} AS {name}" for sql, name in self._of_files.items())
        return f" JOIN (SELECT file AS number, {columns} FROM landing) AS files ON files.number = fields.file"

    def time(self, time: Time) -> str:
        """Return the SQL of a time; null if it is absent or not in its notation."""
        start = _cast_time(time, self.text(time.field))
        if time.offset is None:
            return start
        passed = f"us_of_{time.offset.unit}({self.text(time.offset.field, _term_of(time.offset.unit))})"
        return f"time_since({start}, {passed})"

    def time_text(self, time: Time) -> str:
        """Return the SQL of the text of a time; null if its start or its offset is absent."""
        text = self.text(time.field)
        return text if time.offset is None else self._column(self._with_offset(text, time.offset))

    def _column(self, sql: str) -> str:
        return self._computed.setdefault(sql, f"value_{len(self._computed)}")

    def _with_offset(self, text: str, offset: Offset) -> str:
        return f"{text} || ' + ' || {self._sql(offset.field, _term_of(offset.unit))} || ' {offset.unit}'"

    def _sql(self, value: Value, number: str) -> str:  # noqa: PLR0911 - one for each form
        match value:
            case str():
                return self._fields.column(value)
            case tuple():
                return f"coalesce({', '.join(self._sqls(value, number))})"
            case Constant():
                return literal(value.constant)
            case Join():
                return " || ':' || ".join(map(_escaped, self._sqls(value.join, number)))
            case Sum():
                return _sum(self._sqls(value.sum, number), number)
            case SumOf() | CountOf():
                return self._over_lists(value, number)
            case FileName() | FirstLine():
                return self._of_file(value)
            case Elapsed():
                return _elapsed(value, self._sql(value.start, number), self._sql(value.end, number))
            case _:
                return _converted(value, self._sql(value.field, _term_of(value.unit) if value.unit else number))

    def _over_lists(self, value: SumOf | CountOf, number: str) -> str:
        if isinstance(value, SumOf):
            return _sum_of(self._fields.list_column(value.sum_of), number)
        return f"count_of({self._fields.list_column(value.count_of)})"

    def _of_file(self, value: FileName | FirstLine) -> str:
        if isinstance(value, FileName):
            sql = time_in_name("file_stem(landing_file)", value.file_name)
        else:
            sql = field_of_line("first_line", value.first_line)
        return self._of_files.setdefault(sql, f"of_file_{len(self._of_files)}")

    def _sqls(self, values: tuple[Value, ...], number: str) -> Iterator[str]:
        return (self._sql(value, number) for value in values)


def _term_of(unit: Unit) -> str:
    """Return the macro that casts the terms of a sum of durations, whose fractions count."""
    return f"term_of_{unit}"


def _escaped(text: str) -> str:
    """Return the SQL of a text to join, so that ('a:b', 'c') and ('a', 'b:c') differ."""
    return f"replace(replace({text}, '%', '%25'), ':', '%3A')"


def _sum(texts: Iterator[str], number: str) -> str:
    terms = list(texts)
    sound = " AND ".join(f"({term} IS NULL OR {number}({term}) IS NOT NULL)" for term in terms)
    total = " + ".join(f"coalesce({number}({term}), 0)" for term in terms)
    return (
        f"CASE WHEN coalesce({', '.join(terms)}) IS NULL THEN NULL "
        f"WHEN {sound} THEN CAST({total} AS VARCHAR) ELSE concat_ws(' + ', {', '.join(terms)}) END"
    )


def _sum_of(texts: str, number: str) -> str:
    numbers = f"list_transform({texts}, lambda text: {number}(text))"
    unsound = f"list_filter({texts}, lambda text: {number}(text) IS NULL)"
    # An exact sum that leaves its type would be an error of the whole file, and no column takes one half as large.
    size = f"list_sum(list_transform({texts}, lambda text: TRY_CAST(text AS DOUBLE)))"
    return (
        f"CASE WHEN len({unsound}) > 0 THEN {_terms(unsound)} "
        f"WHEN {size} < {_LARGEST.get(number, '1e19')} THEN CAST(list_sum({numbers}) AS VARCHAR) "
        f"WHEN {size} IS NOT NULL THEN {_terms(texts)} END"
    )


def _terms(texts: str) -> str:
    return f"array_to_string(list_transform({texts}, lambda text: coalesce(text, 'no list')), ' + ')"


def _elapsed(value: Elapsed, start: str, end: str) -> str:
    first, last = f"epoch_us({_cast_time(value, start)})", f"epoch_us({_cast_time(value, end)})"
    # A clock that went back says nothing; a text that is no time is shown with the other one.
    return (
        f"CASE WHEN {last} >= {first} THEN CAST(({last} - {first}) // 1000 AS VARCHAR) "
        f"WHEN {last} < {first} THEN NULL ELSE {start} || ' to ' || {end} END"
    )


def _converted(value: Converted, text: str) -> str:
    if value.map is not None:
        cases = " ".join(f"WHEN {literal(old)} THEN {_text_or_null(new)}" for old, new in value.map.items())
        text = f"CASE {text} {cases} ELSE {text} END"
    if value.default is not None:
        text = f"coalesce({text}, {literal(value.default)})"
    return text if value.unit is None else _milliseconds(text, value.unit)


def _text_or_null(text: str | None) -> str:
    return "NULL" if text is None else literal(text)


def _milliseconds(text: str, unit: Unit) -> str:
    return f"coalesce(CAST(us_of_{unit}({text}) // 1000 AS VARCHAR), {text} || ' {unit}')"


def _cast_time(notation: Zoned, text: str) -> str:
    if notation.zone is not None:
        return f"time_iso_in_zone({text}, {literal(notation.zone)})"
    return f"time_{notation.format}({text})"
