"""Report files: where they are, what the manifest says of them, and what becomes of them when numbers change."""

import hashlib
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from usage_pipeline.errors import QueryError
from usage_pipeline.reports.batch import Batch
from usage_pipeline.reports.folders import report_folder
from usage_pipeline.reports.scope import ReportPeriod, ReportScope
from usage_pipeline.reports.writing import Written, expect_free, write_files, write_reports
from usage_pipeline.settings import Settings
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.conftest import FillOnce
from usage_pipeline_tests.reports.conftest import DAYS, GROUPS, NOW, report_of, write_and_compute
from usage_pipeline_tests.support import Landing, land_and_compute, prompt

_MAY = ReportPeriod(date(2026, 5, 1), date(2026, 5, 31))
_ACME = Path("reports/acme/2026-05-18_2026-05-21")


def _write(storage: Storage, *formats: str, tenant_id: str = "acme", period: ReportPeriod = DAYS) -> Written:
    (written,) = write_reports(Batch(storage, period, (), (tenant_id,)), formats or ("json",))
    return written


def _manifest(storage: Storage) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((storage.settings.data_dir / _ACME / "manifest.json").read_bytes())
    return found


def test_a_report_is_in_the_folder_of_its_tenant_and_period(used: Storage) -> None:
    written = _write(used)
    assert (written.folder, tuple(written.files)) == (_ACME, ("report.json", "manifest.json"))
    assert sorted(path.name for path in (used.settings.data_dir / _ACME).iterdir()) == sorted(written.files)


def test_the_manifest_has_digests_totals_and_versions(used: Storage) -> None:
    written = _write(used)
    content = (used.settings.data_dir / _ACME / "report.json").read_bytes()
    found = _manifest(used)
    assert found["files"] == {
        "report.json": {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    }
    assert (found["totals"]["tokens_total"], found["totals"]["cost"]) == (265, "255.000000000000")
    assert found["rows"]["by_model"] == 3
    assert found["data_version"] == written.report.data_version


def test_the_same_report_has_the_same_bytes(used: Storage) -> None:
    def content() -> dict[str, bytes]:
        folder = used.settings.data_dir / _write(used).folder
        return {path.name: path.read_bytes() for path in folder.iterdir()}

    assert content() == content()


@pytest.mark.parametrize(
    ("tenant_id", "folder"),
    [
        ("acme", "acme"),
        ("..", "%2E."),
        (".", "%2E"),
        ("../globex", "%2E.%2Fglobex"),
        ("/etc", "%2Fetc"),
        ("@all", "%40all"),
        ("a b", "a%20b"),
        ("日", "%E6%97%A5"),
        (None, "@all"),
    ],
)
def test_no_id_leads_to_another_folder(tenant_id: str | None, folder: str) -> None:
    assert str(report_folder(ReportScope(_MAY, tenant_id))) == f"reports/{folder}/2026-05"


def test_long_ids_that_differ_at_their_end_have_folders_of_their_own() -> None:
    folders = {report_folder(ReportScope(_MAY, f"{'x' * 500}{end}")) for end in "ab"}
    assert len(folders) == 2
    assert max(len(part) for folder in folders for part in folder.parts) <= 255


def test_filtered_reports_have_folders_of_their_own() -> None:
    filters = [(), (("project", ("a", "b")),), (("project", ("a",)), ("feature", ("b",)))]
    assert len({report_folder(ReportScope(_MAY, "acme", of)) for of in filters}) == 3


def test_another_folder_keeps_its_other_files(used: Storage, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    write_files(used, report_of(used), ("json",), tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["manifest.json", "notes.txt", "report.json"]


def test_a_folder_that_somebody_names_holds_nothing_else(used: Storage, tmp_path: Path) -> None:
    scope, settings = report_of(used).scope, used.settings
    expect_free(settings, tmp_path / "new", scope)
    write_files(used, report_of(used), ("json",), tmp_path)
    expect_free(settings, tmp_path, scope)
    for folder, other in ((tmp_path, replace(scope, tenant_id="globex")), (settings.data_dir / "reports", scope)):
        with pytest.raises(QueryError, match="name another folder"):
            expect_free(settings, folder, other)


class KilledError(Exception):
    """Stands for the end of a process."""


def test_a_folder_in_which_writing_was_killed_is_written_again(
    used: Storage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    report, replaced = report_of(used), Path.replace

    def killed(file: Path, target: Path) -> Path:
        if file.name != "report.json":
            shutil.copytree(file.parent, tmp_path / ".killed.part")  # a process that is killed leaves it
            raise KilledError
        return replaced(file, target)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", killed)
        with pytest.raises(KilledError):
            write_files(used, report, ("json", "csv"), tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [".killed.part", "report.json"]
    with pytest.raises(QueryError, match="holds another report"):
        expect_free(used.settings, tmp_path, replace(report.scope, tenant_id="globex"))
    expect_free(used.settings, tmp_path, report.scope)
    files = write_files(used, report, ("json", "csv"), tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(files)


@pytest.fixture
def writable(storage: Storage, fill_once: FillOnce) -> Storage:
    """A storage of its own with the same usage, on 25 May, when the days up to the 21st are final."""
    fill_once(storage, write_and_compute)
    return storage


@pytest.fixture
def settings(new_settings: Callable[..., Settings]) -> Settings:
    return new_settings(now=NOW.replace(day=25))


def test_a_report_whose_final_numbers_change_is_corrected(writable: Storage) -> None:
    first, again = _write(writable).edition, _write(writable).edition
    Landing(writable.settings.landing).write("persona", "2026-05-24", [prompt("late", "2026-05-20T09:00:00Z")])
    land_and_compute(writable, *GROUPS)
    changed = _write(writable)
    assert [edition.in_words for edition in (first, again, changed.edition)] == [
        "1, final",
        "1, final",
        "2, final, corrected",
    ]
    assert ("Version", "2, final, corrected") in changed.report.facts


def test_a_provisional_report_that_changes_is_no_correction(writable: Storage) -> None:
    earlier = replace(writable, settings=writable.settings.model_copy(update={"now": NOW}))
    assert _write(earlier).edition.in_words == "1, provisional"
    Landing(writable.settings.landing).write("persona", "2026-05-24", [prompt("late", "2026-05-20T09:00:00Z")])
    land_and_compute(writable, *GROUPS)
    assert _write(writable).edition.in_words == "2, final"
