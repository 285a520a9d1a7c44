"""A result of the demo, and what is printed of it."""

from collections import Counter
from datetime import UTC, date, datetime
from decimal import Decimal

from usage_pipeline.billing.ledger.grant_file import GrantEntry
from usage_pipeline.cli.demo.result import Conflict, Result
from usage_pipeline.cli.demo.truth import Planted, Truth
from usage_pipeline.pipeline.totals import Totals
from usage_pipeline.retention.pruning import Pruned
from usage_pipeline.simulation.settings import Simulation
from usage_pipeline.storage.landed_files import LandedFile
from usage_pipeline_tests.support import landed_file

DAYS = ("2026-05-28", "2026-05-29", "2026-05-30")
PERSONA, RUNS = "persona/2026-05-30/events.jsonl", "agent_runs/2026-05-30/events.jsonl"

TOPUP = GrantEntry(
    id="topup-1",
    tenant="b",
    kind="topup",
    amount="100",  # type: ignore[arg-type]  # a decimal in quotes
    effective_at=datetime(2026, 5, 29, tzinfo=UTC),
    reason="more usage",
)
TRUTH = Truth(
    Simulation(3, 3, 500, 7, date(2026, 5, 30)),
    [Planted("spike", "a", DAYS[1], DAYS[1], 5.0), Planted("level_shift", "b", DAYS[1], DAYS[2], 2.0)],
    {"a": "pro", "b": "free", "c": "free"},
    [TOPUP],
    datetime(2026, 5, 31, tzinfo=UTC),
    Totals(),
)


def file(path: str, *counts: int) -> LandedFile:
    """A landing file with these bytes and lines: all, blank, accepted, rejected."""
    size, lines, blank, accepted, rejected = counts
    return landed_file(
        path,
        date(2026, 5, 30),
        source=path.split("/", maxsplit=1)[0],
        size=size,
        lines=lines,
        blank=blank,
        accepted=accepted,
        rejected=rejected,
    )


def by_day(tenant: str, name: str, *values: int) -> dict[tuple[str, str, str], int]:
    return {(day, tenant, name): value for day, value in zip(DAYS, values, strict=True)}


def alert(  # noqa: PLR0913, PLR0917 - the columns that are shown
    tenant: str, limit: str, used: str, amount: str, threshold: int, metric: str = "cost"
) -> dict[str, object]:
    return {
        "tenant_id": tenant,
        "limit_id": limit,
        "metric": metric,
        "threshold": threshold,
        "passed": False,
        "used": Decimal(used),
        "amount": Decimal(amount),
        "first_day": date(2026, 5, 1),
        "last_day": date(2026, 5, 30),
    }


RESULT = Result(
    TRUTH,
    Totals(
        usage=Counter(
            {
                **by_day("a", "records", 100, 500, 100),
                **by_day("b", "records", 100, 200, 200),
                **by_day("a", "tokens_total", 9_000, 45_000, 9_000),
                **by_day("b", "tokens_total", 1_000, 2_000, 2_000),
                **by_day("a", "conversations", 1, 5, 0),
                **by_day("a", "messages", 20, 90, 10),
                **by_day("a", "picodollars", 1_500_000, 10**12, 0),
                **by_day("a", "unpriced_tokens", 0, 3_000, 0),
                **by_day("b", "unpriced_tokens", 1_000, 2_000, 2_000),
            }
        ),
        overall=Counter({("tokens_total",): 68_000}),
        series=Counter(
            {
                **by_day("a", "tokens", 9_000, 45_000, 9_000),
                **by_day("b", "tokens", 1_000, 2_000, 2_000),
                **by_day("a", "conversations", 1, 5, 0),
                **by_day("a", "messages", 20, 90, 10),
            }
        ),
        days=Counter({(DAYS[2], "records"): 1_200, (DAYS[2], "duplicates"): 3, (DAYS[2], "late_records"): 1}),
        files=Counter({(PERSONA, "rejected"): 4, (RUNS, "rejected"): 1, (RUNS, "blank"): 2}),
        rejects=Counter(
            {(PERSONA, "invalid_status"): 1, (PERSONA, "not_utf8"): 3, (RUNS, "invalid_tokens_in"): 1},
        ),
        balances=Counter(
            {
                ("a", "granted"): 1_000 * 10**12,
                ("a", "rolled_out"): 200 * 10**12,
                ("a", "rolled_in"): 200 * 10**12,
                ("a", "used"): 5 * 10**11,
                ("a", "expired"): 5 * 10**11 - 1,
                ("a", "balance"): 999 * 10**12 + 1,
                ("b", "topped_up"): 100 * 10**12,
                ("b", "used"): 1_200 * 10**12,
                ("b", "overage"): 1_100 * 10**12,
                ("b", "balance"): -1_100 * 10**12,
            }
        ),
    ),
    [file(PERSONA, 70_000, 1_004, 0, 1_000, 4), file(RUNS, 9_000, 206, 2, 203, 1)],
    Conflict("e1", "a"),
    [Pruned(date(2026, 5, day), files=1, texts=1_000, records=0, rejects=2, bytes=4_000) for day in (1, 2)],
    [alert("a", "a-cost", "512.5", "500", 100), alert("b", "b-tokens", "81", "100", 80, "tokens_total")],
)

