"""Results written down by hand."""

from dataclasses import replace

from bench.load.mix import SHARES
from bench.measuring import Took
from bench.results import Measured, Results
from bench.sections import Case
from bench.served import Answered, Served

GB = 1_000_000_000
MACHINE = {
    "cpu": "Abacus 1",
    "cores": 2,
    "memory_gb": 24.0,
    "system": "Linux x86_64",
    "python": "3.11.7",
    "versions": {"duckdb": "2.0.0"},
}


def took(seconds: float, gigabytes: float = 1.0) -> Took:
    """A run of so many seconds, whose process and database together took so much memory."""
    return Took(seconds, seconds, int((gigabytes - 0.25) * GB), GB // 4, 1000)


def measured(
    dataset: str, subject: str, *seconds: float, events: int = 4_000_000, gigabytes: float = 1.0
) -> Measured:
    """A case with a run for each of these times."""
    runs = tuple(took(time, gigabytes) for time in seconds)
    return Measured(Case(dataset, subject), events, 1_290_000_000, events, runs)


def answering(subject: str, *times: tuple[float, float], gigabytes: float = 0.5) -> Measured:
    """A case that lists records: for each run, the times that half and 99 of 100 of its pages took at most."""
    runs = tuple(replace(took(9.0, gigabytes), p50_ms=p50, p99_ms=p99) for p50, p99 in times)
    return Measured(Case("listed", subject), 9_000_000, 0, 0, runs)


def serving(*p99_ms: float, gigabytes: float = 0.5) -> Measured:
    """A server that took this time for 99 of 100 series, first pages, pages of a conversation, deep pages."""
    times = dict(zip(SHARES, p99_ms, strict=False))
    answered = tuple(Answered(kind, 100, 2.0, times.get(kind, 9.0)) for kind in SHARES)
    served = Served(120.5, 9.0, 1.5, 0.5, answered)
    return Measured(Case("served", "api"), 9_000_000, 0, 0, (replace(took(9.0, gigabytes), served=served),))


def results(*cases: Measured) -> Results:
    """What one run of the benchmark measured."""
    return Results("2026-06-12", MACHINE, 4_000_000, 3, cases)
