"""The tables that people read: on the terminal, and in Markdown for the README."""

from collections.abc import Collection, Iterable, Sequence

from rich import box
from rich.console import Console
from rich.table import Table

from bench.bars import Bar, millions
from bench.results import Failed, Measured, Results
from bench.sections import CASES, Section
from bench.subjects.catalogue import SUBJECTS

MB, GB = 1_000_000, 1_000_000_000
COLUMNS = ("Data", "Subject", "Seconds", "To fastest raw", "Events/s", "Peak memory", "Noise")
_BAR_COLUMNS = ("Bar", "Limit", "Found", "")


def rows(results: Results, section: Section) -> list[tuple[str, ...]]:
    """The cells of a section's table, one row per case that was run."""
    known = {entry.case: _cells(results, entry) for entry in results.measured}
    known |= {entry.case: (*_labels(entry), "failed", "–", "–", "–", "–") for entry in results.failed}
    return [known[case] for case in CASES[section] if case in known]


def _labels(entry: Measured | Failed) -> tuple[str, str]:
    return data_label(entry), SUBJECTS[entry.case.subject].label


def _cells(results: Results, entry: Measured) -> tuple[str, ...]:
    ratio = results.ratio(entry)
    return (
        *_labels(entry),
        f"{entry.seconds:.2f}",
        "–" if ratio is None else f"{ratio:.2f}",
        f"{entry.events_per_second:,.0f}",
        f"{entry.peak_bytes / MB:,.0f} MB",
        f"{entry.noise:.0%}",
    )


def data_label(entry: Measured | Failed) -> str:
    """What a subject ran on, with the size that it had."""
    size = millions(entry.events)
    match entry.case.dataset:
        case "text":
            return f"{size}, 1 KB of text per prompt"
        case "rated":
            return f"{size}, computed before"
        case "history":
            return f"{size} on top of 89 earlier days"
        case "backfill":
            return "90 days of 1,000 events"
        case _:
            return size


def print_results(console: Console, results: Results, bars: Iterable[Bar], sections: Collection[Section]) -> None:
    """Print what these sections measured, and the bars."""
    for section in Section:
        if section in sections:
            console.print(_table(section.title(), COLUMNS, rows(results, section), texts=2))
    judged = [(bar.name, bar.limit, bar.found, "[green]pass[/]" if bar.passed else "[red]FAIL[/]") for bar in bars]
    console.print(_table("Bars", _BAR_COLUMNS, judged, texts=4))
    console.print(
        f"Median of {results.repetitions}. Noise is how far the runs of a case lie apart, here at most "
        f"{results.noise:.0%}. Peak memory is that of the process and of the database together."
    )


def _table(title: str, columns: Sequence[str], cells: Iterable[tuple[str, ...]], texts: int) -> Table:
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for number, name in enumerate(columns):
        table.add_column(name, justify="left" if number < texts else "right")
    for row in cells:
        table.add_row(*row)
    return table


def markdown(results: Results) -> str:
    """What the README shows: the machine, one table of all that was measured, and the plot."""
    found = list(dict.fromkeys(row for section in Section for row in rows(results, section)))
    lines = [_line(COLUMNS), _line(["---", "---", *["---:"] * (len(COLUMNS) - 2)]), *map(_line, found)]
    plot = "![Seconds of each subject for the day, and of the main job for days of other sizes](bench/results.png)"
    return "\n\n".join([_introduction(results), "\n".join(lines), plot])


def _introduction(results: Results) -> str:
    machine = results.machine
    versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
    day = results.find("day", "main")
    size = f" The day has {day.input_bytes / GB:.2f} GB of lines." if day else ""
    return (
        f"On {results.date}: {machine['cpu']}, {machine['cores']} cores, {machine['memory_gb']} GB memory, "
        f"{machine['system']}, Python {machine['python']}; {versions}.{size} "
        f"Medians of {results.repetitions} runs, which lie at most {results.noise:.0%} apart."
    )


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"
