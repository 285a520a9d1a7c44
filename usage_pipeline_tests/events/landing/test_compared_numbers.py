"""The numbers by which `repeats` compares lines of one id: which may be named, and lines without one."""

from collections.abc import Callable
from typing import Any

import pytest

from usage_pipeline.errors import FormatError
from usage_pipeline.events.format_files import load_format
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.events.landing.growing import Add, answer
from usage_pipeline_tests.support import Landing, files

DAY = "2026-05-02"


@pytest.mark.parametrize(
    ("repeats", "uncompared"),
    [
        pytest.param("last", 0, id="nothing is compared"),
        pytest.param("greatest of $.attempt", 2, id="a text, and an absent field"),
        pytest.param("greatest of $.atempt", 4, id="a misspelt field"),
        pytest.param("greatest of tokens_out", 1, id="a column"),
    ],
)
def test_superseded_lines_without_a_number_are_counted(  # noqa: PLR0913, PLR0917 - three fixtures
    storage: Storage, landing: Landing, land: Callable[[str], None], add_chat: Add, repeats: str, uncompared: int
) -> None:
    add_chat(repeats=repeats)
    lines = [
        *(answer("a", 1, attempt="1st"), answer("a", None, attempt=1), answer("a", 3), answer("a", 2, attempt=2)),
        *(answer("b", 1, attempt=1), answer("b", 7, attempt=2), answer("c", None)),
    ]
    landing.write("chat", DAY, lines)
    land(DAY)
    file = files(storage)["events.jsonl"]
    assert (file.superseded, file.uncompared) == (4, uncompared)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"repeats": "newest"}, "repeats: expected first, last, or greatest of a column or a field"),
        ({"repeats": "greatest of "}, "repeats: expected first, last, or greatest of a column or a field"),
        ({"repeats": ["last"]}, "repeats: expected first, last, or greatest of a column or a field"),
        (
            {"repeats": "greatest of out"},
            "repeats: the format maps no column 'out'; expected one of occurred_at, ",
        ),
        ({"repeats": "greatest of tokens_total"}, "tokens_out, updated_at, or a field such as `$.attempt`"),
        ({"repeats": "greatest of $tokens_out"}, "repeats: the format maps no column '$tokens_out'"),
        ({"repeats": "greatest of model"}, "repeats: 'model' is a text; expected one of occurred_at, "),
        (
            {"repeats": "last", "identity": "position"},
            "repeats: a position occurs once; remove it, or name the fields of the id",
        ),
    ],
)
def test_a_choice_that_says_nothing_is_an_error(add_chat: Add, changes: dict[str, Any], told: str) -> None:
    with pytest.raises(FormatError) as error:
        load_format(add_chat(**changes))
    assert told in str(error.value)
