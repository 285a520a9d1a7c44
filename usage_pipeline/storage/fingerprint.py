"""Short stable digests of values: versions, inputs, keys. Digests of rows are in `digests.py`."""

import hashlib
from collections.abc import Iterable


def fingerprint(parts: Iterable[object]) -> str:
    """A digest of some values, in their order."""
    joined = "\x1f".join(map(str, parts))
    return hashlib.sha256(joined.encode()).hexdigest()[:32]
