"""How requests are sent: with the key, and again where the API says when."""

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import httpx

from usage_pipeline.client.asks import Ask

_AGAIN = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)
_LONGEST = 60.0
"""Seconds that are waited at most before a request is sent again."""
RETRIES = 3
TIMEOUT = 60.0
_KEY = re.compile(r"[A-Za-z0-9_-]+")


def options(url: str, key: str, timeout: float) -> dict[str, Any]:
    """Return what a client of httpx is made with. Raises ValueError for what cannot be a key."""
    headers = {"Authorization": f"Bearer {_checked(key)}", "Accept": "application/json"}
    return {"base_url": f"{url.rstrip('/')}/v1", "headers": headers, "timeout": timeout}


def _checked(key: str | None) -> str:
    """Return a key without the white space around it. No error names it: httpx would tell all of its header."""
    shown = (key or "").strip()  # a variable that is not set is None, and a file ends with a new line
    if _KEY.fullmatch(shown) is None:
        what = "holds characters that no key has" if shown else "is empty"
        raise ValueError(f"The API key {what}. Expected one of `usage-pipeline keys create`, such as up_….")
    return shown


def seconds_to_wait(response: httpx.Response, tries: int, retries: int) -> float | None:
    """Return how long to wait before a request is sent again; None if it is not."""
    if response.status_code not in _AGAIN or tries >= retries:
        return None
    stated = response.headers.get("Retry-After", "")
    return min(float(stated) if stated.isdecimal() else 2.0**tries, _LONGEST)


def parts_of(ask: Ask[Any]) -> Mapping[str, Any]:
    """Return a request as httpx takes it."""
    return {"method": ask.method, "url": ask.path, "params": dict(ask.params), "json": ask.json}
