"""`/v1/reports`: the reports that were written, and their files."""

import os
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from http import HTTPStatus
from pathlib import PurePath
from typing import Annotated, BinaryIO
from urllib.parse import quote

from fastapi import APIRouter, Path, Query, Response
from fastapi.responses import StreamingResponse
from pydantic import Field

from usage_pipeline.api.access import Data
from usage_pipeline.api.answers import AnswerModel
from usage_pipeline.api.problems import ProblemError
from usage_pipeline.reports.finding import WrittenReport

router = APIRouter(tags=["reports"])

MOST = 1_000
_BLOCK = 1 << 18
_MEDIA_TYPES = {
    ".pdf": "application/pdf",
    ".html": "text/html; charset=utf-8",
    ".json": "application/json",
    ".jsonl": "application/jsonl",
    ".csv": "text/csv; charset=utf-8",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".parquet": "application/vnd.apache.parquet",
}
_ANY = "application/octet-stream"


class ReportFileAnswer(AnswerModel):
    """A file of a report."""

    name: str
    bytes: int
    sha256: str
    href: str = Field(description="Where it is downloaded from, on this server.")


class ReportAnswer(AnswerModel):
    """A report that was written."""

    name: str = Field(description="Its period, with a digest of its filters if it has some.")
    tenant: str | None = Field(description="Tenant; null for all together.")
    first: date = Field(serialization_alias="from", description="First day, UTC.")
    end: date = Field(serialization_alias="to", description="The day after the last one, UTC.")
    filters: dict[str, list[str]]
    version: int = Field(description="1 for the first; each change of what it says is one more.")
    is_final: bool = Field(description="Whether all its days were final when it was written.")
    corrected: bool = Field(description="Whether what an earlier, final version said has changed.")
    written_at: datetime
    files: list[ReportFileAnswer] = Field(description="None for the moment in which they are written again.")


class ReportsAnswer(AnswerModel):
    """Reports, those of the newest periods first."""

    items: list[ReportAnswer]


Take = Annotated[int, Query(ge=1, le=MOST, description="The most reports.")]
Name = Annotated[str, Path(description="The name of the report.", examples=["2026-02"])]
File = Annotated[str, Path(description="The name of the file, or `manifest.json`.", examples=["report.pdf"])]


@router.get("/reports")
def reports(data: Data, take: Take = 100) -> ReportsAnswer:
    """Return the reports of the tenant; for all tenants those of each, and of all together."""
    return ReportsAnswer(items=[_answer(report) for report in data.reports(take)])


@router.get(
    "/reports/{name}/{file}",
    response_class=Response,
    responses={
        HTTPStatus.OK.value: {"content": {_ANY: {"schema": {"type": "string", "format": "binary"}}}},
    },
)
def report_file(data: Data, name: Name, file: File) -> StreamingResponse:
    """Return a file of a report of the tenant; without one, of the report on all tenants together."""
    found = data.open_report_file(name, file)
    if found is None:
        raise ProblemError(
            HTTPStatus.NOT_FOUND, "There is no such file. `/v1/reports` lists those that there are."
        )
    headers = {
        "Content-Length": str(os.fstat(found.fileno()).st_size),
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(file, safe='')}",
    }
    return StreamingResponse(
        _blocks(found), media_type=_MEDIA_TYPES.get(PurePath(file).suffix, _ANY), headers=headers
    )


def _blocks(file: BinaryIO) -> Iterator[bytes]:
    with file:
        while block := file.read(_BLOCK):
            yield block


def _answer(report: WrittenReport) -> ReportAnswer:
    whose = "" if report.tenant_id is None else f"?tenant={quote(report.tenant_id, safe='')}"
    return ReportAnswer(
        name=report.name,
        tenant=report.tenant_id,
        first=report.first_day,
        end=report.last_day + timedelta(days=1),
        filters=dict(report.filters),
        version=report.version,
        is_final=report.is_final,
        corrected=report.corrected,
        written_at=report.written_at,
        files=[
            ReportFileAnswer(**vars(file), href=f"/v1/reports/{report.name}/{quote(file.name)}{whose}")
            for file in report.files
        ],
    )