EXPECTED = """\
Simulated logs of 3 tenants on 3 days, 2026-05-28 to 2026-05-30, seed 7

Landed files

 source      files  lines  accepted  rejected   bytes
 ─────────────────────────────────────────────────────
 agent_runs      1    206       203         1   9,000
 persona         1  1,004     1,000         4  70,000
 all             2  1,210     1,203         5  79,000

Landed lines

 lines  outcome     meaning
 ───────────────────────────────────────────────────────────────────────
 1,200  records     counted
     3  duplicates  the same line again: it counts once
     0  conflicts   the same id, other content: the first landed counts
     5  rejected    not counted; the reasons are below
     2  blank       empty

 Late, landed two or more days after they happened: 1 record.
 They count on the day on which they happened.

Rejected lines

 lines  reason            meaning
 ─────────────────────────────────────────────────────────────
     3  not_utf8          The line is not UTF-8 text
     2  invalid_<column>  A value is not of the expected form

Tokens per day, all tenants

 47,000 ┤ █
        ┤ █
        ┤ █
        ┤▇██
      0 └───
         2026-05-28 2026-05-30
 68,000 in all, 10,000 to 47,000 a day

Conversations per day, all tenants

      5 ┤ █
        ┤ █
        ┤ █
        ┤▇█
      0 └───
         2026-05-28 2026-05-30
 6 in all, 0 to 5 a day

Messages per day, all tenants

     90 ┤ █
        ┤ █
        ┤ █
        ┤██▄
      0 └───
         2026-05-28 2026-05-30
 120 in all, 10 to 90 a day

Largest tenants

 tenant  plan  tokens  percent  conversations  messages
 ───────────────────────────────────────────────────────
 a       pro   63,000     92.6              6       120
 b       free   5,000      7.4              0         0

Costs; coverage: percent of tokens priced

 tenant  tokens  unpriced  coverage             USD
 ───────────────────────────────────────────────────
 a       63,000     3,000     95.23  1.000001500000
 b        5,000     5,000      0.00               –
 all     68,000     8,000     88.23  1.000001500000

Credits at 2026-05-31 00:00 UTC, rounded; below 0: overage

 tenant  granted  topped up  rolled over   used  expired  balance
 ─────────────────────────────────────────────────────────────────
 a         1,000          0          200      1        0      999
 b             0        100            0  1,200        0   -1,100

Alerts on limits, in whole units

 tenant  limit     alert    used   of  metric
 ───────────────────────────────────────────────────
 a       a-cost    over      512  500  cost
 b       b-tokens  at 80 %    81  100  tokens_total

Removed past the term of its plan; all numbers stay

 landing days  landing files  texts  rejected lines  bytes
 ──────────────────────────────────────────────────────────
            2              2  2,000               4  8,000

Planted anomalies; the bars are the tenant's records by day

 a, 2026-05-29: a spike, 5 times the usual
    █
   ▄█▄
    ^

 b, 2026-05-29 to 2026-05-30: a shift that stays, 2 times the usual
    ██
   ███
    ^^
"""
