"""The sensor `arrivals` requests the landing days concerned: once, and when their files are at rest."""

import pytest

from usage_pipeline_tests.orchestration.automation.conftest import Automation
from usage_pipeline_tests.support import Landing, prompt


@pytest.fixture
def file(landing: Landing) -> None:
    landing.write("persona", "2026-05-02", [prompt("e1", "2026-05-01T08:00:00Z")])


@pytest.mark.usefixtures("file")
def test_a_new_file_is_requested_when_it_was_the_same_at_two_looks(automation: Automation) -> None:
    assert automation.tick("arrivals") == []
    (request,) = automation.tick("arrivals")
    assert (request.job_name, request.partition_key) == ("landing_days", "2026-05-02")


@pytest.mark.usefixtures("file")
def test_what_was_requested_is_landed(automation: Automation) -> None:
    automation.tick("arrivals")
    (request,) = automation.tick("arrivals")
    assert automation.execute(request).success
    assert automation.tick("arrivals") == []
    assert automation.skipped == "Nothing new"
    (request,) = automation.tick("affected_days")
    assert automation.execute(request).success
    assert automation.tick("affected_days") == []
