"""What becomes of reports when a tenant is erased: those that may name it go, those of others stay."""

from datetime import date

import pytest
from sqlalchemy import text

from usage_pipeline.errors import ErasureError
from usage_pipeline.reports.batch import Batch
from usage_pipeline.reports.scope import ReportPeriod
from usage_pipeline.reports.writing import write_reports
from usage_pipeline.retention.erasure.erasing import plan
from usage_pipeline.retention.erasure.subject import Subject
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.retention.erased import ACME, ALL, AddReference, erase_acme

_MAY = ReportPeriod(date(2026, 5, 1), date(2026, 5, 31))


@pytest.mark.parametrize("subject", [ACME, Subject("acme", "ann-17")])
def test_who_has_a_subscription_is_refused(
    storage: Storage, add_reference: AddReference, subject: Subject
) -> None:
    add_reference(
        "report_subscriptions",
        "- {id: m, tenant: acme, cadence: daily, recipients: [a@b.example], filters: {member_id: [ann-17]}}",
    )
    obstacle = f"report_subscriptions.yaml still has reports of {subject.name}. Remove them there, then erase it."
    assert plan(storage, ALL, subject).obstacle == obstacle
    with pytest.raises(ErasureError, match="still has reports of acme"):
        erase_acme(storage)


def test_reports_and_requests_that_may_name_it_are_removed(mixed: Storage) -> None:
    data = mixed.settings.data_dir
    for tenants in (("acme", "globex"), ()):
        list(write_reports(Batch(mixed, _MAY, (), tenants), ("json",)))
    requests = data / "report_requests"
    requests.mkdir()
    for name in ("acme", "globex"):
        (requests / f"{name}.yaml").write_text(f"tenant: {name}")
    erase_acme(mixed)
    left = sorted(
        str(path.relative_to(data))
        for folder in ("reports", "report_requests")
        for path in (data / folder).rglob("*.*")
    )
    assert left == [
        "report_requests/globex.yaml",
        "reports/globex/2026-05/manifest.json",
        "reports/globex/2026-05/report.json",
    ]
    with mixed.warehouse.connect() as connection:
        known = connection.execute(text("SELECT tenant_id FROM usage.reports ORDER BY tenant_id")).scalars().all()
    assert known == ["", "globex"]
    (again,) = write_reports(Batch(mixed, _MAY), ("json",))
    assert again.edition.version == 2
