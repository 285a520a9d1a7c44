"""Charts of a table's last days: small pictures within Markdown.

The UI shows Markdown of less than 1,000 characters on the page itself, and longer one behind a link. So a picture
is short: one outline in whole numbers, written as it is and not in base64.
"""

from collections.abc import Iterator, Mapping
from datetime import date
from itertools import groupby
from math import ceil
from urllib.parse import quote

_FLOOR = 60
_WIDTH, _HEIGHT = 300, 80
# Legible on the light and on the dark theme of the UI.
_BAR, _LINE = "#6b62e8", "#999"


def chart(title: str, values: Mapping[date, float | None]) -> str:
    """Markdown with a bar for each of these consecutive days, and their sum in words.

    A day that is None is missing: it has no bar. That of a zero is a line.
    """
    return _chart(title, values, _summary(values))


def chart_of_stock(title: str, values: Mapping[date, float]) -> str:
    """The same of what there is at the end of each day, which is no part of a sum."""
    last, most, least = max(values), *(pick(values, key=lambda day: values[day]) for pick in (max, min))
    shown = f"most on {most}: {_text(values[most])}; least on {least}: {_text(values[least])}"
    return _chart(title, values, f"{_text(values[last])} on {last}; {shown}.")


def _chart(title: str, values: Mapping[date, float | None], words: str) -> str:
    picture = quote(_svg(values), safe="='/:,")
    days = f"{min(values)} to {max(values)}"
    return f"![{title}](data:image/svg+xml,{picture})\n\n{title}, {days}.\n{words}"


def _summary(values: Mapping[date, float | None]) -> str:
    known = {day: value for day, value in values.items() if value is not None}
    if not known:
        return "No day is computed yet."
    peak = max(known, key=lambda day: known[day])
    return (
        f"{_text(sum(known.values()))} in {len(known)} of {len(values)} days; most on {peak}: "
        f"{_text(known[peak])}; {max(known)}: {_text(known[max(known)])}."
    )


def _text(value: float) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:,.2f}"


def _svg(values: Mapping[date, float | None]) -> str:
    days = len(values)
    return (
        f"<svg xmlns='http://www.w3.org/2000/svg' width='{_WIDTH}' height='{_HEIGHT}' "
        f"viewBox='0 0 {days} {_FLOOR + 1}' preserveAspectRatio='none'>"
        f"<path fill='{_BAR}' d='M0,{_FLOOR}{''.join(_outline(values))}V{_FLOOR}'/>"
        f"<path stroke='{_LINE}' d='M0,{_FLOOR}h{days}'/></svg>"
    )


def _outline(values: Mapping[date, float | None]) -> Iterator[str]:
    largest = max((value for value in values.values() if value is not None), default=0)
    for top, days in groupby(_FLOOR - _height(value, largest) for value in values.values()):
        yield f"V{top}h{len(list(days))}"


def _height(value: float | None, largest: float) -> int:
    if value is None:
        return 0
    return 1 + ceil(value * (_FLOOR - 1) / largest) if value else 1
