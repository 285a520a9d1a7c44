"""The cookie of a session: how it is read and set, and what a request that relies on it must show besides.

A browser sends the cookie with each request to this host, whoever made the page. `SameSite=Strict` keeps pages of
other sites from using it. What changes something needs the session's token, too, which pages of other hosts of the
same site cannot read.
"""

import hmac
import re
from datetime import datetime
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response

from usage_pipeline.api.problems import ProblemError
from usage_pipeline.keys.sessions import Session, find_session
from usage_pipeline.storage.opened import Storage

CSRF_HEADER = "X-CSRF-Token"

SECURE_NAME = "__Host-usage_session"
"""Browsers take a cookie of this name only from this host itself, over https."""
_LOCAL_NAME = "usage_session"
_LOCAL = re.compile(r"(localhost|127\.0\.0\.1|\[::1\])(:\d+)?")
_SAFE = frozenset({"GET", "HEAD"})
_OWN_SITES = frozenset({"same-origin", "none"})


def set_cookie(request: Request, response: Response, session: Session, now: datetime) -> None:
    """Let the browser keep the session until it ends, whatever the browser's clock says."""
    response.set_cookie(
        _name(request),
        session.secret,
        max_age=int((session.expires_at - now).total_seconds()),
        secure=not _is_local(request),
        httponly=True,
        samesite="strict",
    )


def delete_cookie(request: Request, response: Response) -> None:
    """Let the browser forget the session."""
    response.delete_cookie(_name(request), secure=not _is_local(request), httponly=True, samesite="strict")


def session_of(request: Request, storage: Storage) -> Session | None:
    """Return the session of a request; None if it has none that is valid.

    Raises ProblemError (403) for a request that would change something and lacks the token, or is of another site.
    """
    secret = request.cookies.get(_name(request))
    if secret is None:
        return None
    with storage.warehouse.connect() as connection:
        session = find_session(connection, secret, storage.settings.clock.now)
    if session is not None and request.method not in _SAFE:
        refuse_other_sites(request)
        _expect_token(request, session)
    return session


def refuse_other_sites(request: Request) -> None:
    """Raise ProblemError (403) if a browser says that the page of another site sent this."""
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    host = request.headers.get("Host", "")
    own = site in _OWN_SITES if site else origin is None or origin.partition("://")[2] == host
    if not own:
        raise ProblemError(HTTPStatus.FORBIDDEN, "This was sent by a page of another site.")


def _expect_token(request: Request, session: Session) -> None:
    shown = request.headers.get(CSRF_HEADER, "")
    if not hmac.compare_digest(shown.encode(), session.csrf_token.encode()):
        raise ProblemError(
            HTTPStatus.FORBIDDEN,
            f"With a session this needs its token in the header {CSRF_HEADER}; `GET /v1/session` has it.",
        )


def _name(request: Request) -> str:
    return _LOCAL_NAME if _is_local(request) else SECURE_NAME


def _is_local(request: Request) -> bool:
    """Return True for plain http to this machine, over which not all browsers send secure cookies."""
    host = request.headers.get("Host", "")
    return request.scope["scheme"] == "http" and _LOCAL.fullmatch(host) is not None
