"""Headers of every answer: what a browser must not do with it, and what the request left in its state."""

from urllib.parse import urlsplit

from starlette.datastructures import MutableHeaders
from starlette.types import Receive, Scope, Send

from usage_pipeline.api.middleware.base import HttpMiddleware, at_start

STATE = "answer_headers"
"""Where in its state a request leaves headers of its answer, whatever that will be."""

_HTTPS_SECONDS = 365 * 24 * 3600

HEADERS = {
    # Scripts and styles are files of ours: nothing that is inserted into a page can run.
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",  # for browsers that do not know frame-ancestors
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class AnswerHeaders(HttpMiddleware):
    """Adds them where the answer does not have them."""

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""

        def add(_: int, headers: MutableHeaders) -> None:
            for name, value in {**HEADERS, **_of(scope, headers)}.items():
                headers.setdefault(name, value)
            if "location" in headers:
                headers["location"] = _on_this_host(headers["location"])

        await self.app(scope, receive, at_start(send, add))


def _on_this_host(location: str) -> str:
    """Return where a redirect leads without the host, which is only what the client says in a header."""
    parts = urlsplit(location)
    if not parts.netloc:
        return location
    path = parts._replace(scheme="", netloc="", path="").geturl()
    return f"/{parts.path.lstrip('/')}{path}"


def _of(scope: Scope, headers: MutableHeaders) -> dict[str, str]:
    # An answer with an ETag is a file of ours that a browser asks for again with it; all else is data.
    caching = {"Cache-Control": "no-cache" if "etag" in headers else "no-store"}
    secure = {"Strict-Transport-Security": f"max-age={_HTTPS_SECONDS}"} if scope["scheme"] == "https" else {}
    left: dict[str, str] = scope.get("state", {}).get(STATE, {})
    return {**caching, **secure, **left}
