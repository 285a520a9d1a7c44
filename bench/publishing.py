"""Writes results to files: the JSON, the plot, and the table in `docs/benchmarks.md`."""

import json
from collections.abc import Iterable
from pathlib import Path

from bench.bars import Bar
from bench.errors import BenchError
from bench.plot import write_plot
from bench.report import markdown
from bench.results import Results

BEGIN, END = "<!-- bench -->", "<!-- /bench -->"
"""The marks around the results in the page."""


def write_files(results: Results, bars: Iterable[Bar], folder: Path) -> None:
    """Write `results.json` and `results.png`."""
    folder.mkdir(parents=True, exist_ok=True)
    content = results.as_json() | {"bars": [vars(bar) for bar in bars]}
    text = json.dumps(content, indent=1, ensure_ascii=False)
    (folder / "results.json").write_text(text + "\n", encoding="utf-8")
    write_plot(results, folder / "results.png")


def update_page(results: Results, page: Path) -> None:
    """Put the results between the two marks."""
    update_marked(page, markdown(results))


def update_marked(page: Path, content: str) -> None:
    """Put Markdown between the two marks. Raises BenchError for a page without them."""
    text = page.read_text(encoding="utf-8")
    before, found, rest = text.partition(BEGIN)
    _, ended, after = rest.partition(END)
    if not found or not ended:
        raise BenchError(f"{page.name} has no {BEGIN} followed by {END}; add both marks where the results belong.")
    page.write_text(f"{before}{BEGIN}\n{content}\n{END}{after}", encoding="utf-8")


def published(page: Path) -> str:
    """The text between the two marks."""
    return page.read_text(encoding="utf-8").partition(f"{BEGIN}\n")[2].partition(f"\n{END}")[0]
