"""What holds for any account and usage: both identities, replay, any order, any sum between boundaries, a void."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from usage_pipeline.billing.ledger.burn_down import FOR_EVER, Account, Grant, Lowering, Reset, Usage, burn_down
from usage_pipeline.billing.ledger.entries import NOTHING, EntryKind, totals
from usage_pipeline_tests.billing.ledger.accounts import balances
from usage_pipeline_tests.billing.ledger.oracle import Oracle

START = datetime(2026, 1, 1, tzinfo=UTC)
LAST = 24
# Few instants, so that grants, their ends, resets and events often meet.
instants = st.integers(0, LAST).map(lambda days: START + timedelta(days=days))
amounts = st.decimals(min_value=0, max_value=100, places=2, allow_nan=False)
END = START + timedelta(days=LAST + 1)
PERIODS = [START + timedelta(days=days) for days in (0, 8, 16, 24)]
GIVEN = [EntryKind.TOPUP, EntryKind.ADJUSTMENT]


@st.composite
def accounts(draw: st.DrawFn) -> Account:
    """Grants at any time, allocations of three periods with a rollover between them, voids and lowerings."""
    given_grants = [
        Grant(
            f"grant-{number}",
            draw(st.sampled_from(GIVEN)),
            draw(amounts),
            draw(instants),
            draw(instants | st.just(FOR_EVER)),
            draw(st.integers(0, 2)),
        )
        for number in range(draw(st.integers(0, 5)))
    ]
    allocations = [
        Grant(f"allocation-{number}", EntryKind.ALLOCATION, draw(amounts), start, end, 1)
        for number, (start, end) in enumerate(pairwise(PERIODS))
    ]
    resets = [
        Reset(start, *sorted((draw(amounts), draw(amounts))), end, 1) for start, end in pairwise(PERIODS[1:])
    ]
    ids = [grant.id for grant in (*given_grants, *allocations)] + [entry.grant_id for entry in resets]
    voids = draw(st.dictionaries(st.sampled_from(ids), instants, max_size=2))
    lowerings = [
        Lowering(f"lowering-{number}", draw(st.sampled_from(ids)), draw(instants), draw(amounts))
        for number in range(draw(st.integers(0, 2)))
    ]
    return Account([*given_grants, *allocations], resets, voids, lowerings)


usages = st.lists(st.tuples(instants, amounts), max_size=12).map(lambda used: sorted(used, key=lambda one: one[0]))


@given(accounts(), usages, instants)
def test_both_identities_hold_at_any_instant(account: Account, usage: Sequence[Usage], until: datetime) -> None:
    burned = burn_down(account, usage, until)
    sums = totals(burned.entries)
    assert sums.used == sum((amount for at, amount in usage if at < until), NOTHING)
    assert (sums.balance, sums.open_overage) == (sum(burned.left.values(), NOTHING), burned.overage)
    assert all(value >= 0 for value in vars(sums).values())


@given(accounts(), usages)
def test_nothing_is_ever_below_zero(account: Account, usage: Sequence[Usage]) -> None:
    burned = burn_down(account, usage, END)
    assert burned.overage >= 0
    assert all(left >= 0 for left in burned.left.values())


@given(accounts(), usages, st.randoms(use_true_random=False))
def test_the_order_in_which_grants_and_usage_became_known_changes_nothing(
    account: Account, usage: Sequence[Usage], random: object
) -> None:
    shuffled = replace(
        account,
        **{
            name: random.sample(values, len(values))  # type: ignore[attr-defined]  # of the module random
            for name, values in vars(account).items()
            if name != "voids"
        },
    )
    again = sorted(random.sample(usage, len(usage)), key=lambda one: one[0])  # type: ignore[attr-defined]  # as above
    assert summed(burn_down(shuffled, again, END).entries) == summed(burn_down(account, usage, END).entries)


def summed(entries: Sequence[object]) -> dict[tuple[object, ...], Decimal]:
    """The entries as the ledger keeps them: one sum for each kind, grant and instant."""
    found: defaultdict[tuple[object, ...], Decimal] = defaultdict(Decimal)
    for entry in entries:
        *key, amount = vars(entry).values()
        found[tuple(key)] += amount
    return dict(found)


@given(accounts(), usages)
def test_replay_gives_identical_entries(account: Account, usage: Sequence[Usage]) -> None:
    assert burn_down(account, usage, END) == burn_down(account, usage, END)


@given(accounts(), usages, instants)
def test_usage_added_up_between_boundaries_comes_to_the_same_as_event_by_event(
    account: Account, usage: Sequence[Usage], until: datetime
) -> None:
    boundaries = sorted({START, *account.boundaries})
    sums: defaultdict[datetime, Decimal] = defaultdict(Decimal)
    for at, amount in usage:
        if at < until:
            sums[max(boundary for boundary in boundaries if boundary <= at)] += amount
    together, alone = (burn_down(account, used, until) for used in (sorted(sums.items()), usage))
    assert totals(together.entries) == totals(alone.entries)
    assert (together.left, together.overage) == (alone.left, alone.overage)


@given(accounts(), usages, st.data())
def test_a_grant_that_is_void_from_its_start_leaves_the_others_as_if_it_had_never_been(
    account: Account, usage: Sequence[Usage], data: st.DataObject
) -> None:
    grant = data.draw(st.sampled_from(account.grants))
    voided = replace(account, voids={**account.voids, grant.id: grant.starts_at})
    without = replace(account, grants=[other for other in account.grants if other != grant])
    left = {
        name: amount
        for name, amount in balances(burn_down(voided, usage, END).entries).items()
        if name != grant.id
    }
    assert left == balances(burn_down(without, usage, END).entries)


@given(accounts(), usages, st.data())
def test_usage_that_is_taken_back_restores_the_balances(
    account: Account, usage: Sequence[Usage], data: st.DataObject
) -> None:
    """As the ledger does: the sums of the entries with it and of the differences are those without it."""
    extra = data.draw(st.tuples(instants, amounts))
    more = sorted([*usage, extra], key=lambda one: one[0])
    with_it, without = (summed(burn_down(account, used, END).entries) for used in (more, usage))
    differences = {key: without.get(key, NOTHING) - with_it.get(key, NOTHING) for key in {*with_it, *without}}
    restored = {key: with_it.get(key, NOTHING) + difference for key, difference in differences.items()}
    assert {key: amount for key, amount in restored.items() if amount} == {
        key: amount for key, amount in without.items() if amount
    }


@settings(max_examples=100)
@given(accounts(), usages, instants)
def test_balances_are_those_of_a_ledger_that_looks_at_every_grant_at_every_event(
    account: Account, usage: Sequence[Usage], until: datetime
) -> None:
    found = {name: left for name, left in balances(burn_down(account, usage, until).entries).items() if left}
    assert found == {name: left for name, left in Oracle(account).balances(usage, until).items() if left}
