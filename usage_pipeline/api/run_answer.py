"""What the API says of a run: the columns of the run history, each with its meaning."""

import json
from datetime import date, datetime
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, create_model

from usage_pipeline.api.answers import AnswerModel, Exact
from usage_pipeline.reports.runs.columns import RUN_COLUMNS
from usage_pipeline.storage.tables import Column

_KNOWN = ("day", "tenant_id", "source", "type", "run_id")
"""What every run has."""
_TYPES: dict[str, Any] = {"VARCHAR": str, "BIGINT": int, "DATE": date, "TIMESTAMP": datetime}
_META: Any = Annotated[dict[str, Any] | None, BeforeValidator(lambda text: text and json.loads(text))]


def _field(column: Column) -> Any:  # noqa: ANN401 - a field as `create_model` takes it
    if column.name == "meta":
        return _META, Field(description="Fields that no other one takes; never texts.")
    kind = Exact if column.type.startswith("DECIMAL") else _TYPES[column.type]
    return (kind if column.name in _KNOWN else kind | None), Field(description=column.meaning)


RunAnswer = create_model(
    "RunAnswer",
    __base__=AnswerModel,
    __doc__="A run: its start and its end are one.",
    **{column.name: _field(column) for column in RUN_COLUMNS},
)
