"""The description of the API for programs: OpenAPI, from the routes and their answers."""

from typing import Any

from fastapi import FastAPI
from pydantic.json_schema import models_json_schema

from usage_pipeline.api.problems import Problem

TAGS = [
    {"name": "access", "description": "Who asks, and about whom."},
    {"name": "session", "description": "Sessions of browsers."},
    {"name": "usage", "description": "What was used: series, sums, records. Days are UTC, a missing one is null."},
    {"name": "costs", "description": "What usage costs, in US dollars."},
    {"name": "credits", "description": "What tenants were granted, and what is left."},
    {"name": "limits", "description": "How limits stand, and whether a request is allowed."},
    {"name": "insights", "description": "What is expected, and what changed. All of it is estimated."},
    {"name": "runs", "description": "The history of agent runs."},
    {"name": "alerts", "description": "Alerts on limits and data."},
    {"name": "reports", "description": "Report files."},
    {"name": "days", "description": "How far each day can be trusted."},
    {"name": "service", "description": "For those who keep the server running."},
]
_REFERENCE = "#/components/schemas/{model}"


class DescribedApp(FastAPI):
    """An app whose description has what its routes cannot say themselves.

    Problems have a schema, although no route returns them as its answer. Parameters are left out or given: none is
    null, which a query cannot say.
    """

    def openapi(self) -> dict[str, Any]:
        """Return the description."""
        described = super().openapi()
        _, problems = models_json_schema([(Problem, "serialization")], ref_template=_REFERENCE)
        described["components"]["schemas"].update(problems["$defs"])
        for path in described["paths"].values():
            for operation in path.values():
                for parameter in operation.get("parameters", []):
                    parameter["schema"] = _without_null(parameter["schema"])
        return described


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    kinds = [kind for kind in schema.get("anyOf", []) if kind != {"type": "null"}]
    if len(kinds) != 1:
        return schema
    return {**kinds[0], **{name: value for name, value in schema.items() if name != "anyOf"}}
