import hashlib
from datetime import date

import pytest
from fastapi.testclient import TestClient

from usage_pipeline.reports.batch import Batch
from usage_pipeline.reports.scope import ReportPeriod
from usage_pipeline.reports.writing import write_reports
from usage_pipeline.storage.opened import Storage

DAYS = ReportPeriod(date(2026, 5, 18), date(2026, 5, 19))


@pytest.fixture(scope="module", autouse=True)
def _reports(served: Storage) -> None:
    list(write_reports(Batch(served, DAYS, (), ("acme", "globex")), ("json", "csv")))
    list(write_reports(Batch(served, DAYS), ("json",)))
    list(
        write_reports(
            Batch(served, ReportPeriod(DAYS.first, DAYS.first), (("model", ("x",)),), ("acme",)), ("csv",)
        )
    )


def test_reports_of_the_tenant_come_with_their_files(acme: TestClient) -> None:
    report, filtered = acme.get("/v1/reports").json()["items"]
    files = {file["name"]: file for file in report.pop("files")}
    assert report == {
        "name": "2026-05-18_2026-05-19",
        "tenant": "acme",
        "from": "2026-05-18",
        "to": "2026-05-20",
        "filters": {},
        "version": 1,
        "is_final": False,
        "corrected": False,
        "written_at": "2026-05-22T12:00:00Z",
    }
    assert (filtered["filters"], filtered["name"][:11]) == ({"model": ["x"]}, "2026-05-18_")
    downloaded = acme.get(files["report.json"]["href"], headers={"Accept-Encoding": "identity"})
    assert hashlib.sha256(downloaded.content).hexdigest() == files["report.json"]["sha256"]
    assert int(downloaded.headers["Content-Length"]) == files["report.json"]["bytes"]
    assert downloaded.headers["Content-Type"] == "application/json"
    assert downloaded.headers["Content-Disposition"] == "attachment; filename*=UTF-8''report.json"
    assert downloaded.json()["scope"]["tenant_id"] == "acme"
    assert acme.get("/v1/reports/2026-05-18_2026-05-19/manifest.json").json()["tenant_id"] == "acme"


def test_the_platform_finds_those_of_each_tenant_and_of_all_together(platform: TestClient) -> None:
    items = platform.get("/v1/reports", params={"take": 3}).json()["items"]
    assert [item["tenant"] for item in items] == [None, "acme", "globex"]
    for item in items:
        (href,) = [file["href"] for file in item["files"] if file["name"] == "report.json"]
        assert platform.get(href).json()["scope"]["tenant_id"] == item["tenant"]


@pytest.mark.parametrize(
    "path",
    [
        "2026-05-18_2026-05-19/none.csv",
        "2026-05/report.json",
        "2026-05-18_2026-05-19/..%2F..%2Fglobex%2F2026-05-18_2026-05-19%2Freport.json",
        "..%2Fglobex%2F2026-05-18_2026-05-19/report.json",
    ],
)
def test_nothing_else_is_found(acme: TestClient, path: str) -> None:
    assert acme.get(f"/v1/reports/{path}").status_code == 404
