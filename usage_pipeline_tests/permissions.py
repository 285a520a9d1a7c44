"""Permissions that hold for root too."""

import ctypes
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest

_VERSION_3 = 0x20080522
_DAC_OVERRIDE, _DAC_READ_SEARCH = 1, 2
_WORDS = ctypes.c_uint32 * 6
"""Effective, permitted and inheritable capabilities; of the lower 32 first, then of those above."""


def _capabilities(libc: ctypes.CDLL, function: str, words: ctypes.Array[ctypes.c_uint32]) -> None:
    header = (ctypes.c_uint32 * 2)(_VERSION_3, 0)  # of the current thread
    if getattr(libc, function)(header, words):
        raise OSError(ctypes.get_errno(), f"{function} failed")


@contextmanager
def _without_privilege() -> Iterator[None]:
    if os.geteuid():
        yield
        return
    libc = ctypes.CDLL(None, use_errno=True)
    before, words = _WORDS(), _WORDS()
    _capabilities(libc, "capget", before)
    words[:] = before[:]
    words[0] &= ~(1 << _DAC_OVERRIDE | 1 << _DAC_READ_SEARCH)
    _capabilities(libc, "capset", words)
    try:
        yield
    finally:
        _capabilities(libc, "capset", before)


@pytest.fixture
def as_anyone() -> Callable[[], AbstractContextManager[None]]:
    """Within its context root may no longer pass over the permissions of files and folders."""
    return _without_privilege
