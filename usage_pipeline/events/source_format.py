"""Source formats: YAML files that map the fields of a log to the columns of the canonical record.

docs/formats.md describes how to write one.
"""

from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from usage_pipeline.events import catalogue
from usage_pipeline.events.format_parts import FileType, Meter, Time
from usage_pipeline.events.format_paths import is_each, is_plain_path
from usage_pipeline.events.format_values import (
    Constant,
    Elapsed,
    FirstLine,
    Presence,
    Skip,
    Type,
    Value,
    list_paths,
    nodes,
    places,
)
from usage_pipeline.events.meter_rules import expect_metered
from usage_pipeline.events.notations import Part, Zoned
from usage_pipeline.events.record import FACTS, VOID_TARGET
from usage_pipeline.events.value_rules import (
    ANY_TYPE,
    OFFSET,
    expect_around,
    expect_comparable,
    expect_in_place,
    expect_mapped,
    expect_of_csv,
    expect_path,
    expect_types,
)
from usage_pipeline.storage.digests import fingerprint

DERIVED = frozenset({"type", "unit", "prompt_digest", "content_digest", "meta"})
TIMES = frozenset({"occurred_at", "started_at", "updated_at"})
FIELDS = frozenset(column.name for column in (*FACTS, *VOID_TARGET)) - DERIVED - TIMES
VOID = "void"
GREATEST = "greatest of "
"""What `repeats` begins with where a number tells which of the lines with one id counts."""


