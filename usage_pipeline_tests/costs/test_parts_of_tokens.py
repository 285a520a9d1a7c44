"""Audio, images and cache writes of an hour: priced apart, and unpriced where the log does not split them."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from usage_pipeline.registry import NOT_TOKENS, TokenClass
from usage_pipeline_tests.costs.generic import price
from usage_pipeline_tests.costs.rating import book_of, rating

TEXT = 'input: "1", cached_input: "0.1", cache_write: "2", output: "3"'
AUDIO = TEXT + ', input_audio: "10", cached_audio: "5", output_audio: "30"'
IMAGE = TEXT + ', input_image: "20", cached_image: "7", output_image: "40"'
HOUR = TEXT + ', cache_write_1h: "4"'
EVERY_PART = AUDIO + ', input_image: "20", cached_image: "7", output_image: "40", cache_write_1h: "4"'

Classes = dict[str, tuple[int, Decimal | None, str]]


def classes(folder: Path, prices: str, record: dict[str, Any]) -> Classes:
    """Quantity, amount and reason of each class of a record."""
    with rating(book_of(folder, price("one", prices)), [record]) as rated:
        return {str(row["class"]): (row["quantity"], row["amount"], row["unpriced"]) for row in rated.rows()}  # type: ignore[misc]  # of the columns


def test_each_part_of_the_tokens_has_its_price(tmp_path: Path) -> None:
    record = {
        "tokens_in": 1000,
        "tokens_cached": 300,
        "tokens_cache_write": 100,
        "tokens_cache_write_1h": 40,
        "tokens_in_audio": 200,
        "tokens_cached_audio": 50,
        "tokens_in_image": 100,
        "tokens_cached_image": 20,
        "tokens_out": 100,
        "tokens_reasoning": 10,
        "tokens_out_audio": 60,
        "tokens_out_image": 5,
    }
    assert classes(tmp_path, EVERY_PART, record) == {
        "input": (370, 370, ""),
        "input_audio": (150, 1500, ""),
        "input_image": (80, 1600, ""),
        "cached_input": (230, 23, ""),
        "cached_audio": (50, 250, ""),
        "cached_image": (20, 140, ""),
        "cache_write": (60, 120, ""),
        "cache_write_1h": (40, 160, ""),
        "output": (25, 75, ""),
        "reasoning": (10, 30, ""),
        "output_audio": (60, 1800, ""),
        "output_image": (5, 200, ""),
    }


@pytest.mark.parametrize(
    ("prices", "record", "expected"),
    [
        pytest.param(
            AUDIO,
            {"tokens_in": 10, "tokens_cached": 4, "tokens_out": 5, "tokens_reasoning": 2},
            {
                "input": (6, None, "no_split"),
                "cached_input": (4, None, "no_split"),
                "output": (3, None, "no_split"),
                "reasoning": (2, 6, ""),
            },
            id="audio that the log does not count",
        ),
        pytest.param(
            AUDIO,
            {"tokens_in": 10, "tokens_in_audio": 0, "tokens_cached": 4, "tokens_out": 5, "tokens_out_audio": 0},
            {"input": (6, 6, ""), "cached_input": (4, Decimal("0.4"), ""), "output": (5, 15, "")},
            id="no audio",
        ),
        pytest.param(
            AUDIO,
            {"tokens_in": 10, "tokens_in_audio": 3},
            {"input": (7, 7, ""), "input_audio": (3, 30, "")},
            id="audio, nothing cached",
        ),
        pytest.param(
            AUDIO,
            {"tokens_in": 10, "tokens_in_audio": 8, "tokens_cached": 4},
            {"input": (6, None, "no_split"), "cached_input": (4, None, "no_split")},
            id="audio, of which nobody knows how much is cached",
        ),
        pytest.param(
            IMAGE,
            {"tokens_in": 10, "tokens_in_audio": 3, "tokens_out": 5},
            {
                "input": (7, None, "no_split"),
                "input_audio": (3, None, "no_class_price"),
                "output": (5, None, "no_split"),
            },
            id="images that the log does not count",
        ),
        pytest.param(
            HOUR,
            {"tokens_in": 10, "tokens_cache_write": 6},
            {"input": (4, 4, ""), "cache_write": (6, None, "no_split")},
            id="cache writes of an unknown length",
        ),
        pytest.param(
            HOUR,
            {"tokens_in": 10, "tokens_cache_write": 6, "tokens_cache_write_1h": 0},
            {"input": (4, 4, ""), "cache_write": (6, 12, "")},
            id="cache writes of five minutes",
        ),
        pytest.param(
            TEXT,
            {"tokens_in": 10, "tokens_cache_write": 6, "tokens_cache_write_1h": 6},
            {"input": (4, 4, ""), "cache_write_1h": (6, None, "no_class_price")},
            id="cache writes of an hour without a price of their own",
        ),
        pytest.param(
            TEXT,
            {"tokens_in": 10, "tokens_in_image": 4, "tokens_out": 2, "tokens_out_image": 1},
            {"input": (6, 6, ""), "input_image": (4, 4, ""), "output": (1, 3, ""), "output_image": (1, 3, "")},
            id="images without a price of their own cost what text costs",
        ),
        pytest.param(
            TEXT,
            {"tokens_in": 10, "tokens_in_audio": 4},
            {"input": (6, 6, ""), "input_audio": (4, None, "no_class_price")},
            id="audio without a price of its own",
        ),
        pytest.param(
            TEXT,
            {"tokens_in": 10, "tokens_out": 1},
            {"input": (10, 10, ""), "output": (1, 3, "")},
            id="a price that splits nothing",
        ),
    ],
)
def test_what_a_log_does_not_count_apart_has_no_price_where_the_price_does(
    tmp_path: Path, prices: str, record: dict[str, Any], expected: Classes
) -> None:
    assert classes(tmp_path, prices, record) == expected


def test_records_with_and_without_a_split_are_apart(tmp_path: Path) -> None:
    records = [{"tokens_in": 10}, {"tokens_in": 7, "tokens_in_audio": 0}]
    with rating(book_of(tmp_path, price("one", AUDIO)), records) as rated:
        found = {(row["unpriced"], row["quantity"], row["amount"]) for row in rated.rows()}
    assert found == {("no_split", 10, None), ("", 7, 7)}


parts = st.one_of(st.none(), st.integers(0, 50))


@st.composite
def split_records(draw: st.DrawFn) -> dict[str, Any]:
    """A record whose parts fit into their wholes, as landing demands."""
    text, cached_text, write = (draw(st.integers(0, 50)) for _ in range(3))
    audio, image, cached_audio, cached_image = (draw(parts) for _ in range(4))
    in_audio = None if audio is None else audio + (cached_audio or 0)
    in_image = None if image is None else image + (cached_image or 0)
    cached_audio, cached_image = (
        None if whole is None else part for whole, part in ((audio, cached_audio), (image, cached_image))
    )
    cached = cached_text + (cached_audio or 0) + (cached_image or 0)
    outs = [draw(parts) for _ in range(4)]
    return {
        "tokens_in": text + cached + write + (audio or 0) + (image or 0),
        "tokens_cached": cached,
        "tokens_cache_write": write,
        "tokens_cache_write_1h": draw(st.one_of(st.none(), st.integers(0, write))),
        "tokens_in_audio": in_audio,
        "tokens_in_image": in_image,
        "tokens_cached_audio": cached_audio,
        "tokens_cached_image": cached_image,
        "tokens_out": sum(part or 0 for part in outs),
        "tokens_reasoning": outs[0],
        "tokens_out_audio": outs[1],
        "tokens_out_image": outs[2],
    }


@settings(max_examples=25)
@given(record=split_records(), prices=st.sampled_from([TEXT, AUDIO, IMAGE, HOUR, EVERY_PART]))
def test_each_token_is_in_exactly_one_class(
    tmp_path_factory: pytest.TempPathFactory, record: dict[str, Any], prices: str
) -> None:
    with rating(book_of(tmp_path_factory.mktemp("book"), price("one", prices)), [record]) as rated:
        rows = rated.rows()
    tokens = [int(str(row["quantity"])) for row in rows if row["class"] not in NOT_TOKENS]
    assert sum(tokens) == record["tokens_in"] + record["tokens_out"]
    assert min(tokens, default=1) > 0
    assert {row["class"] for row in rows} <= set(TokenClass)
