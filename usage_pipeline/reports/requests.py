"""Requests for reports: files in `report_requests` that others write, each with an answer beside it.

A request is answered once, and again when its content changes.
"""

import hashlib
import os
import stat
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field

from usage_pipeline.errors import QueryError, UsagePipelineError
from usage_pipeline.reports.asking import expect_known
from usage_pipeline.reports.batch import Batch
from usage_pipeline.reports.folders import REQUESTS
from usage_pipeline.reports.formats.registry import report_formats
from usage_pipeline.reports.scope import ReportScope, report_filters, report_period
from usage_pipeline.reports.writing import Written, write_reports
from usage_pipeline.settings import Settings
from usage_pipeline.storage.digests import fingerprint
from usage_pipeline.storage.lake import Lake
from usage_pipeline.storage.opened import Storage
from usage_pipeline.yaml_file import parse_entry, read_yaml, yaml_files

_ANSWER = ".answer.yaml"
_LARGEST = 64 * 1024
"""Bytes of a request."""


class _Request(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    tenant: str | None = Field(None, min_length=1)
    """All tenants together without it."""
    from_: date = Field(alias="from")
    to: date
    formats: tuple[str, ...] = ("pdf",)
    filters: Mapping[str, tuple[str, ...]] = Field(default_factory=dict)


@dataclass(frozen=True)
class PendingRequest:
    """A request without an answer to its present content."""

    path: Path
    digest: str

    @property
    def answer(self) -> Path:
        """The file with the answer."""
        return self.path.with_name(f"{self.path.name}{_ANSWER}")

    @property
    def answered_at(self) -> int:
        """When its earlier content was answered, in ns; 0 if it was not. Answers may read the same."""
        try:
            return self.answer.lstat().st_mtime_ns
        except OSError:
            return 0


@dataclass(frozen=True)
class Answers:
    """What became of requests."""

    done: int = 0
    refused: int = 0


def pending_requests(settings: Settings) -> list[PendingRequest]:
    """Return the requests that are to be answered, by name."""
    found = (path for path in yaml_files(settings.data_dir / REQUESTS) if not path.name.endswith(_ANSWER))
    requests = (PendingRequest(path, digest) for path in found if (digest := _digest(path)) is not None)
    return [request for request in requests if not _is_answered(request)]


def requests_digest(requests: list[PendingRequest]) -> str:
    """Return what these requests are known by together: another digest each time they are edited or answered."""
    return fingerprint(
        part for request in requests for part in (request.path.name, request.digest, request.answered_at)
    )


def answer_requests(storage: Storage) -> Answers:
    """Write the files of all pending requests, and an answer beside each: its files, or why there are none.

    An error that is no fault of a request is raised after the others are answered; it has no answer yet.
    """
    statuses: Counter[str] = Counter()
    failures: list[Exception] = []
    for request in pending_requests(storage.settings):
        if not os.path.lexists(request.path):
            continue  # it was taken back meanwhile
        try:
            answer = _answer(storage, request)
            _write_answer(storage, request, answer)
        except (UsagePipelineError, OSError) as error:
            failures.append(error)
        else:
            statuses[answer["status"]] += 1
    if failures:
        raise failures[0]
    return Answers(statuses["done"], statuses["refused"])


def _answer(storage: Storage, request: PendingRequest) -> dict[str, Any]:
    try:
        written = _fulfil(storage, request)
    except QueryError as error:
        return {"status": "refused", "reasons": str(error).splitlines()}
    return {
        "status": "done",
        "version": written.edition.in_words,
        "files": [str(written.folder / name) for name in written.files],
        "notes": list(written.report.notes),
    }


def _write_answer(storage: Storage, request: PendingRequest, answer: Mapping[str, Any]) -> None:
    if request.answer.is_dir() and not request.answer.is_symlink():
        raise QueryError(f"{request.answer.name}: expected room for an answer, found a folder; remove it.")
    text = yaml.safe_dump({**answer, "request_sha256": request.digest}, sort_keys=False, allow_unicode=True)
    Lake(storage.settings.data_dir).replace(request.answer, partial(_write_text, text))


def _write_text(text: str, path: Path) -> None:
    path.write_text(text, encoding="utf-8")


def _fulfil(storage: Storage, request: PendingRequest) -> Written:
    asked = _read(request.path)
    formats = report_formats(asked.formats)
    period = report_period(asked.from_, asked.to, storage.settings.clock)
    scope = ReportScope(period, asked.tenant, report_filters(asked.filters))
    expect_known(storage, scope)
    tenants = () if asked.tenant is None else (asked.tenant,)
    (written,) = write_reports(Batch(storage, period, scope.filters, tenants), formats)
    return written


def _read(path: Path) -> _Request:
    try:
        return _parsed(path)
    except OSError as problem:
        raise QueryError(
            f"{path.name}: it cannot be read: {problem.strerror}. Let the user that Dagster runs as read it."
        ) from None


def _parsed(path: Path) -> _Request:
    if path.is_symlink() or not path.is_file():
        raise QueryError(f"{path.name}: expected a file, found a link or a folder.")
    if path.stat().st_size > _LARGEST:
        raise QueryError(f"{path.name}: it has more than {_LARGEST:,} bytes; a request has a few lines.")
    if _has_aliases(path):
        raise QueryError(f"{path.name}: expected no aliases (*name): written out they may be endless.")
    return parse_entry(_Request, read_yaml(path, QueryError), path.name, QueryError)


def _has_aliases(path: Path) -> bool:
    try:
        return any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(path.read_bytes(), yaml.CSafeLoader))
    except yaml.YAMLError:
        return False  # reading it says what is wrong


def _is_answered(request: PendingRequest) -> bool:
    try:
        answer = yaml.safe_load(request.answer.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError):
        return False
    return isinstance(answer, dict) and answer.get("request_sha256") == request.digest


def _digest(path: Path) -> str | None:
    """Return the digest of the content; of what is no file, too large or closed to us, that of what it is.

    None if it is gone.
    """
    try:
        found = path.lstat()
        if not stat.S_ISREG(found.st_mode):
            return "no file"
        size = found.st_size
        return f"{size} bytes" if size > _LARGEST else hashlib.sha256(path.read_bytes()).hexdigest()
    except FileNotFoundError:
        return None
    except OSError as problem:
        return f"not readable: {problem.strerror}"
