"""The plot: bars for the day, and a line for days of other sizes; on white, for pages of any colour."""

from pathlib import Path
from typing import Any

from bench.bars import millions
from bench.results import Results
from bench.sections import CASES, Section
from bench.subjects.catalogue import SUBJECTS

_SCALE = 2
_WIDTH, _HEIGHT = 420, 240
_MAIN, _OTHERS = "#1f77b4", "#9aa5b1"


def write_plot(results: Results, path: Path) -> None:
    """Write the plot as PNG."""
    import vl_convert  # noqa: PLC0415 - only the benchmark's own environment has it

    path.write_bytes(vl_convert.vegalite_to_png(specification(results), scale=_SCALE))


def specification(results: Results) -> dict[str, Any]:
    """The plot in Vega-Lite."""
    text = {"labelFontSize": 12, "titleFontSize": 12, "titleFontWeight": "normal"}
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
        "background": "white",
        "padding": 16,
        "hconcat": [_day(results), _growth(results)],
        "spacing": 48,
        "config": {"axis": {**text, "labelLimit": 260}, "title": {"fontSize": 14, "anchor": "start"}},
    }


def _day(results: Results) -> dict[str, Any]:
    entries = [entry for case in CASES[Section.DAY] if (entry := results.find(case.dataset, case.subject))]
    values = [
        {
            "subject": SUBJECTS[entry.case.subject].label,
            "seconds": round(entry.seconds, 2),
            "is_main": SUBJECTS[entry.case.subject].kind.is_ours,
        }
        for entry in entries
    ]
    events = millions(entries[0].events) if entries else "nothing"
    axes = {
        "y": {"field": "subject", "type": "nominal", "sort": None, "title": None},
        "x": {"field": "seconds", "type": "quantitative", "title": "seconds, less is better"},
    }
    colour = {"condition": {"test": "datum.is_main", "value": _MAIN}, "value": _OTHERS}
    return {
        "title": f"One day of {events}",
        **_panel(values),
        "layer": [
            {"mark": "bar", "encoding": {**axes, "color": colour}},
            {"mark": {"type": "text", "align": "left", "dx": 4}, "encoding": {**axes, "text": _text("seconds")}},
        ],
    }


def _growth(results: Results) -> dict[str, Any]:
    entries = [entry for case in CASES[Section.GROWTH] if (entry := results.find(case.dataset, case.subject))]
    values = [
        {"millions": round(entry.events / 1_000_000, 3), "seconds": round(entry.seconds, 2)} for entry in entries
    ]
    axes = {
        "x": {"field": "millions", "type": "quantitative", "title": "million events of one day"},
        "y": {"field": "seconds", "type": "quantitative", "title": "seconds"},
    }
    return {
        "title": "Main job without Dagster, by size of the day",
        **_panel(values),
        "layer": [
            {"mark": {"type": "line", "point": {"size": 60}, "color": _MAIN}, "encoding": axes},
            {
                "mark": {"type": "text", "align": "right", "dx": -8, "dy": -6},
                "encoding": {**axes, "text": _text("seconds")},
            },
        ],
    }


def _panel(values: list[dict[str, Any]]) -> dict[str, Any]:
    return {"data": {"values": values}, "width": _WIDTH, "height": _HEIGHT}


def _text(field: str) -> dict[str, str]:
    return {"field": field, "type": "quantitative", "format": ",.1f"}
