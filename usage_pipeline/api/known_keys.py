"""Keys that were shown lately, so that a request of one need not read it.

One is known for as long as nothing was committed to the database since it was read, so that one that is revoked is
refused at once.
"""

from threading import Lock

from cachetools import LRUCache
from starlette.requests import Request

from usage_pipeline.keys.keys import Key, digest_of, recognise
from usage_pipeline.storage.opened import Storage

_MOST = 10_000


class KnownKeys:
    """The keys that one app has recognised; those that nobody has shown for longest go first."""

    def __init__(self) -> None:
        """Begin without any."""
        self._known: LRUCache[str, tuple[str, Key]] = LRUCache(_MOST)
        self._lock = Lock()

    def recognise(self, storage: Storage, shown: str) -> Key | None:
        """Return the key that is shown; None if there is none like it, or if it is no longer valid."""
        digest, now = digest_of(shown), storage.settings.clock.now
        snapshot = storage.recalled.snapshot(storage.warehouse)
        with self._lock:
            known_at, key = self._known.get(digest, (None, None))
        if key is not None and known_at == snapshot:
            return key if key.is_valid(now) else None
        with storage.warehouse.connect() as connection:
            found = recognise(connection, shown, now)
        if found is not None:
            self._keep(digest, snapshot, found)
        return found

    def _keep(self, digest: str, snapshot: str, key: Key) -> None:
        with self._lock:
            self._known[digest] = snapshot, key


def known_keys_of(request: Request) -> KnownKeys:
    """Return the keys that the app knows."""
    keys: KnownKeys = request.app.state.keys
    return keys
