"""The tables that people read: on the terminal, and in Markdown for the page."""

from collections.abc import Collection, Iterable, Sequence

from rich import box
from rich.console import Console
from rich.table import Table

from bench.bars import Bar, millions
from bench.load.mix import SHARES
from bench.results import Failed, Measured, Results
from bench.sections import CASES, UNIT, Section
from bench.subjects.catalogue import SUBJECTS

MB, GB = 1_000_000, 1_000_000_000
COLUMNS = ("Data", "Subject", "Seconds", "To fastest raw", "Events/s", "Peak memory", "Noise")
SMALL_COLUMNS = ("Data", "Subject", "Processor seconds", "Units", "Seconds", "Peak memory", "Noise")
LIST_COLUMNS = ("Data", "Subject", "Half within", "99 % within", "Peak memory", "Noise")
API_COLUMNS = ("Clients", "Request", "Of 100", "Half within", "99 % within")
_TEXTS = 2
"""The first columns, which are not numbers."""
_DATA = {
    "text": "{size}, 1 KB of text per prompt",
    "rated": "{size}, computed before",
    "history": "{size} on top of 89 earlier days",
    "backfill": "90 days of 1,000 events",
    "empty": "nothing",
    "aider": "aider log, {events:,} lines on 188 days",
    "demo": "data of the demo, {size}",
    "listed": "90 days of 500 tenants, {size}",
    "served": "90 days of 500 tenants, {size}",
}
_PAGES = "Pages have up to 100 records, and are asked for by eight threads of one process, whose memory is shown."
_BAR_COLUMNS = ("Bar", "Limit", "Found", "")


def rows(results: Results, section: Section) -> list[tuple[str, ...]]:
    """The cells of a section's table, one row per case that was run."""
    if section is Section.API:
        return _api_rows(results)
    cells = {Section.SMALL: _small_cells, Section.LISTS: _list_cells}.get(section, _cells)
    known = {entry.case: cells(results, entry) for entry in results.measured}
    dashes = ["–"] * (len(_columns(section)) - _TEXTS - 1)
    known |= {entry.case: (*_labels(entry), "failed", *dashes) for entry in results.failed}
    return [known[case] for case in CASES[section] if case in known]


def _columns(section: Section) -> tuple[str, ...]:
    others = {Section.SMALL: SMALL_COLUMNS, Section.LISTS: LIST_COLUMNS, Section.API: API_COLUMNS}
    return others.get(section, COLUMNS)


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


def _small_cells(results: Results, entry: Measured) -> tuple[str, ...]:
    units = results.units(entry)
    return (
        *_labels(entry),
        f"{entry.cpu_seconds:.2f}",
        "–" if units is None else f"{units:.2f}",
        f"{entry.seconds:.2f}",
        f"{entry.peak_bytes / MB:,.0f} MB",
        f"{entry.cpu_noise:.0%}",
    )


def _list_cells(_: Results, entry: Measured) -> tuple[str, ...]:
    return (
        *_labels(entry),
        *("–" if time is None else f"{time:.1f} ms" for time in (entry.p50_ms, entry.p99_ms)),
        f"{entry.process_peak_bytes / MB:,.0f} MB",
        f"{entry.noise:.0%}",
    )


def _api_rows(results: Results) -> list[tuple[str, ...]]:
    """One row for each kind of request, with and without pauses between them."""
    return [
        (label, kind, str(share), *(f"{time:.1f} ms" for time in entry.answered(kind)))
        for entry in _served(results)
        for label in [SUBJECTS[entry.case.subject].label]
        for kind, share in SHARES.items()
    ]


def _served(results: Results) -> list[Measured]:
    return [found for case in CASES[Section.API] if (found := results.find(case.dataset, case.subject))]


