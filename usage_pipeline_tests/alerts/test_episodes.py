"""When alerts are raised and resolved: each threshold once per episode, and one alert for a jump."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usage_pipeline.alerts.episodes import Changes, Episode, Level, judge

THRESHOLDS = (50, 80, 100)
AMOUNT = Decimal(200)

Shares = st.lists(st.integers(0, 150), max_size=12)


def follow(shares: Iterable[int], thresholds: Sequence[int] = THRESHOLDS) -> tuple[list[Changes], list[Episode]]:
    """What happens while the share takes these values, and the last episodes of all thresholds."""
    known: dict[int, Episode] = {}
    happened: list[Changes] = []
    for share in shares:
        changes = judge(thresholds, Level(share * AMOUNT / 100, AMOUNT), known.values())
        begun = [*changes.passed, *([changes.raised] if changes.raised else [])]
        known |= {episode.threshold: episode for episode in begun}
        known |= {episode.threshold: replace(episode, is_active=False) for episode in changes.resolved}
        happened.append(changes)
    return happened, sorted(known.values(), key=lambda episode: episode.threshold)


def told(shares: Iterable[int]) -> list[tuple[int, int] | None]:
    """The threshold and episode that is raised at each of the shares."""
    return [changes.raised and (changes.raised.threshold, changes.raised.number) for changes in follow(shares)[0]]


def active(shares: Iterable[int]) -> set[int]:
    """The thresholds that are reached in the end."""
    return {episode.threshold for episode in follow(shares)[1] if episode.is_active}


@pytest.mark.parametrize(
    ("shares", "expected"),
    [
        ([49, 50, 60, 80, 99, 100, 120], [None, (50, 1), None, (80, 1), None, (100, 1), None]),
        ([0, 120, 120], [None, (100, 1), None]),
        ([45, 55, 120, 98, 75, 100], [None, (50, 1), (100, 1), None, None, (100, 2)]),
        ([80, 75, 80, 74, 80], [(80, 1), None, None, None, (80, 2)]),
        ([120, 70, 85, 100], [(100, 1), None, (80, 2), (100, 2)]),
    ],
)
def test_a_threshold_is_told_of_when_it_is_reached(
    shares: list[int], expected: list[tuple[int, int] | None]
) -> None:
    assert told(shares) == expected


def test_a_jump_marks_the_lower_ones_as_passed() -> None:
    assert follow([120])[0] == [Changes(raised=Episode(100), passed=(Episode(50), Episode(80)))]


def test_a_threshold_that_comes_below_a_raised_one_is_passed() -> None:
    assert judge((50, 100), Level(AMOUNT, AMOUNT), [Episode(100)]) == Changes(passed=(Episode(50),))


@pytest.mark.parametrize(("share", "resolved"), [(75, ()), (74, (80,)), (45, (80,)), (44, (50, 80))])
def test_it_resolves_more_than_the_margin_below(share: int, resolved: tuple[int, ...]) -> None:
    _, changes = follow([80, share])[0]
    assert tuple(episode.threshold for episode in changes.resolved) == resolved


def test_a_small_threshold_resolves_below_its_half() -> None:
    small = [judge((4,), Level(Decimal(used), Decimal(100)), [Episode(4)]).resolved for used in (2, 1)]
    assert small == [(), (Episode(4),)]


@given(Shares)
def test_each_threshold_is_raised_once_per_episode(shares: list[int]) -> None:
    happened, _ = follow(shares)
    begun = [
        (episode.threshold, episode.number)
        for changes in happened
        for episode in (*changes.passed, *([changes.raised] if changes.raised else []))
    ]
    assert len(begun) == len(set(begun))
    for threshold in THRESHOLDS:
        numbers = [number for part, number in begun if part == threshold]
        assert numbers == list(range(1, len(numbers) + 1))


@given(Shares)
def test_a_new_episode_follows_a_resolved_one(shares: list[int]) -> None:
    happened, known = follow(shares)
    for episode in known:
        ended = sum(
            resolved.threshold == episode.threshold for changes in happened for resolved in changes.resolved
        )
        assert ended == episode.number - episode.is_active


@given(Shares, st.integers(0, 150))
def test_what_is_active_in_the_end_is_what_is_reached_but_for_the_margin(shares: list[int], last: int) -> None:
    found = active([*shares, last])
    assert {part for part in THRESHOLDS if last >= part} <= found
    assert found <= {part for part in THRESHOLDS if last >= part - 5}


@given(
    st.lists(st.integers(0, 60), max_size=6).flatmap(
        lambda landed: st.tuples(st.just(landed), st.permutations(landed))
    )
)
def test_the_order_of_landings_does_not_matter_in_the_end(landings: tuple[list[int], list[int]]) -> None:
    ends = [follow([sum(order[: count + 1]) for count in range(len(order))])[1] for order in landings]
    assert ends[0] == ends[1]


@given(st.lists(st.integers(0, 60), min_size=1, max_size=6))
def test_one_landing_tells_once_however_much_it_is(landed: list[int]) -> None:
    assert sum(raised is not None for raised in told([sum(landed), sum(landed)])) <= 1
