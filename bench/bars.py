"""The bars that the pipeline must pass, and whether it does."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from bench.load.mix import Kind
from bench.results import Measured, Results
from bench.sections import is_small
from bench.subjects.catalogue import SUBJECTS

MB, GB = 1_000_000, 1_000_000_000

_MEMORY = {
    ("day", "main"): ("", 2 * GB),
    ("day", "costed"): (", with costs", 2 * GB),
    ("day", "dagster"): (", with costs and Dagster", 2 * GB),
    ("text", "main"): (", long prompts", 2 * GB),
    ("fourfold", "main"): ("", 3 * GB),
}
_UNITS = {"run": 50.0, "demo": 60.0, "help": 0.4, "series": 1.2, "usage": 1.2, "idle": 2.0}
"""What small days and commands may cost, by subject."""

_ANSWERED = {Kind.SERIES: 30, Kind.FIRST_PAGE: 100, Kind.CONVERSATION: 400}
"""Milliseconds within which 99 of 100 answers of a server under load must be there."""


@dataclass(frozen=True)
class Bar:
    """A limit and what was found. What was not measured has no bar."""

    name: str
    limit: str
    found: str
    passed: bool


def validate(results: Results, earlier: Results | None = None) -> list[Bar]:
    """Every bar that what was measured can be held against; the last one only with results of an earlier run."""
    found = [
        bar
        for bars in (
            *(_ratios, _history, _memory, _growth, _dagster, _rating, _backfill, _validation, _small),
            *(_lists, _api),
        )
        for bar in bars(results)
    ]
    return [*_failed(results), *found, *(_repeated(results, earlier) if earlier else ())]


def _failed(results: Results) -> Iterator[Bar]:
    for entry in results.failed:
        name = f"{entry.case.subject} on {entry.case.dataset} ends, with the right numbers"
        yield Bar(name, "yes", "no", passed=False)


def _ratios(results: Results) -> Iterator[Bar]:
    for dataset, where in (("day", ""), ("text", ", long prompts")):
        main, pandas = results.find(dataset, "main"), results.find(dataset, "pandas")
        if main and (to_raw := results.ratio(main)) is not None:
            yield _at_most(f"Main job to fastest raw conversion{where}", to_raw, 4.5, lambda x: f"{x:.2f} times")
        if main and pandas:
            ratio = pandas.seconds / main.seconds
            name = f"pandas script to main job{where}"
            yield Bar(name, "at least 4.00 times", f"{ratio:.2f} times", ratio >= 4)  # noqa: PLR2004 - the bar


def _history(results: Results) -> Iterator[Bar]:
    alone, on_top = results.find("day", "main"), results.find("history", "main")
    if alone and on_top:
        slower = on_top.seconds / alone.seconds - 1
        yield _at_most("Slower with 89 earlier days", slower, 0.20, lambda x: f"{x:.0%}")


def _memory(results: Results) -> Iterator[Bar]:
    for (dataset, subject), (which, limit) in _MEMORY.items():
        if found := results.find(dataset, subject):
            name = f"Peak memory at {millions(found.events)}{which}"
            yield _at_most(name, found.peak_bytes, limit, lambda x: f"{x / GB:.2f} GB")


def _growth(results: Results) -> Iterator[Bar]:
    small, large = results.find("day", "main"), results.find("fourfold", "main")
    if small and large:
        more = _seconds_per_event(large) / _seconds_per_event(small) - 1
        name = f"Cost of an event more at {millions(large.events)} than at {millions(small.events)}"
        yield _at_most(name, more, 0.20, lambda x: f"{x:.0%}")


def _dagster(results: Results) -> Iterator[Bar]:
    plain, dagster = results.find("day", "costed"), results.find("day", "dagster")
    if plain and dagster:
        yield _at_most("Dagster adds to the day", dagster.seconds - plain.seconds, 10, lambda x: f"{x:.1f} s")


def _rating(results: Results) -> Iterator[Bar]:
    """Of the process that does nothing but rate, its start included; and what costs add to the main job."""
    rating, main, costed = (
        results.find(*case) for case in (("rated", "rating"), ("day", "main"), ("day", "costed"))
    )
    if rating:
        found = rating.events_per_second
        name = "Records rated a second"
        yield Bar(name, "at least 1,000,000", f"{found:,.0f}", found >= 1_000_000)  # noqa: PLR2004 - the bar
    if costed and main:
        share = (costed.seconds - main.seconds) / main.seconds
        yield _at_most("Rating adds to the main job", share, 0.30, lambda x: f"{x:.0%}")


def _backfill(results: Results) -> Iterator[Bar]:
    if backfill := results.find("backfill", "backfill"):
        yield _at_most("Backfill of 90 days", backfill.seconds, 25, lambda x: f"{x:.1f} s")


def _validation(results: Results) -> Iterator[Bar]:
    """Validation by itself, once its library is imported, and what it adds to the memory of the run."""
    costed, imported, validated, checked = (
        results.find("day", name) for name in ("costed", "imported", "validated", "checked")
    )
    if costed and imported and validated:
        yield _at_most(
            "Validation after its import", validated.seconds - imported.seconds, 6, lambda x: f"{x:.1f} s"
        )
        more = validated.peak_bytes - costed.peak_bytes
        yield _at_most("Validation adds to peak memory", more, 500 * MB, lambda x: f"{x / MB:,.0f} MB")
    if costed and imported and checked:
        limit = 10 + imported.seconds - costed.seconds
        name = "Dagster with validation adds to the day"
        yield _at_most(name, checked.seconds - costed.seconds, limit, lambda x: f"{x:.1f} s")


def _small(results: Results) -> Iterator[Bar]:
    for entry in results.measured:
        limit, units = _UNITS.get(entry.case.subject), results.units(entry)
        if limit and units is not None:
            name = f"Cost of {SUBJECTS[entry.case.subject].label}"
            yield _at_most(name, units, limit, lambda x: f"{x:.2f} units")


def _lists(results: Results) -> Iterator[Bar]:
    first, conversations, deep = (
        results.find("listed", name) for name in ("first_pages", "conversations", "deep_pages")
    )
    for entry, what, limit in ((first, "first pages", 100), (conversations, "pages of a conversation", 400)):
        if entry and entry.p99_ms is not None:
            yield _at_most(f"99 % of {what}", entry.p99_ms, limit, lambda x: f"{x:.0f} ms")
    if first and deep and first.p99_ms and deep.p99_ms:
        slower = deep.p99_ms / first.p99_ms - 1
        yield _at_most("Pages deep in a list slower than the first", slower, 0.20, lambda x: f"{x:.0%}")
    for entry in filter(None, (first, conversations, deep)):
        name = f"Peak memory of {SUBJECTS[entry.case.subject].label}"
        yield _at_most(name, entry.process_peak_bytes, 600 * MB, lambda x: f"{x / MB:,.0f} MB")


def _api(results: Results) -> Iterator[Bar]:
    entry = results.find("served", "api")
    if entry is None:
        return
    for kind, limit in _ANSWERED.items():
        _, p99_ms = entry.answered(kind)
        yield _at_most(f"99 % of answers under load, {kind}", p99_ms, limit, lambda x: f"{x:.0f} ms")
    first, deep = (entry.answered(kind)[1] for kind in (Kind.FIRST_PAGE, Kind.DEEP_PAGE))
    yield _at_most("Deep pages slower than the first under load", deep / first - 1, 0.20, lambda x: f"{x:.0%}")
    name = "Peak memory of the server under load"
    yield _at_most(name, entry.process_peak_bytes, 600 * MB, lambda x: f"{x / MB:,.0f} MB")


def _repeated(results: Results, earlier: Results) -> Iterator[Bar]:
    """Whether the medians of two runs agree within the noise, that of the noisier one."""
    apart = {
        now.case: abs(now.seconds / before.seconds - 1)
        for now in results.measured
        if not is_small(now.case) and (before := earlier.find(now.case.dataset, now.case.subject))
    }
    if apart:
        case = max(apart, key=lambda case: apart[case])
        name = f"Medians of two runs apart, most for {case.subject} on {case.dataset}"
        yield _at_most(name, apart[case], max(results.noise, earlier.noise), lambda x: f"{x:.1%}")


def _at_most(name: str, found: float, limit: float, write: Callable[[float], str]) -> Bar:
    return Bar(name, f"at most {write(limit)}", write(found), found <= limit)


def _seconds_per_event(measured: Measured) -> float:
    return measured.seconds / measured.events


def millions(events: int) -> str:
    """`4 million events`, or the number where it is none of millions."""
    rounded = round(events / 1_000_000)
    near = rounded and abs(events / 1_000_000 / rounded - 1) < 0.02  # noqa: PLR2004 - the simulator rounds
    return f"{rounded} million events" if near else f"{events:,} events"
