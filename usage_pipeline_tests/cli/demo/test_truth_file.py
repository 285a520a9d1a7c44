"""What is read from a truth file."""

import json
from collections import Counter
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from usage_pipeline.cli.demo.truth import Planted, read_truth
from usage_pipeline.errors import UsagePipelineError
from usage_pipeline.pipeline.totals import BALANCES, Counts, Totals
from usage_pipeline.simulation.batch import MEASURES
from usage_pipeline.simulation.costs import COSTS
from usage_pipeline.simulation.credits import CREDITS
from usage_pipeline.simulation.settings import Simulation

DAY, FILE = "2026-05-30", "persona/2026-05-30/events.jsonl"
CHARGED = (*COSTS, *CREDITS)
NOTHING = dict.fromkeys([*MEASURES, *CHARGED, "delayed", "late", "duplicates", "conflicts"], 0)
NO_TOKENS = dict.fromkeys([*(name for name in MEASURES if name.startswith("tokens_")), *CHARGED], 0)
GRANT = {"id": "topup-1", "tenant": "a", "kind": "topup", "amount": "500", "reason": "more usage"}
MIDNIGHT = "2026-05-31T00:00:00Z"
NO_CREDITS = dict.fromkeys(BALANCES, 0)
PLANTED = {"kind": "spike", "tenant": "a", "first_day": DAY, "last_day": DAY, "factor": 5.0}

CONTENT: dict[str, Any] = {
    "simulation": {"days": 1, "tenants": 3, "events_per_day": 2, "seed": 7, "last_day": DAY},
    "tenants": {"a": {"plan": "pro", "zone": "Europe/Berlin"}, "b": {"plan": "free", "zone": "UTC"}},
    "planted": [PLANTED],
    "totals": {**NOTHING, "records": 5, "tokens_total": 40, "duplicates": 3},
    "models": {"m1": {**NO_TOKENS, "tokens_in": 30, "unpriced_tokens": 2, "picocredits": 6}},
    "days": {
        DAY: {
            "a": {
                **NOTHING,
                "records": 3,
                "tokens_total": 40,
                "picodollars": 7,
                "picocredits": 10**19,
                "unrated_operations": 1,
                "late": 1,
                "duplicates": 1,
                "delayed": 2,
            },
            "b": {**NOTHING, "records": 2, "messages": 4, "conversations": 1, "duplicates": 2, "conflicts": 1},
        }
    },
    "credits": {
        "at": MIDNIGHT,
        "grants": [{**GRANT, "effective_at": "2026-05-30T00:00:00Z"}],
        "balances": {"a": {**NO_CREDITS, "topped_up": 500, "used": 10**19, "balance": 500 - 10**19}},
    },
    "files": {
        FILE: {"lines": 12, "header": 0, "blank": 1, "accepted": 8, "rejected": {"not_utf8": 1, "missing_type": 2}}
    },
}


def written(folder: Path, content: object) -> Path:
    (folder / "truth.json").write_text(json.dumps(content), encoding="utf-8")
    return folder


def test_all_totals_are_read(tmp_path: Path) -> None:
    truth = read_truth(written(tmp_path, CONTENT))
    found = Totals(**{kind: _without_zeros(counts) for kind, counts in vars(truth.totals).items()})
    assert found == Totals(
        usage=Counter(
            {
                (DAY, "a", "records"): 3,
                (DAY, "a", "tokens_total"): 40,
                (DAY, "a", "picodollars"): 7,
                (DAY, "a", "picocredits"): 10**19,
                (DAY, "a", "unrated_operations"): 1,
                (DAY, "b", "records"): 2,
                (DAY, "b", "messages"): 4,
                (DAY, "b", "conversations"): 1,
            }
        ),
        overall=Counter({("records",): 5, ("tokens_total",): 40}),
        models=Counter({("m1", "tokens_in"): 30, ("m1", "unpriced_tokens"): 2, ("m1", "picocredits"): 6}),
        series=Counter(
            {(DAY, "a", "tokens"): 40, (DAY, "b", "messages"): 4, (DAY, "b", "conversations"): 1},
        ),
        days=Counter(
            {(DAY, "records"): 5, (DAY, "duplicates"): 3, (DAY, "conflicts"): 1, (DAY, "late_records"): 1}
        ),
        files=Counter({(FILE, "lines"): 12, (FILE, "blank"): 1, (FILE, "accepted"): 8, (FILE, "rejected"): 3}),
        rejects=Counter({(FILE, "not_utf8"): 1, (FILE, "missing_type"): 2}),
        balances=Counter({("a", "topped_up"): 500, ("a", "used"): 10**19, ("a", "balance"): 500 - 10**19}),
    )


def _without_zeros(counts: Counts) -> Counts:
    return Counter({key: value for key, value in counts.items() if value})


def test_what_was_asked_for_and_planted_is_read(tmp_path: Path) -> None:
    truth = read_truth(written(tmp_path, CONTENT))
    assert truth.simulation == Simulation(1, 3, 2, 7, date(2026, 5, 30))
    assert truth.planted == [Planted("spike", "a", DAY, DAY, 5.0)]
    assert truth.plans == {"a": "pro", "b": "free"}
    assert truth.files == {FILE}


def test_the_grants_of_its_balances_are_read_and_the_instant(tmp_path: Path) -> None:
    truth = read_truth(written(tmp_path, CONTENT))
    (grant,) = truth.grants
    assert (grant.tenant, grant.amount, grant.effective_at) == ("a", 500, datetime(2026, 5, 30, tzinfo=UTC))
    assert truth.balances_at == datetime(2026, 5, 31, tzinfo=UTC)


WITHOUT_COSTS = {
    **CONTENT,
    "totals": {name: value for name, value in CONTENT["totals"].items() if name not in COSTS},
}
"""As versions wrote it that did not price events yet."""

WITHOUT_CREDITS = {name: value for name, value in CONTENT.items() if name != "credits"}
"""As versions wrote it that did not charge credits yet."""


@pytest.mark.parametrize(
    "content",
    [[], {}, WITHOUT_COSTS, WITHOUT_CREDITS, {**CONTENT, "days": 3}, {**CONTENT, "planted": [{"kind": "x"}]}],
)
def test_another_file_is_refused_with_its_name(content: object, tmp_path: Path) -> None:
    with pytest.raises(UsagePipelineError, match=r"truth\.json: expected the file that `usage-pipeline simulate`"):
        read_truth(written(tmp_path, content))


def test_a_file_that_is_no_json_is_refused(tmp_path: Path) -> None:
    (tmp_path / "truth.json").write_bytes(b"\xff{")
    with pytest.raises(UsagePipelineError, match=r"truth\.json: expected the file"):
        read_truth(tmp_path)
