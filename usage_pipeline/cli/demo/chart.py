"""Charts of block characters, one bar per value, for terminals and pipes alike."""

from collections.abc import Iterator, Sequence

_BLOCKS = " ▁▂▃▄▅▆▇█"
_EIGHTHS = len(_BLOCKS) - 1


def bars(values: Sequence[int], height: int = 1) -> list[str]:
    """Lines of bars, the upper ends first. The largest value has the full height, and only 0 shows no bar."""
    most = max(values, default=0) or 1
    steps = [-(-value * height * _EIGHTHS // most) for value in values]
    return [
        "".join(_BLOCKS[min(max(step - row * _EIGHTHS, 0), _EIGHTHS)] for step in steps)
        for row in reversed(range(height))
    ]


def chart(values: Sequence[int], ends: tuple[str, str], margin: int, height: int = 4) -> Iterator[str]:
    """Lines of bars with the largest value and 0 at their left, `margin` wide, and the two ends below."""
    labels = [f"{max(values, default=0):,}", *[""] * (height - 1)]
    for label, line in zip(labels, bars(values, height), strict=True):
        yield f"{label:>{margin}} ┤{line}"
    yield f"{'0':>{margin}} └{'─' * len(values)}"
    first, last = ends
    between = max(len(values) - len(first) - len(last), 1)
    yield f"{'':{margin}}  {first}{'':{between}}{last}"
