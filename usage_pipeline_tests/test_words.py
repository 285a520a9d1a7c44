import pytest

from usage_pipeline.words import count, did_you_mean, listed


@pytest.mark.parametrize(
    ("number", "noun", "expected"),
    [
        (1, "landing day", "1 landing day"),
        (0, "landing day", "0 landing days"),
        (2000, "entry", "2,000 entries"),
        (1, "entry", "1 entry"),
    ],
)
def test_a_noun_agrees_with_its_number(number: int, noun: str, expected: str) -> None:
    assert count(number, noun) == expected


def test_a_long_list_is_cut() -> None:
    assert (listed(range(5)), listed(range(6))) == ("0, 1, 2, 3, 4", "0, 1, 2, 3, 4, ...")


@pytest.mark.parametrize(
    ("name", "expected"),
    [("acne", "did you mean 'acme'?"), ("acme-", "did you mean 'acme' or 'acme-eu'?"), ("globex", "")],
)
def test_names_that_are_near_are_suggested(name: str, expected: str) -> None:
    assert did_you_mean(name, ["acme", "acme-eu", "initech"]) == expected
