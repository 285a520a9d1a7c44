"""Archives of others that are encrypted or damaged: what can be read of them is searched."""

import io
import zipfile
from collections.abc import Callable

import pytest

from usage_pipeline.retention.erasure.searching import unknown_files
from usage_pipeline.retention.erasure.subject import Word
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.retention.erased import ACME

LOCAL, CENTRAL = b"PK\x03\x04", b"PK\x01\x02"
"""How the headers of a file in an archive begin: before its content, and in the list of all."""


def archive(*texts: tuple[str, str]) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, text in texts:
            packed.writestr(name, text)
    return written.getvalue()


def with_field(content: bytes, at: int, value: int) -> bytes:
    """Set a field of the first file, which the list of all has two bytes further on."""
    changed = bytearray(content)
    for header, offset in ((LOCAL, at), (CENTRAL, at + 2)):
        changed[content.index(header) + offset] = value
    return bytes(changed)


def encrypted(content: bytes) -> bytes:
    return with_field(content, 6, 1)


def of_an_unknown_method(content: bytes) -> bytes:
    return with_field(content, 8, 99)


def damaged(content: bytes) -> bytes:
    start = content.index(b"first") + len(b"first")
    return content[:start] + b"\xff\xff" + content[start + 2 :]


def without_a_list(content: bytes) -> bytes:
    return content.replace(CENTRAL, b"PK\xff\xff", 1)


@pytest.mark.parametrize("spoil", [encrypted, of_an_unknown_method, damaged, without_a_list])
def test_what_cannot_be_unpacked_hinders_no_search(storage: Storage, spoil: Callable[[bytes], bytes]) -> None:
    file = storage.settings.data_dir / "export.zip"
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(spoil(archive(("first", "of acme"))))
    assert unknown_files(storage, ACME, Word("acme", frozenset())) == []


@pytest.mark.parametrize("spoil", [encrypted, of_an_unknown_method, damaged])
@pytest.mark.parametrize("second", [("second", "of acme"), ("acme", "second")], ids=["content", "name"])
def test_what_can_be_unpacked_beside_it_is_searched(
    storage: Storage, spoil: Callable[[bytes], bytes], second: tuple[str, str]
) -> None:
    file = storage.settings.data_dir / "export.zip"
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(spoil(archive(("first", "hidden"), second)))
    assert unknown_files(storage, ACME, Word("acme", frozenset())) == ["export.zip"]
