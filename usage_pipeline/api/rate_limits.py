"""How many requests are answered each minute. The counts are in memory, so a restart forgets them."""

import math
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Mapping
from enum import StrEnum
from http import HTTPStatus
from ipaddress import IPv4Address, IPv6Network, ip_address
from threading import Lock

from starlette.requests import Request

from usage_pipeline.api.exchanges import route_of
from usage_pipeline.api.media_types import stream_of
from usage_pipeline.api.problems import ProblemError
from usage_pipeline.settings import Settings
from usage_pipeline.words import count

_HEAVY_ROUTES = ("/v1/runs", "/v1/insights", "/v1/forecast", "/v1/reports", "/v1/usage/hours")
_SECONDS = 60
_HOME_PREFIX = 64
"""What a customer of a network gets of IPv6, and chooses addresses from at will."""


class Kind(StrEnum):
    """What is counted together."""

    REQUESTS = "requests"
    HEAVY = "heavy"
    LOGINS = "logins"


class RateLimits:
    """The limits of one app, each over the last 60 seconds. Threads may share it."""

    def __init__(self, settings: Settings, seconds_now: Callable[[], float] = time.monotonic) -> None:
        """Begin without any request."""
        self._seconds_now = seconds_now
        self._most = {
            Kind.REQUESTS: settings.api_requests_per_minute,
            Kind.HEAVY: settings.api_heavy_requests_per_minute,
            Kind.LOGINS: settings.api_logins_per_minute,
        }
        self._counted: OrderedDict[tuple[str, ...], deque[float]] = OrderedDict()
        """When requests were counted, by who sent them; who has sent none for longest is first."""
        self._counting = Lock()

    def take(self, kind: Kind, *who: str) -> Mapping[str, str]:
        """Count a request, and return the headers that say what is left: those of the draft of the IETF.

        Raises ProblemError (429) if nothing was left.
        """
        most, now = self._most[kind], self._seconds_now()
        with self._counting:
            counted = self._of_last_minute((kind, *who), now)
            if allowed := len(counted) < most:
                counted.append(now)
            left, seconds = most - len(counted), math.ceil(counted[0] + _SECONDS - now)
        headers = {
            "RateLimit-Policy": f'"{kind}";q={most};w={_SECONDS}',
            "RateLimit": f'"{kind}";r={left};t={seconds}',
        }
        if allowed:
            return headers
        raise ProblemError(
            HTTPStatus.TOO_MANY_REQUESTS,
            f"{most:,} of these are answered each minute. Ask again in {count(seconds, 'second')}.",
            headers={**headers, "Retry-After": str(seconds)},
        )

    def __len__(self) -> int:
        """Return of how many callers requests are remembered."""
        return len(self._counted)

    def _of_last_minute(self, who: tuple[str, ...], now: float) -> deque[float]:
        counted = self._counted.setdefault(who, deque())
        self._counted.move_to_end(who)
        while counted and counted[0] + _SECONDS <= now:
            counted.popleft()
        while (others := next(iter(self._counted.values()))) and others[-1] + _SECONDS <= now:
            self._counted.popitem(last=False)
        return counted


def limits_of(request: Request) -> RateLimits:
    """Return the limits of the app."""
    limits: RateLimits = request.app.state.limits
    return limits


def take_of_key(request: Request, key_id: str) -> Mapping[str, str]:
    """Count a request of a key for its route. Raises ProblemError (429)."""
    return limits_of(request).take(kind_of(request), key_id, route_of(request.scope))


def kind_of(request: Request) -> Kind:
    """Return what a request of a key counts as: by its route, and by what it asks of it."""
    route, asked = route_of(request.scope), request.query_params
    streams = stream_of(request.headers.get("Accept", ""), asked.get("format")) is not None
    # Hours, and days of other zones, are cut from the quarter hours of all days.
    by_interval = asked.get("interval") == "hour" or any(zone != "UTC" for zone in asked.getlist("timezone"))
    return Kind.HEAVY if streams or by_interval or route.startswith(_HEAVY_ROUTES) else Kind.REQUESTS


def take_of_address(request: Request) -> None:
    """Count an attempt to log in. Raises ProblemError (429)."""
    limits_of(request).take(Kind.LOGINS, _network(request.client.host if request.client else ""))


def _network(host: str) -> str:
    try:
        address = ip_address(host)
    except ValueError:
        return host  # a socket of this machine has no address
    if isinstance(address, IPv4Address):
        return host
    if address.ipv4_mapped:  # how a socket for both kinds names it: all of these are in one network
        return str(address.ipv4_mapped)
    return str(IPv6Network((address, _HOME_PREFIX), strict=False))
