"""Commands with which people decide about files: what they print, and what counts afterwards."""

import json
from collections.abc import Callable

import pytest

from usage_pipeline.pipeline.refresh import PlainRunner, refresh
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.cli.lines import BAD, GOOD, remove_one, write_troubles
from usage_pipeline_tests.conftest import Prepare
from usage_pipeline_tests.series.reading import tokens
from usage_pipeline_tests.support import Landing, files

Call = Callable[..., str]
DAY = ("2026-05-01", "2026-05-01")


@pytest.fixture(autouse=True)
def gone(storage: Storage, landing: Landing, prepare: Prepare) -> None:
    """A good file, a quarantined one, one with a conflict that is gone since, and a void of nothing."""

    def land_and_remove() -> None:
        for step in (write_troubles, remove_one):
            step(landing)
            refresh(storage, PlainRunner(storage))

    prepare("gone", land_and_remove)


def test_release_says_what_counts_now_and_computes_the_days(call: Call, storage: Storage) -> None:
    printed = call("release", BAD, "--reason", "the rest is fine", "--by", "ann")
    assert printed == (
        f"{BAD} counts now: 90 lines.\nComputed 2 event days.\nAll days are current.\n"
        "1 line lost to an earlier line with the same id and other content.\n"
        "`usage-pipeline rejects` shows these lines.\n"
    )
    assert tokens(storage, *DAY) == [91 * 120]


def test_withdraw_says_what_counts_no_longer_computes_the_days_and_is_audited_with_details(
    call: Call, storage: Storage
) -> None:
    printed = call("withdraw", GOOD, "--reason", "wrong tenant", "--by", "ann")
    assert printed == f"{GOOD} counts no longer: 2 lines.\nComputed 2 event days.\nAll days are current.\n"
    assert tokens(storage, "2026-04-30", "2026-05-01") == [0, 27]
    assert json.loads(call("audit", "--file", GOOD, "--format", "json")) == [
        {
            "at": "2026-06-01T00:00:00+00:00",
            "by": "ann",
            "action": "withdrawn",
            "subject": GOOD,
            "reason": "wrong tenant",
            "details": {
                "content_digest": files(storage)["good.jsonl"].content_digest,
                "accepted": 2,
                "accepted_pruned": 0,
                "rejected": 0,
            },
        }
    ]
