"""`/v1/runs`: the history of agent runs, and the texts of one."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import Field

from usage_pipeline.api.access import Data
from usage_pipeline.api.answers import AnswerModel
from usage_pipeline.api.ids import any_id
from usage_pipeline.api.parameters import Days, Filters, From, To
from usage_pipeline.api.problems import ProblemError
from usage_pipeline.api.run_answer import RunAnswer
from usage_pipeline.reports.runs.columns import RUN_TEXTS
from usage_pipeline.reports.runs.history import RunsQuery

router = APIRouter(tags=["runs"])

MOST = 100


class RunsAnswer(AnswerModel):
    """Runs, the newest first."""

    items: list[RunAnswer]  # type: ignore[valid-type]  # made from the columns
    cursor: str | None = Field(description="The cursor of the next page; null on the last.")


class RunTextsAnswer(AnswerModel):
    """The texts of a run; null where it has none, or none any more."""

    input: str | None
    output: str | None
    error: str | None


class OneRunAnswer(AnswerModel):
    """A run with its texts."""

    run: RunAnswer  # type: ignore[valid-type]  # made from the columns
    content: RunTextsAnswer | None = Field(description="Null for a key without the scope `content`.")


Take = Annotated[int, Query(ge=1, le=MOST, description="The most runs.")]
Cursor = Annotated[
    str | None,
    Query(description="The cursor of the page before; the first page without it."),
]
RunId = Annotated[str, Path(min_length=1, description="Its id, percent-encoded.")]


@router.get("/runs")
def runs(  # noqa: PLR0913, PLR0917 - one for each parameter
    data: Data,
    days: Days,
    among: Filters,
    first: From = None,
    end: To = None,
    take: Take = MOST,
    cursor: Cursor = None,
) -> RunsAnswer:
    """Return runs: each on the day on which it ended; one that has not, on the day on which it started."""
    query = RunsQuery(days.first, days.last, filters=among, named_days=(first, end))
    page = data.runs(query, take, cursor)
    return RunsAnswer(items=[RunAnswer.model_validate(run) for run in page.runs], cursor=page.cursor)


@router.get(f"/runs/{any_id('run_id')}")
def run(data: Data, days: Days, among: Filters, run_id: RunId) -> OneRunAnswer:
    """Return a run of these days; the newest that passes the filters, if several have the id.

    The texts take a key with the scope `content`.
    """
    found = data.run(days.first, days.last, among, run_id)
    if found is None:
        raise ProblemError(HTTPStatus.NOT_FOUND, f"No run from {days.first} to {days.last} has this id.")
    content = RunTextsAnswer(**{name: found[name] for name in RUN_TEXTS}) if data.may_read_content else None
    return OneRunAnswer(run=RunAnswer.model_validate(found), content=content)
