"""Which lines the pandas script accepts, and the reason for each that it does not."""

from dataclasses import dataclass
from datetime import UTC, timedelta
from pathlib import Path
from typing import Self

import numpy as np
import pandas as pd
import yaml

from bench.subjects.pandas_sources import COUNTS, TEXTS, TIMES, Source

_FIRST_DAY = pd.Timestamp(2023, 1, 1, tz=UTC)
_LONGEST_TEXT, _LONGEST_TENANT = 256, 128
_MOST = 10**15
_WHOLE = r"[0-9]{1,15}(?:\.0+)?"
_DECIMAL = r"[0-9]{1,13}(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,2})?"


@dataclass(frozen=True)
class Rules:
    """What was in force on the landing day."""

    landing_day: pd.Timestamp
    retention_days: dict[str, float]

    @classmethod
    def load(cls, reference: Path, landing_day: str) -> Self:
        """Read tenants and plans; a plan without a retention keeps everything."""
        plans = yaml.safe_load((reference / "plans.yaml").read_text(encoding="utf-8"))
        tenants = yaml.safe_load((reference / "tenants.yaml").read_text(encoding="utf-8"))
        terms = {name: plans[tenant["plans"][-1]["plan"]]["retention_days"] for name, tenant in tenants.items()}
        return cls(pd.Timestamp(landing_day, tz=UTC), {name: days or np.inf for name, days in terms.items()})

    def validate(self, raw: pd.DataFrame, source: Source, folder: str | None) -> tuple[pd.DataFrame, pd.Series]:
        """The typed columns, and the first reason against each line where there is one."""
        frame = pd.DataFrame(index=raw.index)
        reasons = _Reasons(raw.index)
        self._identify(raw, frame, reasons, source, folder)
        self._type(raw, frame, reasons, source)
        self._date(frame, reasons)
        frame["source"] = source.name
        return frame, reasons.first

    def _identify(
        self, raw: pd.DataFrame, frame: pd.DataFrame, reasons: "_Reasons", source: Source, folder: str | None
    ) -> None:
        tenant = raw["tenant_id"].where(_filled(raw["tenant_id"]))
        frame["tenant_id"] = tenant.fillna(folder) if folder else tenant
        reasons.add("missing_tenant_id", frame["tenant_id"].isna())
        if folder:
            reasons.add("tenant_mismatch", tenant.notna() & (tenant != folder))
        reasons.add("invalid_tenant_id", ~_is_tenant(frame["tenant_id"]))
        frame["record_id"] = raw["record_id"]
        reasons.add("missing_record_id", ~_filled(raw["record_id"]))
        reasons.add("invalid_record_id", _is_nested(raw["record_id"]))
        reasons.add("missing_type", ~_filled(raw["type"]))
        frame["type"] = raw["type"].astype("str")
        if source.types:
            reasons.add("unknown_type", ~frame["type"].isin(source.types))

    def _type(self, raw: pd.DataFrame, frame: pd.DataFrame, reasons: "_Reasons", source: Source) -> None:
        frame["occurred_at"] = _times(raw["occurred_at"], source)
        reasons.add("missing_occurred_at", ~_filled(raw["occurred_at"]))
        reasons.add("invalid_occurred_at", frame["occurred_at"].isna())
        for name in raw.columns.intersection(TIMES):
            frame[name] = _times(raw[name], source)
            reasons.add(f"invalid_{name}", _filled(raw[name]) & frame[name].isna())
        self._type_numbers(raw, frame, reasons)
        for name in raw.columns.intersection(TEXTS):
            bad = _is_nested(raw[name]) | (raw[name].str.len() > _LONGEST_TEXT)
            frame[name] = raw[name].where(~bad & _filled(raw[name])).astype("str")
            reasons.add(f"invalid_{name}", bad)
        if "error_code" in raw:
            frame["error_code"] = raw["error_code"].where(_filled(raw["error_code"])).astype("str")

    def _type_numbers(self, raw: pd.DataFrame, frame: pd.DataFrame, reasons: "_Reasons") -> None:
        for name in raw.columns.intersection(COUNTS):
            numbers, bad = _numbers(raw[name], _WHOLE)
            frame[name] = numbers.where(numbers % 1 == 0).astype("Int64")
            reasons.add(f"invalid_{name}", bad | (numbers % 1 != 0) & numbers.notna())
        if "reported_credits" in raw:
            frame["reported_credits"], bad = _numbers(raw["reported_credits"], _DECIMAL)
            reasons.add("invalid_reported_credits", bad)
        for part, whole in (("tokens_cached", "tokens_in"), ("tokens_reasoning", "tokens_out")):
            if part in frame:
                reasons.add("token_invariant", frame[part].fillna(0) > frame[whole].fillna(0))

    def _date(self, frame: pd.DataFrame, reasons: "_Reasons") -> None:
        frame["day"] = frame["occurred_at"].dt.floor("D")
        latest = self.landing_day + timedelta(days=1, minutes=5)
        reasons.add("timestamp_in_future", frame["occurred_at"] > latest)
        age = (self.landing_day - frame["day"]).dt.days
        reasons.add("past_retention", age > frame["tenant_id"].map(self.retention_days))
        reasons.add("before_calendar", frame["day"] < _FIRST_DAY)


class _Reasons:
    """Collects what speaks against lines; of several reasons the first one added counts."""

    def __init__(self, index: pd.Index) -> None:
        self.first = pd.Series(pd.NA, index, dtype="str")

    def add(self, name: str, against: pd.Series) -> None:
        if against.any():
            self.first = self.first.mask(against & self.first.isna(), name)


def _filled(values: pd.Series) -> pd.Series:
    return values.notna() & (values != "")


def _is_nested(values: pd.Series) -> pd.Series:
    return pd.Series([isinstance(value, dict | list) for value in values], values.index)


def _is_tenant(tenants: pd.Series) -> pd.Series:
    known = {
        tenant: isinstance(tenant, str) and tenant == tenant.strip() and len(tenant) <= _LONGEST_TENANT
        for tenant in tenants.unique()
    }
    return tenants.map(known).astype(bool)


def _times(values: pd.Series, source: Source) -> pd.Series:
    if source.times_in_milliseconds:
        numbers = pd.to_numeric(values, errors="coerce")
        return pd.to_datetime(numbers, unit="ms", utc=True, errors="coerce")
    return pd.to_datetime(values, format="ISO8601", utc=True, errors="coerce")


def _numbers(values: pd.Series, pattern: str) -> tuple[pd.Series, pd.Series]:
    """The numbers that are not negative, and which values are there but are none: texts must be of the pattern."""
    texts = values[[isinstance(value, str) for value in values]]
    odd = texts.index[~texts.astype("str").str.fullmatch(pattern)]
    numbers = pd.to_numeric(values.drop(odd), errors="coerce").reindex(values.index)
    numbers = numbers.where((numbers >= 0) & (numbers < _MOST))
    return numbers, _filled(values) & numbers.isna()
