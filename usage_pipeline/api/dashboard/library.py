"""The library of the charts: Vega, Vega-Lite and Vega-Embed as one module for browsers."""

import hashlib
import os
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from threading import Lock

from fastapi import Request, Response


class ChartLibrary:
    """Answers with the library. To put it together takes seconds, so it is kept in a temporary folder."""

    def __init__(self, folder: Path) -> None:
        """Take the folder to keep it in; it need not exist, or be writable."""
        self._kept = folder / f"vega-{version('vl-convert-python')}.js"
        self._lock = Lock()
        self._content = b""

    def answer(self, request: Request) -> Response:
        """Return the library, or that it is still the one that the browser has."""
        with self._lock:
            self._content = self._content or self._read() or self._make()
        tag = f'"{hashlib.sha256(self._content).hexdigest()[:32]}"'
        if tag in request.headers.get("If-None-Match", ""):
            return Response(status_code=304, headers={"ETag": tag})
        return Response(self._content, media_type="text/javascript", headers={"ETag": tag})

    def _read(self) -> bytes:
        with suppress(OSError):
            return self._kept.read_bytes()
        return b""

    def _make(self) -> bytes:
        import vl_convert  # noqa: PLC0415 - only where charts are looked at for the first time

        content: bytes = vl_convert.javascript_bundle().encode()
        with suppress(OSError):  # it is made again after the next start, then
            self._kept.parent.mkdir(parents=True, exist_ok=True)
            beside = self._kept.with_suffix(f".{os.getpid()}.part")
            beside.write_bytes(content)
            beside.rename(self._kept)
        return content
