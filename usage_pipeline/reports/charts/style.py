"""How all charts look: colours that differ in lightness too, for print and the colour-blind, and short numbers."""

import re
from typing import Any, Final

from usage_pipeline.reports.fonts import FIRST, OTHERS

ROWS: Final = "rows"
"""The name of the data of each chart."""
FONT: Final = f"{FIRST}, system-ui, sans-serif"
"""The first is what the PDF has; a browser takes what is there."""
WIDTH: Final = 620
"""Pixels of what is drawn, without axes."""

TEXT: Final = "#3b4148"
GRID: Final = "#dfe3e8"
ZERO: Final = "#7b848d"
MISSING: Final = "#d5d8dc"
NOTHING: Final = "#f0f2f5"
LINE: Final = "#a33b00"
MARKS: Final = "#005f47"
STEPS: Final = ("#cfe3f3", "#9ac5e6", "#5b9bd0", "#2c6ca6", "#0c3c6e")
"""From little to much."""
BARS: Final = STEPS[2]

DARK: Final = {
    TEXT: "#c8ced6",
    GRID: "#343a42",
    ZERO: "#8b949e",
    MISSING: "#4a5058",
    NOTHING: "#20252b",
    LINE: "#ffab70",
    MARKS: "#4fd1a5",
    **dict(zip(STEPS, ("#17314b", "#20507c", "#3579b1", "#70ade0", "#cfe6fb"), strict=True)),
}
"""What each colour is on a dark page. `BARS` is one of the steps."""

CONFIG: Final[dict[str, Any]] = {
    "aria": False,
    "background": "transparent",
    "font": FONT,
    "padding": 4,
    "view": {"stroke": None},
    "axis": {
        "labelColor": TEXT,
        "titleColor": TEXT,
        "labelFontSize": 11,
        "titleFontSize": 11,
        "titleFontWeight": "normal",
        "gridColor": GRID,
        "domainColor": ZERO,
        "tickColor": ZERO,
        "labelPadding": 5,
    },
    "legend": {
        "orient": "top",
        "labelColor": TEXT,
        "titleColor": TEXT,
        "labelFontSize": 11,
        "titleFontSize": 11,
        "titleFontWeight": "normal",
        "symbolType": "square",
        "symbolStrokeWidth": 0,
        "labelLimit": 300,
    },
}


def short(value: str) -> str:
    """Return the expression that writes a value of Vega, such as `datum.value`, as in 950, 1.2M and 3B."""
    thousands = f"replace(replace(format({value}, '.3~s'), 'G', 'B'), '\N{MINUS SIGN}', '-')"
    return f"abs({value}) < 1000 ? format({value}, ',.6~f') : {thousands}"


_TEXT: Final = re.compile(r"(?<=>)[^<>]+(?=</text>)")
_RUNS: Final = re.compile("|".join(f"([{chars}](?:[{chars} ]*[{chars}])?)" for chars in OTHERS.values()))
_FAMILIES: Final = dict(enumerate(OTHERS, start=1))


def with_fonts(svg: str) -> str:
    """Return the picture with the font of each run of a script that the first font does not have.

    Typst looks for one other font with all that the first one lacks: a name in several scripts would be boxes.
    """
    return _TEXT.sub(lambda text: _RUNS.sub(_run, text[0]), svg)


def _run(found: re.Match[str]) -> str:
    family = _FAMILIES[found.lastindex or 0]
    return f'<tspan font-family="{family}, {FONT}">{found[0]}</tspan>'
