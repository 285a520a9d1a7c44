"""The sections of the benchmark: which subjects run on which datasets."""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

RAW = ("duckdb", "polars", "clickhouse")


class Section(StrEnum):
    """A part of the benchmark that can be run by itself."""

    DAY = "day"
    TEXT = "text"
    HISTORY = "history"
    GROWTH = "growth"
    COSTS = "costs"
    BACKFILL = "backfill"
    VALIDATION = "validation"
    SMALL = "small"
    LISTS = "lists"
    API = "api"


@dataclass(frozen=True, order=True)
class Case:
    """One subject on one dataset, by their names."""

    dataset: str
    subject: str


UNIT = Case("empty", "unit")
"""What the processor seconds of the section `small` are compared with."""

CASES: dict[Section, tuple[Case, ...]] = {
    Section.DAY: tuple(Case("day", subject) for subject in (*RAW, "pandas", "main", "costed", "dagster")),
    Section.TEXT: tuple(Case("text", subject) for subject in (*RAW, "pandas", "main")),
    Section.HISTORY: (Case("day", "main"), Case("history", "main")),
    Section.GROWTH: (Case("quarter", "main"), Case("day", "main"), Case("fourfold", "main")),
    Section.COSTS: (Case("day", "main"), Case("day", "costed"), Case("rated", "rating")),
    Section.BACKFILL: (Case("backfill", "backfill"),),
    Section.VALIDATION: tuple(Case("day", subject) for subject in ("costed", "imported", "validated", "checked")),
    Section.SMALL: (
        UNIT,
        Case("aider", "run"),
        Case("empty", "demo"),
        Case("empty", "help"),
        *(Case("demo", subject) for subject in ("series", "usage", "idle")),
    ),
    Section.LISTS: tuple(Case("listed", subject) for subject in ("first_pages", "conversations", "deep_pages")),
    Section.API: (Case("served", "api"), Case("served", "busy_api")),
}


def cases_of(sections: Collection[Section], left_out: Collection[str] = ()) -> list[Case]:
    """The cases of these sections, each once, in order, without the subjects that are left out."""
    every = dict.fromkeys(case for section in Section if section in sections for case in CASES[section])
    return [case for case in every if case.subject not in left_out]


def is_small(case: Case) -> bool:
    """Whether it is measured in processor seconds, because it is over too soon for a clock."""
    return case in CASES[Section.SMALL]
