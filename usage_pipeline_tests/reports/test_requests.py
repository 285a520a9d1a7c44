"""Requests for reports: each is answered, by files or by reasons, and what is wrong writes nothing."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
import yaml

from usage_pipeline.errors import QueryError
from usage_pipeline.reports.requests import Answers, answer_requests, pending_requests
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.reports.conftest import NOW, write_and_compute

_GOOD = "{tenant: acme, from: 2026-05-18, to: 2026-05-21, formats: [json]}"


@pytest.fixture(scope="module")
def requested(open_filled: Callable[..., Storage]) -> Storage:
    """A storage whose requests these tests write."""
    return open_filled(write_and_compute, now=NOW)


@pytest.fixture
def ask(requested: Storage) -> Callable[..., dict[str, Any]]:
    """Writes a request, lets it be answered, and returns the answer."""
    folder = requested.settings.data_dir / "report_requests"
    folder.mkdir(exist_ok=True)

    def asked(text: str, name: str = "one.yaml") -> dict[str, Any]:
        (folder / name).write_text(text)
        answer_requests(requested)
        answer: dict[str, Any] = yaml.safe_load((folder / f"{name}.answer.yaml").read_text())
        return answer

    for path in folder.iterdir():
        path.unlink()
    return asked


def _reports(storage: Storage) -> set[Path]:
    return {path for path in (storage.settings.data_dir / "reports").rglob("*") if path.is_file()}


def test_an_answer_names_the_files(requested: Storage, ask: Callable[..., dict[str, Any]]) -> None:
    answer = ask(_GOOD)
    assert (answer["status"], answer["version"]) == ("done", "1, provisional")
    assert answer["files"] == [
        "reports/acme/2026-05-18_2026-05-21/report.json",
        "reports/acme/2026-05-18_2026-05-21/manifest.json",
    ]
    assert all((requested.settings.data_dir / file).is_file() for file in answer["files"])


def test_a_request_is_answered_once(requested: Storage, ask: Callable[..., dict[str, Any]]) -> None:
    ask(_GOOD)
    assert pending_requests(requested.settings) == []
    assert answer_requests(requested) == Answers()


def test_a_request_that_changes_is_answered_again(ask: Callable[..., dict[str, Any]]) -> None:
    assert ask(_GOOD.replace("acme", "acne"))["status"] == "refused"
    assert ask(_GOOD)["status"] == "done"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{tenant: acme", "not valid YAML"),
        ("- acme", "expected entries by name"),
        ("", "one.yaml: from: it is missing."),
        (_GOOD.replace("to:", "until:"), "one.yaml: until: there is no such key."),
        (_GOOD.replace("acme", "12"), "one.yaml: tenant: expected a text, found 12."),
        (_GOOD.replace("2026-05-21", "soon"), "one.yaml: to: expected a day, YYYY-MM-DD, found 'soon'."),
        (_GOOD.replace("acme", "acne"), "There is no tenant 'acne'"),
        (_GOOD.replace("acme", "../acme"), "There is no tenant '../acme'"),
        (_GOOD.replace("2026-05-21", "2026-05-23"), "the last day has not begun; today is 2026-05-22 (UTC)."),
        (_GOOD.replace("2026-05-18", "2016-05-18"), "a report has at most 1,100 days"),
        (_GOOD.replace("2026-05-18", "2026-05-22"), "the first day is after the last"),
        (_GOOD.replace("json", "../json"), "There is no format '../json'"),
        (_GOOD.replace("[json]", "[]"), "No format is named"),
        (_GOOD.replace("formats:", "filters: {colour: [red]}, formats:"), "There is no dimension 'colour'"),
        (_GOOD.replace("formats:", "filters: {project: [rot]}, formats:"), "No usage has the project 'rot'"),
        (_GOOD.replace("formats:", "out: ../../elsewhere, formats:"), "one.yaml: out: there is no such key."),
        (
            "{tenant: &a [x, x], from: [*a, *a], to: 2026-05-21}",
            "expected no aliases (*name)",
        ),
        ("#" * 70_000, "it has more than 65,536 bytes"),
    ],
)
def test_what_is_wrong_is_refused_and_writes_nothing(
    requested: Storage, ask: Callable[..., dict[str, Any]], text: str, reason: str
) -> None:
    before = _reports(requested)
    answer = ask(text)
    assert answer["status"] == "refused"
    assert any(reason in line for line in answer["reasons"]), answer["reasons"]
    assert _reports(requested) == before


def test_a_link_is_refused(requested: Storage, ask: Callable[..., dict[str, Any]], tmp_path: Path) -> None:
    (tmp_path / "elsewhere.yaml").write_text(_GOOD)
    (requested.settings.data_dir / "report_requests" / "link.yaml").symlink_to(tmp_path / "elsewhere.yaml")
    ask(_GOOD)
    answer = requested.settings.data_dir / "report_requests" / "link.yaml.answer.yaml"
    assert "expected a file, found a link or a folder" in answer.read_text()


def test_hidden_files_are_no_requests(requested: Storage, ask: Callable[..., dict[str, Any]]) -> None:
    ask(_GOOD)
    folder = requested.settings.data_dir / "report_requests"
    (folder / ".#one.yaml").symlink_to("ann@desk.4711:1796000000")
    (folder / ".two.yaml").write_text(_GOOD)
    assert pending_requests(requested.settings) == []


def test_one_that_cannot_be_read_is_refused_alone_and_answered_once_it_can(
    requested: Storage, ask: Callable[..., dict[str, Any]], as_anyone: Callable[[], AbstractContextManager[None]]
) -> None:
    folder = requested.settings.data_dir / "report_requests"
    ask(_GOOD)
    (folder / "closed.yaml").write_text(_GOOD)
    (folder / "closed.yaml").chmod(0)
    (folder / "open.yaml").write_text("{tenant: acme")  # refused without the database, which lets not anyone in
    with as_anyone():
        assert answer_requests(requested) == Answers(refused=2)
        assert pending_requests(requested.settings) == []
    assert yaml.safe_load((folder / "closed.yaml.answer.yaml").read_text())["reasons"] == [
        "closed.yaml: it cannot be read: Permission denied. Let the user that Dagster runs as read it."
    ]
    (folder / "closed.yaml").chmod(0o644)
    assert answer_requests(requested) == Answers(done=1)


def test_a_folder_and_a_link_that_leads_nowhere_hold_up_no_other(
    requested: Storage, ask: Callable[..., dict[str, Any]]
) -> None:
    folder = requested.settings.data_dir / "report_requests"
    (folder / "a.yaml").mkdir()
    (folder / "b.yaml").symlink_to("gone.yaml")
    assert ask(_GOOD)["status"] == "done"
    (folder / "a.yaml").rmdir()
    for name in ("a", "b"):
        reasons = yaml.safe_load((folder / f"{name}.yaml.answer.yaml").read_text())["reasons"]
        assert reasons == [f"{name}.yaml: expected a file, found a link or a folder."]


def test_an_answer_that_cannot_be_written_holds_up_no_other(
    requested: Storage, ask: Callable[..., dict[str, Any]]
) -> None:
    folder = requested.settings.data_dir / "report_requests"
    (folder / "a.yaml").write_text(_GOOD)
    (folder / "a.yaml.answer.yaml").mkdir()
    with pytest.raises(QueryError, match=r"^a\.yaml\.answer\.yaml: expected room for an answer, found a folder"):
        ask(_GOOD)
    (folder / "a.yaml.answer.yaml").rmdir()
    assert yaml.safe_load((folder / "one.yaml.answer.yaml").read_text())["status"] == "done"


def test_one_that_is_wrong_holds_up_no_other(ask: Callable[..., dict[str, Any]]) -> None:
    ask("{tenant: acme", "a.yaml")
    assert ask(_GOOD, "b.yaml")["status"] == "done"
