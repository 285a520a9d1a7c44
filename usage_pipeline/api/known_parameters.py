"""Refuses parameters that a route does not know: a misspelt filter would filter nothing, and nobody see it.

FastAPI passes over them.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Self

from fastapi import FastAPI, Request

from usage_pipeline.api.exchanges import route_of
from usage_pipeline.api.problems import FieldProblem, wrong_parts
from usage_pipeline.words import did_you_mean

_CONVERTER = re.compile(r":\w+(?=\})")
"""How a part of a path is read, `{run_id:path}`, which a description does not have."""


@dataclass(frozen=True)
class _Parameters:
    """What a route takes, by the description of the API."""

    single: frozenset[str]
    repeatable: frozenset[str]
    keyed: frozenset[str]
    """Those whose name has a key: `meta[region]`."""

    @classmethod
    def of(cls, operation: Mapping[str, Any]) -> Self:
        """Return what an operation of the description says."""
        found = [entry for entry in operation.get("parameters", ()) if entry["in"] == "query"]
        keyed = {entry["name"] for entry in found if entry.get("style") == "deepObject"}
        lists = {entry["name"] for entry in found if entry["schema"].get("type") == "array"}
        return cls(frozenset(entry["name"] for entry in found) - keyed - lists, frozenset(lists), frozenset(keyed))

    def problems(self, given: Counter[str]) -> Iterator[FieldProblem]:
        """Yield what is wrong with the names that are given, each so many times."""
        for name, times in given.items():
            if detail := self._problem(name, times):
                yield FieldProblem(field=f"query.{name}", detail=detail)

    def _problem(self, name: str, times: int) -> str | None:
        if name in self.single:
            return None if times == 1 else f"Expected one value, found {times}."
        if name in self.repeatable or any(re.fullmatch(rf"{of}\[.+\]", name, re.DOTALL) for of in self.keyed):
            return None
        known = sorted({*self.single, *self.repeatable, *(f"{of}[key]" for of in self.keyed)})
        meant = (
            did_you_mean(name, known) or f"expected one of {', '.join(known) or 'none: it takes no parameters'}."
        )
        return f"There is no such parameter; {meant}"


def expect_known_parameters(request: Request) -> None:
    """Raise ProblemError (422) for parameters that the route does not know, or takes once and gets twice."""
    if request.query_params:
        path = _CONVERTER.sub("", route_of(request.scope))
        known = _of_app(request.app)[path, request.method.replace("HEAD", "GET")]
        found = tuple(known.problems(Counter(name for name, _ in request.query_params.multi_items())))
        if found:
            raise wrong_parts(*found)


def _of_app(app: FastAPI) -> Mapping[tuple[str, str], _Parameters]:
    """Return the parameters by path and method. They are read once, from the description that clients have."""
    found: Mapping[tuple[str, str], _Parameters] | None = getattr(app.state, "parameters", None)
    if found is None:
        found = app.state.parameters = {
            (path, method.upper()): _Parameters.of(operation)
            for path, operations in app.openapi()["paths"].items()
            for method, operation in operations.items()
        }
    return found
