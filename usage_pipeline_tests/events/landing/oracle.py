"""The rules of landing a second time, in plain Python: what each line of a file is, and why.

Written from the rules as people read them (design, CONTRIBUTING.md), not from the SQL. The pipeline has one way
of reading a line on purpose, because a second one would save little and lose the line numbers; so this validate
takes the place of comparing two.
"""

import hashlib
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from fnmatch import fnmatchcase
from functools import cache

from usage_pipeline.events.format_parts import FileType
from usage_pipeline.events.format_values import Constant, Join, Presence, Skip
from usage_pipeline.events.source_format import SourceFormat
from usage_pipeline_tests.events.landing.oracle_forms import Read, moment_of, text_of
from usage_pipeline_tests.events.landing.oracle_lines import Fields, Found, Reading, Verdict, divide, first_line
from usage_pipeline_tests.events.landing.oracle_records import Compared, Record, Validated, without_repeats
from usage_pipeline_tests.events.landing.oracle_tokens import TOKENS, RejectError, count_of, tokens_of
from usage_pipeline_tests.events.landing.oracle_values import (
    InvalidError,
    Text,
    conversation_of,
    decimal_of,
    dimension_of,
    is_structure,
    milliseconds_of,
    whole_of,
    without_nul,
)

PROMPTS = frozenset({"prompt", "persona_prompt", "message_send"})
WITHOUT_QUANTITIES = frozenset({"persona_callback", "agent_run_started", "cached_answer", "void"})
DECIMALS = frozenset({"reported_cost", "reported_credits"})
WHOLE = frozenset(
    {*TOKENS, "count", "messages", "api_calls", "tool_calls", "web_searches", "bytes", "issue_count"}
)
DIMENSIONS = frozenset(
    {"model", "provider", "status", "member_id", "project", "feature", "agent", "agent_type", "currency"}
    | {"service_tier", "region", "speed"}
)


@dataclass(frozen=True)
class Delivery:
    """A file as it was delivered, and the days that are kept by tenant; under None those of any other tenant."""

    source_format: SourceFormat
    content: bytes
    tenant: str | None
    landing_day: date
    retention_days: Mapping[str | None, int | None]
    first_day: date
    name: str = ""
    """That of the file."""


class SkippedError(Exception):
    """A line is no event."""


def validate(delivery: Delivery) -> list[Validated]:
    """Every physical line of the file, in order."""
    return without_repeats(_validated(delivery), delivery.source_format.repeats)


def _validated(delivery: Delivery) -> Iterator[Validated]:
    digest = hashlib.sha256(delivery.content).hexdigest()
    first = first_line(delivery.content)
    for divided in _divide(delivery):
        line = replace(divided, fields=replace(divided.fields, first=first, file=delivery.name))
        if line.verdict is not Verdict.RECORD:
            yield Validated(line.number, line.verdict)
            continue
        try:
            record = _record(delivery, line, f"{digest}:{line.number}")
        except SkippedError:
            yield Validated(line.number, Verdict.SKIPPED, event=line.event)
        except RejectError as error:
            yield Validated(line.number, Verdict.REJECTED, str(error), event=line.event)
        else:
            yield Validated(line.number, Verdict.ACCEPTED, None, record, line.event)


def _divide(delivery: Delivery) -> Iterator[Found]:
    source_format = delivery.source_format
    reading = Reading(source_format.format is FileType.CSV, source_format.parse, source_format.each)
    return divide(delivery.content, reading)


def _record(delivery: Delivery, line: Found, position: str) -> Record:
    if line.fault:
        raise RejectError(line.fault)
    reading = _Reading(delivery.source_format, line.fields)
    if any(map(reading.is_skipped, delivery.source_format.skip)):
        raise SkippedError
    tenant = _tenant(reading, delivery.tenant)
    name = reading.type_name()
    record_id = reading.record_id(name, position)
    if record_id is None:
        raise RejectError("missing_record_id")
    if is_structure(record_id) or "\0" in record_id or len(record_id.encode()) > 1024:
        raise RejectError("invalid_record_id")
    if reading.logged_type() is None:
        raise RejectError("missing_type")
    if name is None:
        raise RejectError("unknown_type")
    columns = reading.columns(name)
    tokens = tokens_of(delivery.source_format, name, columns)
    occurred_at = columns["occurred_at"]
    assert isinstance(occurred_at, datetime)
    _check_time(delivery, tenant, occurred_at)
    status, model = columns.get("status"), columns.get("model")
    return Record(
        record_id,
        name,
        tenant,
        occurred_at,
        tokens,
        _messages(name, columns),
        str(status) if status is not None else None,
        str(model) if model is not None else None,
        _compared(reading, {**columns, **dict(zip(TOKENS, tokens, strict=True))}),
    )


def _compared(reading: "_Reading", columns: Mapping[str, object]) -> Compared:
    _, greatest, name = (reading.source_format.repeats or "").partition("greatest of ")
    if not greatest:
        return None
    if name in {*reading.source_format.fields, *reading.source_format.times}:
        value = columns.get(name)
        assert value is None or isinstance(value, int | Decimal | datetime)
        return value
    text = reading.text(name)
    with suppress(InvalidError):
        return decimal_of(text) if text else None
    return None


