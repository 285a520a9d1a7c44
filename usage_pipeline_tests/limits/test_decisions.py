"""A request is refused with 402 for want of credits and with 403 by a limit, to the last digit of both."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from usage_pipeline.errors import QueryError
from usage_pipeline.limits.decisions import Answer, Decision, Request, decide
from usage_pipeline.limits.limit_file import Limit, Scope
from usage_pipeline.limits.periods import DayRange
from usage_pipeline.limits.status import LimitStatus

NOW = datetime(2026, 5, 21, 12, tzinfo=UTC)


def limited(metric: str, amount: str, used: str, action: str = "block") -> LimitStatus:
    """A limit and what was used of it."""
    written = {"id": metric, "tenant": "acme", "metric": metric, "period": "month", "amount": amount}
    limit = Limit.model_validate({**written, "action": action})
    days = DayRange(date(2026, 5, 1), date(2026, 5, 31))
    return LimitStatus(
        limit=limit,
        tenant_id="acme",
        values=("", "", ""),
        days=days,
        used=Decimal(used),
        first_day_over=None,
        incomplete=False,
        missing_days=0,
        projected=None,
        as_of=NOW,
    )


def prompting(credit: str = "0", tokens: int = 0) -> Request:
    return Request("persona_prompt", "acme", credits=Decimal(credit), tokens=tokens)


def body(decision: Decision) -> object:
    return json.loads(decision.body, parse_float=Decimal)


@pytest.mark.parametrize(
    ("required", "available", "shown"),
    [
        ("1200", "300", (1200, 300)),
        ("1200.000000000000", "300.500000000000", (1200, Decimal("300.5"))),
        ("0.000000000001", "0", (Decimal("0.000000000001"), 0)),
        ("0", "-30", (0, -30)),  # overage is open
        ("1000000", "1E+3", (1_000_000, 1000)),
    ],
)
def test_a_prompt_that_costs_more_than_is_left_is_refused(
    required: str, available: str, shown: tuple[object, object]
) -> None:
    decision = decide(prompting(required), [], Decimal(available))
    assert decision.answer is Answer.NO_CREDITS
    assert body(decision) == {
        "error": "Insufficient credits",
        "requiredCredits": shown[0],
        "availableCredits": shown[1],
        "action": "upgrade_or_topup",
        "billingPath": "/dashboard/billing",
    }


def test_the_answer_about_credits_is_the_one_that_the_platform_gives() -> None:
    assert decide(prompting("1200"), [], Decimal(300)).body == (
        '{"error":"Insufficient credits","requiredCredits":1200,"availableCredits":300,'
        '"action":"upgrade_or_topup","billingPath":"/dashboard/billing"}'
    )


def test_credits_are_checked_before_limits() -> None:
    over = limited("prompts", "1", "1")
    assert decide(prompting("1"), [over], Decimal(0)).answer is Answer.NO_CREDITS
    assert decide(prompting("1"), [over], Decimal(1)).answer is Answer.OVER_LIMIT


@pytest.mark.parametrize("available", ["300", None])
def test_what_is_left_and_a_plan_with_overage_allow_it(available: str | None) -> None:
    decision = decide(prompting("300"), [], available and Decimal(available))
    assert (decision.answer, body(decision)) == (Answer.ALLOWED, {"allowed": True})


def test_other_types_need_no_credits() -> None:
    upload = Request("file_upload", "acme", credits=Decimal(5))
    assert decide(upload, [], Decimal(0)).answer is Answer.ALLOWED


@pytest.mark.parametrize(
    ("limit", "answer"),
    [
        (limited("prompts", "10", "9"), Answer.ALLOWED),
        (limited("prompts", "10", "10"), Answer.OVER_LIMIT),
        (limited("prompts", "10", "10", action="alert"), Answer.ALLOWED),
        (limited("requests", "10", "10"), Answer.OVER_LIMIT),
        (limited("records", "10", "10"), Answer.OVER_LIMIT),
        (limited("messages", "10", "8"), Answer.ALLOWED),
        (limited("messages", "10", "9"), Answer.OVER_LIMIT),  # a prompt and its answer are two
        (limited("files", "10", "10"), Answer.ALLOWED),
        (limited("files", "10", "11"), Answer.OVER_LIMIT),
        (limited("credits", "10", "2.5"), Answer.ALLOWED),
        (limited("credits", "10", "2.500000000001"), Answer.OVER_LIMIT),
        (limited("tokens_total", "10", "2"), Answer.ALLOWED),
        (limited("tokens_total", "10", "3"), Answer.OVER_LIMIT),
        (limited("cost", "10", "10"), Answer.ALLOWED),
    ],
)
def test_a_limit_refuses_what_would_be_over(limit: LimitStatus, answer: Answer) -> None:
    decision = decide(prompting("7.5", tokens=8), [limit], None)
    assert decision.answer is answer
    if answer is Answer.OVER_LIMIT:
        assert (body(decision), decision.limit) == ({"error": "Usage limit exceeded"}, limit)


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        (Scope(), Scope()),
        (Scope(member_id="*"), Scope(member_id="ann")),
        (Scope(member_id="ann", model="*"), Scope(member_id="ann", model="x")),
        (Scope(member_id="bob"), None),
        (Scope(project="*"), None),  # the request is of no project
    ],
)
def test_a_limit_applies_to_a_request_within_its_scope(scope: Scope, expected: Scope | None) -> None:
    limit = limited("prompts", "1", "0").limit.model_copy(update={"scope": scope})
    assert Request("persona_prompt", "acme", member_id="ann", model="x").scope_of(limit) == expected


def test_an_unknown_type_is_told() -> None:
    with pytest.raises(QueryError, match="There is no event type 'persona_promt'; did you mean 'persona_prompt'"):
        Request("persona_promt", "acme")
