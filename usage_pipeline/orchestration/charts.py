"""Charts of a table's last days: SVG pictures within Markdown, which the UI shows without fetching anything."""

from base64 import b64encode
from collections.abc import Iterator, Mapping
from datetime import date
from xml.sax.saxutils import escape

_WIDTH, _HEIGHT = 900, 240
_LEFT, _RIGHT, _TOP, _BOTTOM = 8, 8, 40, 28
_PLOT_WIDTH, _PLOT_HEIGHT = _WIDTH - _LEFT - _RIGHT, _HEIGHT - _TOP - _BOTTOM
# Legible on the light and on the dark theme of the UI.
_BAR, _TEXT, _LINE = "#6b62e8", "#808794", "#9aa0ab"


def chart(title: str, values: Mapping[date, int | None]) -> str:
    """Markdown with a bar for each of these consecutive days, its summary in words below.

    A day that is None is missing: it gets a dot below the line instead of a bar.
    """
    picture = b64encode(_svg(title, values).encode()).decode()
    return f"![{title}](data:image/svg+xml;base64,{picture})\n\n{_summary(values)}"


def _summary(values: Mapping[date, int | None]) -> str:
    known = {day: value for day, value in values.items() if value is not None}
    if not known:
        return "No day is computed yet."
    peak = max(known, key=lambda day: known[day])
    return (
        f"{sum(known.values()):,} in {len(known)} of {len(values)} days; most on {peak}: {known[peak]:,}; "
        f"{max(known)}: {known[max(known)]:,}."
    )


def _svg(title: str, values: Mapping[date, int | None]) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{_HEIGHT}" '
        f'viewBox="0 0 {_WIDTH} {_HEIGHT}" font-family="sans-serif" font-size="13">'
        f"{''.join(_texts(title, values))}{''.join(_marks(values))}"
        f'<line x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{_TOP + _PLOT_HEIGHT}" y2="{_TOP + _PLOT_HEIGHT}" '
        f'stroke="{_LINE}"/></svg>'
    )


def _texts(title: str, values: Mapping[date, int | None]) -> Iterator[str]:
    largest = max((value for value in values.values() if value is not None), default=0)
    days = list(values)
    below = _HEIGHT - 6
    for x, y, anchor, text in (
        (_LEFT, 16, "start", title),
        (_WIDTH - _RIGHT, 16, "end", f"highest: {largest:,}"),
        (_LEFT, below, "start", str(days[0])),
        (_WIDTH - _RIGHT, below, "end", str(days[-1])),
    ):
        yield f'<text x="{x}" y="{y}" text-anchor="{anchor}" fill="{_TEXT}">{escape(text)}</text>'


def _marks(values: Mapping[date, int | None]) -> Iterator[str]:
    largest = max((value for value in values.values() if value is not None), default=0) or 1
    step = _PLOT_WIDTH / len(values)
    floor = _TOP + _PLOT_HEIGHT
    for position, value in enumerate(values.values()):
        x = _LEFT + position * step
        if value is None:
            yield f'<circle cx="{x + step / 2:.1f}" cy="{floor + 6}" r="1.5" fill="{_LINE}"/>'
        else:
            height = _PLOT_HEIGHT * value / largest
            yield (
                f'<rect x="{x + 1:.1f}" y="{floor - height:.1f}" width="{step - 2:.1f}" '
                f'height="{height:.1f}" fill="{_BAR}"/>'
            )