def _tenant(reading: "_Reading", folder: str | None) -> str:
    values = reading.source_format.tenant
    *fields, last = values if isinstance(values, tuple) else (values,)
    default = last.constant if isinstance(last, Constant) else None
    logged = reading.text((*fields, *([] if default or last is None else [last])))
    tenant = logged.text if logged else folder or default
    if tenant is None:
        raise RejectError("missing_tenant_id")
    if logged and folder is not None and logged.text != folder:
        raise RejectError("tenant_mismatch")
    control = any(unicodedata.category(char) == "Cc" for char in tenant)
    if len(tenant) > 128 or tenant != tenant.strip() or control or is_structure(tenant):
        raise RejectError("invalid_tenant_id")
    return tenant


@dataclass(frozen=True)
class _Reading:
    """The fields of a line as its format names them."""

    source_format: SourceFormat
    fields: Fields

    def text(self, value: object, read: Read = whole_of) -> Text | None:
        """What a value says; `read` is how its column reads a number."""
        return text_of(value, self.fields, read)

    def is_skipped(self, test: Skip) -> bool:
        text = self.text(test.field)
        if test.none_of is not None:
            return text is None or text.text not in test.none_of
        if isinstance(test.one_of, tuple):
            return text is not None and text.text in test.one_of
        return (text is None) == (test.one_of == "absent")

    def logged_type(self) -> str | None:
        match self.source_format.type:
            case Constant(constant=name):
                return name
            case Presence() as presence:
                return presence.then if self.text(presence.present) else presence.otherwise
            case field:
                text = self.text(field)
                return text.text if text else None

    def type_name(self) -> str | None:
        """The type in the catalogue; None for one that the format does not take."""
        logged = self.logged_type()
        if logged is None or not self.source_format.types:
            return logged
        if logged in self.source_format.types and "*" not in logged:
            return self.source_format.types[logged] or logged
        patterns = [name for name in self.source_format.types if "*" in name and name != "*"]
        if any(fnmatchcase(logged, pattern) for pattern in patterns):
            return logged if len(logged) <= 256 and "\0" not in logged else None
        return self.source_format.types.get("*")

    def record_id(self, name: str | None, position: str) -> str | None:
        if self.source_format.identity == "position":
            return position
        parts = self.source_format.identity
        text = self.text(parts[0] if len(parts) == 1 else Join(join=parts))
        return text.text + self.source_format.identity_suffix.get(name or "", "") if text else None

    def columns(self, name: str) -> dict[str, object]:
        """The typed columns, quantities left out where records of the type carry none."""
        if not self._has("occurred_at"):
            raise RejectError("missing_occurred_at")
        for target in ("void_source", "void_record_id") if name == "void" else ():
            if self.text(self.source_format.fields[target]) is None:
                raise RejectError(f"missing_{target}")
        for column in self.source_format.required:
            spared = name in WITHOUT_QUANTITIES and column in WHOLE - {"count", "issue_count"} | DECIMALS
            if not spared and not self._has(column):
                raise RejectError(f"missing_{column}")
        typed = {**self._times(), **self._typed_fields()}
        if name in WITHOUT_QUANTITIES:
            return {column: value for column, value in typed.items() if column not in WHOLE - {"count"}}
        return typed

    def _has(self, column: str) -> bool:
        """Whether a column has a value, of whatever form."""
        times = self.source_format.times
        values = times[column].values if column in times else (self.source_format.fields[column],)
        read = whole_of if column in times else _reader(column)
        try:
            return all(self.text(value, read) is not None for value in values)
        except InvalidError:
            return True

    def _times(self) -> dict[str, object]:
        found: dict[str, object] = {}
        for column, time in self.source_format.times.items():
            found[column] = _typed(column, lambda time=time: moment_of(time, self.fields))
        return found

    def _typed_fields(self) -> dict[str, object]:
        found: dict[str, object] = {}
        for column, value in self.source_format.fields.items():
            read = _reader(column)
            found[column] = _typed(column, lambda value=value, read=read: _read(self.text(value, read), read))
        return found


def _read(text: Text | None, read: Read) -> object:
    return None if text is None else read(text)


def _typed(column: str, read: Callable[[], object]) -> object:
    try:
        return read()
    except InvalidError:
        raise RejectError(f"invalid_{column}") from None


@cache
def _reader(column: str) -> Read:
    if column in WHOLE:
        return whole_of
    if column in DECIMALS:
        return decimal_of
    if re.search("_ms$", column):
        return milliseconds_of
    if column == "conversation_id":
        return conversation_of
    if column == "issue_types":
        return without_nul
    return dimension_of if column in DIMENSIONS else lambda text: text.text


def _messages(name: str, columns: Mapping[str, object]) -> int:
    if name in PROMPTS:
        return 1 if columns.get("status") == "failed" else 2
    return count_of(columns) if name == "message" else 0


def _check_time(delivery: Delivery, tenant: str, occurred_at: datetime) -> None:
    landed_at = datetime.combine(delivery.landing_day, datetime.min.time()) + timedelta(days=1)
    if occurred_at > landed_at + timedelta(minutes=5):
        raise RejectError("timestamp_in_future")
    kept = delivery.retention_days.get(tenant, delivery.retention_days[None])
    if kept is not None and occurred_at.date() < delivery.landing_day - timedelta(days=kept):
        raise RejectError("past_retention")
    if occurred_at.date() < delivery.first_day:
        raise RejectError("before_calendar")
