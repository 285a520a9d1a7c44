"""`usage` as a user calls it: missing days, intervals and time zones."""

import json
from collections.abc import Callable

import pytest

from usage_pipeline.errors import QueryError
from usage_pipeline.settings import Settings
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.cli.conftest import notes
from usage_pipeline_tests.support import Landing, prompt

Call = Callable[..., str]

COUNTS = ("--metrics", "records,tokens_total")
CSV = ("--format", "csv")


def write_outage(landing: Landing) -> None:
    """Usage at 18:31 UTC of 1 and 4 May; 2 May landed without any, 3 May not at all."""
    for day in ("2026-05-01", "2026-05-04"):
        landing.write("persona", day, [prompt(day, f"{day}T18:31:00Z", conversationId=day)])
    landing.write("persona", "2026-05-02", [])


@pytest.fixture(scope="module")
def settings(deploy: Callable[..., Storage]) -> Settings:
    """Those of a deployment with an outage."""
    return deploy(write_outage).settings


def test_all_known_days_have_a_row_by_default(call: Call) -> None:
    assert call("usage", *COUNTS, *CSV) == (
        "day,records,tokens_total\n2026-05-01,1,120\n2026-05-02,0,0\n2026-05-03,,\n2026-05-04,1,120\n"
    )


def test_a_missing_day_is_null_in_json(call: Call) -> None:
    printed = call("usage", "--from", "2026-05-03", "--to", "2026-05-03", *COUNTS, "--format", "json")
    assert json.loads(printed) == [{"day": "2026-05-03", "records": None, "tokens_total": None}]


def test_a_missing_day_is_a_dash_in_the_table(call: Call) -> None:
    printed = call("usage", "--from", "2026-05-03", "--to", "2026-05-03", *COUNTS)
    assert printed.splitlines()[-2].split() == ["2026-05-03", "–", "–"]


def test_groups_of_a_missing_day_are_empty_too(call: Call) -> None:
    printed = call("usage", "--group-by", "day,tenant", "--metrics", "records", *CSV)
    assert printed == "day,tenant,records\n2026-05-01,acme,1\n2026-05-03,,\n2026-05-04,acme,1\n"


@pytest.mark.usefixtures("call")
def test_sums_that_are_not_by_day_tell_which_days_are_missing() -> None:
    assert notes("usage", "--group-by", "model") == (
        "Warning: 1 of 4 days is missing and not in these sums: 2026-05-03"
    )


@pytest.mark.usefixtures("call")
def test_of_many_missing_days_the_first_are_named() -> None:
    assert notes("usage", "--group-by", "", "--to", "2026-05-10") == (
        "Warning: 7 of 10 days are missing and not in these sums: "
        "2026-05-03, 2026-05-05, 2026-05-06, 2026-05-07, 2026-05-08, ..."
    )


@pytest.mark.usefixtures("call")
@pytest.mark.parametrize("arguments", [("--group-by", "model", "--to", "2026-05-02"), ("--group-by", "day")])
def test_without_a_missing_day_or_with_a_row_for_it_there_is_no_warning(arguments: tuple[str, ...]) -> None:
    assert not notes("usage", *arguments)


@pytest.mark.usefixtures("call")
def test_a_condition_on_a_day_that_is_not_asked_for_is_named() -> None:
    assert notes("usage", "--where", "day=2026-06-03") == (
        "Warning: 2026-06-03 is not within 2026-05-01 to 2026-05-04; see --from and --to"
    )


@pytest.mark.usefixtures("call")
def test_conditions_that_no_row_can_meet_are_named() -> None:
    both = ("--where", "tenant=acme", "--where", "tenant=globex")
    assert notes("usage", *both, "--group-by", "model", "--to", "2026-05-02") == (
        "Warning: No row has both tenant=acme and tenant=globex; ask for one at a time"
    )


