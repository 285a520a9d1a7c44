"""Text without its byte order mark, wherever its blocks end."""

from collections.abc import Iterator

import pytest

from usage_pipeline.errors import UnreadableFileError
from usage_pipeline.events.landing.blocks import text_blocks


def blocks_of(content: bytes, size: int) -> Iterator[bytes]:
    return (content[start : start + size] for start in range(0, len(content), size))


@pytest.mark.parametrize("size", [1, 2, 3, 4, 8])
@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"\xef\xbb\xbfa\nb\n", b"a\nb\n"),
        (b"a\nb\n", b"a\nb\n"),
        (b"\xef\xbb\xbf", b""),
        (b"\xef\xbb", b"\xef\xbb"),
        (b"\xff", b"\xff"),
        (b"", b""),
    ],
)
def test_the_byte_order_mark_of_utf8_is_no_part_of_the_text(content: bytes, text: bytes, size: int) -> None:
    assert b"".join(text_blocks(blocks_of(content, size))) == text


@pytest.mark.parametrize("size", [1, 2, 3, 4, 8])
@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
def test_another_byte_order_mark_is_named(codec: str, size: int) -> None:
    with pytest.raises(UnreadableFileError, match=f"^it is {codec[:6].upper()}, not UTF-8"):
        list(text_blocks(blocks_of("\ufeffa\n".encode(codec), size)))