class SourceFormat(Part):
    """The mapping of one log format. Its fields are JSON paths (`$.a.b`) or CSV columns."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    description: str
    format: FileType
    each: str | None = None
    identity: Literal["position"] | Annotated[tuple[Value, ...], Field(min_length=1)]
    identity_suffix: dict[str, str] = Field(default_factory=dict)
    skip: tuple[Skip, ...] = ()
    repeats: Annotated[str, Field(pattern=rf"^(first|last|{GREATEST}\S.*)$")] | None = None
    unique_within_days: Annotated[int, Field(strict=True, ge=0, le=3)] = 0
    tenant: Value | None = None
    type: Type
    types: dict[str, str | None] = Field(default_factory=dict)
    times: dict[str, Time]
    fields: dict[str, Value] = Field(default_factory=dict)
    content: dict[str, Value] = Field(default_factory=dict)
    required: tuple[str, ...] = ()
    delivery_fields: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    parse: tuple[str, ...] = ()
    meters: frozenset[Meter] | None = None
    input_includes_cached: bool = True
    output_includes_reasoning: bool = True

    @model_validator(mode="after")
    def _known_type(self) -> Self:
        if not isinstance(self.type, Constant | Presence):
            if not self.types:
                raise ValueError("types is missing: which event types does the log have?")
            return self
        if self.types:
            raise ValueError("types: a log without a field for the type needs none; remove them")
        for name in self.record_types:
            if catalogue.find(name) is None:
                raise ValueError(f"type: {name!r} is not in the event catalogue; give one of its types")
        return self

    @field_validator("times")
    @classmethod
    def _times(cls, times: dict[str, Time]) -> dict[str, Time]:
        unknown = sorted(times.keys() - TIMES)
        if unknown:
            raise ValueError(f"unknown time {unknown[0]!r}; expected some of {sorted(TIMES)}")
        if "occurred_at" not in times:
            raise ValueError("occurred_at is missing: when did an event happen?")
        return times

    @field_validator("fields")
    @classmethod
    def _known_fields(cls, fields: dict[str, Value]) -> dict[str, Value]:
        unknown = sorted(fields.keys() - FIELDS)
        if unknown:
            raise ValueError(f"no column {unknown[0]!r}; expected some of {sorted(FIELDS)}")
        return fields

    @model_validator(mode="after")
    def _known_types(self) -> Self:
        expect_types(self.types)
        return self

    @model_validator(mode="after")
    def _suffixes_of_types(self) -> Self:
        if self.identity_suffix and not self.identity_fields:
            raise ValueError("identity_suffix: a position has no suffix; remove it, or name the fields of the id")
        unknown = sorted(self.identity_suffix.keys() - self.record_types)
        if unknown:
            raise ValueError(
                f"identity_suffix.{unknown[0]}: the format has no such type; expected {sorted(self.record_types)}"
            )
        return self

    @model_validator(mode="after")
    def _voids_name_their_target(self) -> Self:
        missing = sorted({column.name for column in VOID_TARGET} - self.fields.keys())
        if VOID in self.record_types and missing:
            raise ValueError(f"fields.{missing[0]} is missing: which record does a void take back?")
        return self

    @model_validator(mode="after")
    def _mapped_if_required(self) -> Self:
        for name in self.required:
            expect_mapped("required", name, self._column_names)
        return self

    @model_validator(mode="after")
    def _ids_that_repeat(self) -> Self:
        for key in ("repeats", "unique_within_days"):
            if getattr(self, key) and not self.identity_fields:
                raise ValueError(f"{key}: a position occurs once; remove it, or name the fields of the id")
        if self.greatest and (self.format is FileType.JSONL or self.greatest in self._column_names):
            expect_comparable("repeats", self.greatest, self._column_names)
        return self

    @model_validator(mode="after")
    def _paths(self) -> Self:
        if self.format is FileType.JSONL:
            for key, path in (*self._located_fields(), *(("ignore", path) for path in self.ignore)):
                expect_path(key, path)
        else:
            for key, value in self._values():
                expect_of_csv(key, value)
        return self

    @model_validator(mode="after")
    def _lists_of_events(self) -> Self:
        if self.each is not None and (self.format is FileType.CSV or not is_each(self.each)):
            raise ValueError(f"each: {self.each!r} is no path to the elements of lists; expected `$.spans[*]`")
        for key, path in self._located_fields():
            if self.format is FileType.JSONL:
                expect_around(key, path, self.each)
        return self

    @model_validator(mode="after")
    def _texts_to_parse(self) -> Self:
        if self.parse and self.format is FileType.CSV:
            raise ValueError("parse: the columns of CSV files have no fields within; remove it")
        for path in self.parse:
            if not is_plain_path(path):
                raise ValueError(
                    f"parse: {path!r} is not the path of an object; expected `$.name` or `$.outer.name`"
                )
        return self

    @model_validator(mode="after")
    def _values_in_place(self) -> Self:
        for key, value in self._values():
            top, _, name = key.partition(".")
            expect_in_place(key, value, name if top == "fields" else None)
        return self

    @model_validator(mode="after")
    def _only_these_meters(self) -> Self:
        if self.meters is not None:
            expect_metered(self.meters, self.fields, self.types, self.record_types)
        return self

    @property
    def record_types(self) -> frozenset[str]:
        """The types of its records, by the names of the catalogue; patterns as written."""
        match self.type:
            case Constant():
                return frozenset({self.type.constant})
            case Presence():
                return frozenset({self.type.then, self.type.otherwise})
            case _:
                return frozenset(target or name for name, target in self.types.items())

    @property
    def identity_fields(self) -> tuple[Value, ...]:
        """The values that make the record id; none if position does."""
        return () if self.identity == "position" else self.identity

    @property
    def greatest(self) -> str | None:
        """The column or field whose greatest number tells which of the lines with one id counts, if one does."""
        return self.repeats.removeprefix(GREATEST) if self.repeats not in {None, "first", "last"} else None

    @property
    def compared_field(self) -> str | None:
        """That field, if it is one of the log."""
        return None if self.greatest in self._column_names else self.greatest

    @property
    def tenant_default(self) -> str | None:
        """The tenant where neither the line nor its folder names one: a constant behind all fields."""
        last = self.tenant[-1] if isinstance(self.tenant, tuple) else self.tenant
        return last.constant if isinstance(last, Constant) else None

    @property
    def logged_tenant(self) -> Value | None:
        """The value that names the tenant of a line; none if no field does."""
        if self.tenant_default is None:
            return self.tenant
        fields = self.tenant[:-1] if isinstance(self.tenant, tuple) else ()
        return fields if len(fields) > 1 else next(iter(fields), None)

    @property
    def content_fields(self) -> frozenset[str]:
        """The fields of the log with texts."""
        return frozenset(field for value in self.content.values() for field in places(value))

    @property
    def kept_in_meta(self) -> frozenset[str]:
        """Mapped fields that `meta` keeps as logged: the type, if the format accepts any type."""
        return frozenset(places(self.type) if ANY_TYPE in self.types else ())

    @property
    def raw_delivery_fields(self) -> tuple[str, ...]:
        """The delivery fields that are fields of the log which nothing else reads."""
        read = {field for key, value in self._values() if key != "delivery_fields" for field in places(value)}
        return tuple(field for field in self._delivered_places if field not in read)

    @property
    def _delivered_places(self) -> tuple[str, ...]:
        names = self._column_names | self.content.keys()
        return tuple(field for field in self.delivery_fields if field not in names)

    @property
    def _column_names(self) -> frozenset[str]:
        return frozenset({*self.fields, *self.times})

    @property
    def read_fields(self) -> tuple[str, ...]:
        """The fields of the log that the format reads, without repetitions."""
        return tuple(dict.fromkeys(field for _, field in self._located_fields()))

    @property
    def read_lists(self) -> tuple[str, ...]:
        """The paths through lists of which it reads all values, without repetitions."""
        return tuple(dict.fromkeys(path for _, value in self._values() for path in list_paths(value)))

    @property
    def reads_first_line(self) -> bool:
        """Whether a value is a field of the first line of the file."""
        return any(isinstance(node, FirstLine) for _, value in self._values() for node in nodes(value))

    @property
    def notations(self) -> list[tuple[Zoned, tuple[str, ...]]]:
        """The notations of times, each with the fields that are written so."""
        durations = [node for value in self.fields.values() for node in nodes(value) if isinstance(node, Elapsed)]
        of_times = [(time, places(time.field)) for time in self.times.values()]
        return [*of_times, *((duration, places(duration)) for duration in durations)]

    def _located_fields(self) -> list[tuple[str, str]]:
        return [(key, field) for key, value in self._values() for field in places(value)]

    def _values(self) -> list[tuple[str, object]]:
        """Return the values of the format, each with its key."""
        return [
            *(("identity", field) for field in self.identity_fields),
            ("tenant", self.tenant),
            ("type", self.type),
            *(("skip", test) for test in self.skip),
            ("repeats", self.compared_field),
            *((f"times.{name}", time.field) for name, time in self.times.items()),
            *((f"times.{name}{OFFSET}", time.offset.field) for name, time in self.times.items() if time.offset),
            *((f"fields.{name}", value) for name, value in self.fields.items()),
            *((f"content.{name}", value) for name, value in self.content.items()),
            *(("delivery_fields", field) for field in self._delivered_places),
        ]

    @property
    def digest(self) -> str:
        """A digest that changes when the format reads a line differently."""
        dump = self.model_dump_json(exclude={"description", "meters"})
        return fingerprint([dump, sorted(self.meters or ())])