def test_by_hour_there_is_a_row_for_every_hour_of_the_range(call: Call) -> None:
    printed = call("usage", "--interval", "hour", "--to", "2026-05-01", *COUNTS, *CSV)
    head, *rows = printed.splitlines()
    assert (head, len(rows)) == ("start,records,tokens_total", 24)
    assert rows[17:20] == [
        "2026-05-01T17:00:00+00:00,0,0",
        "2026-05-01T18:00:00+00:00,1,120",
        "2026-05-01T19:00:00+00:00,0,0",
    ]


def test_a_time_zone_alone_asks_for_its_days(call: Call) -> None:
    assert call("usage", "--time-zone", "Asia/Kolkata", *COUNTS, *CSV) == (
        "start,records,tokens_total\n"
        "2026-05-01T00:00:00+05:30,0,0\n"
        "2026-05-02T00:00:00+05:30,1,120\n"
        "2026-05-03T00:00:00+05:30,,\n"
        "2026-05-04T00:00:00+05:30,,\n"
    )


PARTLY_MISSING = (
    "Warning: Local days without numbers, although a part of each is known: 2026-05-03, 2026-05-04. "
    "UTC days missing in them: 2026-05-03"
)


@pytest.mark.usefixtures("call")
@pytest.mark.parametrize("form", ["table", "json", "csv"])
def test_local_days_that_are_null_because_of_a_part_of_them_are_named(form: str) -> None:
    assert notes("usage", "--interval", "day", "--time-zone", "Asia/Kolkata", "--format", form) == PARTLY_MISSING


@pytest.mark.usefixtures("call")
def test_an_hour_that_is_null_because_of_a_part_of_it_is_named() -> None:
    asked = ("--interval", "hour", "--time-zone", "Asia/Kolkata", "--from", "2026-05-03", "--to", "2026-05-03")
    assert notes("usage", *asked) == (
        "Warning: Local hours without numbers, although a part of each is known: 2026-05-03T05:00:00+05:30. "
        "UTC days missing in them: 2026-05-03"
    )


@pytest.mark.usefixtures("call")
@pytest.mark.parametrize("asked", [("--interval", "day"), ("--interval", "hour")])
def test_intervals_of_a_missing_day_alone_are_no_surprise(asked: tuple[str, ...]) -> None:
    assert not notes("usage", *asked)


def test_intervals_are_grouped_and_filtered(call: Call) -> None:
    arguments = ("--interval", "quarter", "--group-by", "tenant,type", "--where", "tenant=acme")
    printed = call("usage", *arguments, "--to", "2026-05-02", "--metrics", "records", *CSV)
    assert printed == "start,tenant,type,records\n2026-05-01T18:30:00+00:00,acme,persona_prompt,1\n"


def test_intervals_show_all_metrics_of_days_but_conversations_by_default(call: Call) -> None:
    (by_day,) = json.loads(call("usage", "--to", "2026-05-01", "--format", "json"))
    (by_interval,) = json.loads(call("usage", "--interval", "day", "--to", "2026-05-01", "--format", "json"))
    assert by_day == {
        "day": "2026-05-01",
        "records": 1,
        "requests": 1,
        "messages": 2,
        "conversations": 1,
        "tokens_in": 100,
        "tokens_out": 20,
        "tokens_total": 120,
    }
    assert by_interval == {
        "start": "2026-05-01T00:00:00+00:00",
        "records": 1,
        "requests": 1,
        "messages": 2,
        "tokens_in": 100,
        "tokens_out": 20,
        "tokens_total": 120,
    }


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--time-zone", "Mars/Base"), "There is no time zone 'Mars/Base'; expected a name such as UTC"),
        (
            ("--interval", "hour", "--group-by", "day"),
            "There is no dimension 'day'; expected one of tenant, source",
        ),
        (("--interval", "hour", "--metrics", "conversations"), "Conversations have no time of day"),
    ],
)
def test_what_intervals_do_not_know_is_a_wrong_question(
    call: Call, arguments: tuple[str, ...], message: str
) -> None:
    with pytest.raises(QueryError, match=message):
        call("usage", *arguments)


def test_an_interval_of_another_length_is_a_wrong_call(call: Call) -> None:
    call("usage", "--interval", "week", exit_code=2)
