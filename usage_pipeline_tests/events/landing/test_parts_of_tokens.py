"""Audio, images and cache writes of an hour: parts of tokens, each within its whole."""

from collections.abc import Callable
from typing import Any

import pytest

from usage_pipeline_tests.events.each import DAY, Became
from usage_pipeline_tests.events.landing.good_lines import format_file

Land = Callable[..., dict[str, Became]]

USAGE = {
    "in": 100,
    "cached": 30,
    "write": 10,
    "hour": 4,
    "audio": 20,
    "cached_audio": 5,
    "image": 10,
    "cached_image": 1,
    "out": 50,
    "thought": 5,
    "out_audio": 20,
    "out_image": 2,
}
TOO_LARGE = {
    "more writes of an hour than writes": ({"hour": 11}, "$.hour"),
    "more cached audio than audio": ({"cached_audio": 21}, "$.cached_audio"),
    "more cached images than images": ({"cached_image": 11}, "$.cached_image"),
    "more cached audio and images than cached": ({"cached": 5}, "$.cached_audio"),
    "more audio and images than input": ({"audio": 96, "cached_audio": 30, "cached_image": 0}, "$.audio"),
    "more of all classes of input than input": ({"audio": 57}, "$.audio"),
    "more images, without audio": ({"audio": None, "cached_audio": None, "image": 62}, "$.image"),
    "more audio and reasoning than output": ({"out_audio": 44}, "$.out_audio"),
    "more images and reasoning than output": ({"out_audio": 0, "out_image": 46}, "$.out_image"),
    "audio without output": ({"out": None, "thought": None}, "$.out_audio"),
}
FITTING = {
    "all parts": {},
    "nothing but text": dict.fromkeys(("hour", "audio", "cached_audio", "image", "cached_image", "out_audio"), 0),
    "no part is counted": dict.fromkeys(("hour", "audio", "cached_audio", "image", "cached_image", "out_audio")),
    "as much as fits": {"audio": 56, "hour": 10, "out_audio": 43},
    "cached audio is not counted": {"audio": 80, "cached_audio": None, "image": 0, "cached_image": 0},
}


@pytest.fixture(scope="module")
def became(land_each: Land) -> dict[str, Became]:
    lines = {**{name: changed for name, (changed, _) in TOO_LARGE.items()}, **FITTING}
    written = {name: {"id": name, "at": f"{DAY}T08:00:00Z", **USAGE, **changed} for name, changed in lines.items()}
    return land_each("every_part", written, format_file("every_part").read_text())


@pytest.mark.parametrize("name", TOO_LARGE)
def test_a_part_that_exceeds_its_whole_is_rejected_and_named(became: dict[str, Became], name: str) -> None:
    reject = became[name].reject
    assert reject is not None
    assert (reject["reason"], reject["field"]) == ("token_invariant", TOO_LARGE[name][1])


def test_the_reject_says_all_numbers_and_what_was_expected(became: dict[str, Became]) -> None:
    reject: dict[str, Any] = became["more writes of an hour than writes"].reject or {}
    assert reject["found"] == (
        "100 in, 30 cached, 10 cache write, 50 out, 5 reasoning, 11 cache write 1h, 20 audio in, 10 image in, "
        "5 cached audio, 1 cached image, 20 audio out, 2 image out"
    )
    assert reject["expected"] == (
        "cached within input, reasoning within output, and each of their parts within its whole"
    )


@pytest.mark.parametrize("name", FITTING)
def test_parts_within_their_wholes_are_kept_as_logged(became: dict[str, Became], name: str) -> None:
    expected = {**USAGE, **FITTING[name]}
    assert [
        became[name][f"tokens_{column}"]
        for column in ("in_audio", "cached_audio", "in_image", "cached_image", "cache_write_1h", "out_audio")
    ] == [expected[key] for key in ("audio", "cached_audio", "image", "cached_image", "hour", "out_audio")]


def test_input_without_cached_tokens_has_audio_and_images_without_them(land_each: Land) -> None:
    excluding = f"{format_file('every_part').read_text()}input_includes_cached: false\n"
    line = {"id": "e1", "at": f"{DAY}T08:00:00Z", **USAGE}
    found = land_each("every_part", {"e1": line}, excluding)["e1"]
    assert [found[f"tokens_{name}"] for name in ("in", "in_audio", "in_image")] == [140, 25, 11]