def _load(entry: Measured) -> str:
    """What the requests took in all."""
    taken = (("the server", "server_ms"), ("the database", "database_ms"), ("the clients", "client_ms"))
    shares = ", ".join(f"{entry.served(name):.1f} ms in {where}" for where, name in taken)
    rate = f"{entry.served('requests_per_second'):,.0f} requests a second"
    return (
        f"{SUBJECTS[entry.case.subject].label.capitalize()} send a warm server {rate}. "
        f"Of the processor a request takes {shares}. "
        f"The server takes up to {entry.process_peak_bytes / MB:,.0f} MB, the database "
        f"{entry.database_peak_bytes / MB:,.0f} MB."
    )


def data_label(entry: Measured | Failed) -> str:
    """What a subject ran on, with the size that it had."""
    label = _DATA.get(entry.case.dataset, "{size}")
    return label.format(size=millions(entry.events), events=entry.events)


def print_results(console: Console, results: Results, bars: Iterable[Bar], sections: Collection[Section]) -> None:
    """Print what these sections measured, and the bars."""
    for section in Section:
        if section in sections:
            console.print(_table(section.title(), _columns(section), rows(results, section), _TEXTS))
    validated = [
        (bar.name, bar.limit, bar.found, "[green]pass[/]" if bar.passed else "[red]FAIL[/]") for bar in bars
    ]
    console.print(_table("Bars", _BAR_COLUMNS, validated, texts=4))
    console.print(
        f"Median of {results.repetitions}. Noise is how far the runs of a case lie apart. "
        "Peak memory is that of the process and of the database together."
    )
    if Section.SMALL in sections:
        console.print(_unit(results))
    if Section.API in sections:
        console.print("\n".join(map(_load, _served(results))))
    console.print(_machine(results))


def _table(title: str, columns: Sequence[str], cells: Iterable[tuple[str, ...]], texts: int) -> Table:
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for number, name in enumerate(columns):
        table.add_column(name, justify="left" if number < texts else "right")
    for row in cells:
        table.add_row(*row)
    return table


def markdown(results: Results) -> str:
    """The page's part: the machine, a table of the days, the plot, and tables of what is small and of pages."""
    days = (section for section in Section if section not in {Section.SMALL, Section.LISTS, Section.API})
    found = dict.fromkeys(row for section in days for row in rows(results, section))
    alt = "Seconds of each subject for the day, and of the main job for days of other sizes"
    plot = f"![{alt}](../bench/results.png)"
    small = rows(results, Section.SMALL)
    more = [_unit(results), _markdown_table(SMALL_COLUMNS, small)] if small else []
    lists = rows(results, Section.LISTS)
    more += [_PAGES, _markdown_table(LIST_COLUMNS, lists)] if lists else []
    served = _served(results)
    more += [*map(_load, served), _markdown_table(API_COLUMNS, _api_rows(results))] if served else []
    return "\n\n".join([_introduction(results), _markdown_table(COLUMNS, found), plot, *more])


def _markdown_table(columns: Sequence[str], cells: Iterable[tuple[str, ...]]) -> str:
    head = [columns, ["---"] * _TEXTS + ["---:"] * (len(columns) - _TEXTS)]
    return "\n".join(map(_line, [*head, *cells]))


def _unit(results: Results) -> str:
    unit = results.find(UNIT.dataset, UNIT.subject)
    here = f", here {unit.cpu_seconds:.2f}" if unit else ""
    return (
        "What is small is measured in processor seconds, user and system, of the command, its children and the "
        f"database that it starts. A unit is those of ten million additions in a loop of `python -c`{here}."
    )


def _introduction(results: Results) -> str:
    day = results.find("day", "main")
    size = f" The day has {day.input_bytes / GB:.2f} GB of lines." if day else ""
    return (
        f"{_machine(results)}{size} "
        f"Medians of {results.repetitions} runs, which lie at most {results.noise:.0%} apart."
    )


def _machine(results: Results) -> str:
    machine = results.machine
    versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
    return (
        f"On {results.date}: {machine['cpu']}, {machine['cores']} cores, {machine['memory_gb']} GB memory, "
        f"{machine['system']}, Python {machine['python']}; {versions}."
    )


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"
