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
    floor = _TOP + _PLOT_HEIGHT
    # One path for all bars and one for all dots: less than half the size of as many elements.
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{_HEIGHT}" '
        f'viewBox="0 0 {_WIDTH} {_HEIGHT}" font-family="sans-serif" font-size="13">'
        f'<g fill="{_TEXT}">{"".join(_texts(title, values))}</g>'
        f'<path fill="{_BAR}" d="{"".join(_bars(values))}"/>'
        f'<path stroke="{_LINE}" stroke-width="2" d="{"".join(_dots(values))}"/>'
        f'<path stroke="{_LINE}" d="M{_LEFT} {floor}h{_PLOT_WIDTH}"/></svg>'
    )


def _texts(title: str, values: Mapping[date, int | None]) -> Iterator[str]:
    largest = _largest(values)
    days = list(values)
    below = _HEIGHT - 6
    for x, y, anchor, text in (
        (_LEFT, 16, "start", title),
        (_WIDTH - _RIGHT, 16, "end", f"highest: {largest:,}"),
        (_LEFT, below, "start", str(days[0])),
        (_WIDTH - _RIGHT, below, "end", str(days[-1])),
    ):
        yield f'<text x="{x}" y="{y}" text-anchor="{anchor}">{escape(text)}</text>'


def _bars(values: Mapping[date, int | None]) -> Iterator[str]:
    largest, step = _largest(values) or 1, _PLOT_WIDTH / len(values)
    for position, value in enumerate(values.values()):
        if value is not None:
            height = _PLOT_HEIGHT * value / largest
            left = _LEFT + position * step + 1
            yield f"M{left:.1f} {_TOP + _PLOT_HEIGHT}v-{height:.1f}h{step - 2:.1f}v{height:.1f}z"


def _dots(values: Mapping[date, int | None]) -> Iterator[str]:
    step = _PLOT_WIDTH / len(values)
    for position, value in enumerate(values.values()):
        if value is None:
            yield f"M{_LEFT + (position + 0.5) * step:.1f} {_TOP + _PLOT_HEIGHT + 6}h2"


def _largest(values: Mapping[date, int | None]) -> int:
    return max((value for value in values.values() if value is not None), default=0)
