"""Plans the usage by tenant and day: rhythm, growth, planted anomalies, and the number of faulty lines.

All numbers follow from the simulation's settings, so each day can be made by itself.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from statistics import NormalDist
from zoneinfo import ZoneInfo

import numpy as np

from usage_pipeline.simulation.arrays import HOUR_MS, Floats, Ints, shared_out, zeros
from usage_pipeline.simulation.settings import SOURCES, Simulation

# From ServeGen (alibaba/ServeGen at f891d118, Apache-2.0), m-large: 162 clients over 14 days.
TENANT_SIGMA = 2.15
"""Standard deviation of the logarithm of a client's requests."""
INPUT_MEAN, INPUT_SIGMA, INPUT_TENANT_SIGMA = 751.0, 0.42, 1.00
"""Input tokens of a request, from windows of a client and 6 hours with more than 1,000 requests.

The median of the windows' means; the median sigma of a lognormal with a window's mean and largest value; and the
standard deviation of the logarithm of the means, used as the one between tenants.
"""
OUTPUT_MEAN, OUTPUT_SIGMA, OUTPUT_TENANT_SIGMA = 68.3, 0.73, 1.53
"""Output tokens of a request, derived in the same way."""

# Chosen, not measured: ServeGen's clients live in all time zones, and together show little rhythm.
BUSINESS_HOURS = (2, 1, 1, 1, 1, 2, 4, 7, 11, 15, 17, 17, 13, 15, 17, 17, 16, 13, 9, 7, 6, 5, 4, 3)
WEEKDAYS = (1.1, 1.2, 1.2, 1.15, 1.0, 0.4, 0.35)
MONTHLY_GROWTH = 1.10
NOISE_SIGMA = 0.08
ZONES = ("Europe/Berlin", "America/New_York")
PLANS = ("pro", "free", "archive", "free")
SOURCE_SHARES = (0.50, 0.35, 0.15)
CONVERSATIONS_PER_EVENT = 0.1

DELAYED_SHARE = 0.02
REDELIVERED_SHARE = 0.01
CONFLICT_SHARE = 0.0005
MALFORMED_SHARE = 0.001

_PLAN_STREAM = 3_000_000
"""Number of the plan's random stream; the numbers of days are far below."""


@dataclass(frozen=True)
class Tenant:
    """Name, plan and time zone of a tenant."""

    name: str
    plan: str
    zone: str


@dataclass(frozen=True)
class Planted:
    """An anomaly: on these days, both included, the tenant has `factor` times its usual events."""

    kind: str
    tenant: int
    first: int
    last: int
    factor: float


@dataclass(frozen=True)
class TopUp:
    """Credits that a tenant buys at the midnight that a day begins with; they do not expire."""

    tenant: int
    day: int
    credits: int


@dataclass(frozen=True)
class Faults:
    """Counts by day and source: events delayed, delivered again or contradicted, and additional broken lines."""

    delayed: Ints
    redelivered: Ints
    conflicts: Ints
    malformed: Ints


@dataclass(frozen=True)
class Plan:
    """The planned usage. Arrays are by day and tenant."""

    simulation: Simulation

    @cached_property
    def tenants(self) -> tuple[Tenant, ...]:
        """The tenants, largest first."""
        return tuple(
            Tenant(f"tenant-{number + 1:02}", PLANS[number % len(PLANS)], ZONES[number % len(ZONES)])
            for number in range(self.simulation.tenants)
        )

    @cached_property
    def planted(self) -> tuple[Planted, ...]:
        """The anomalies. The largest tenant has none, because it would outgrow all others."""
        days, others = self.simulation.days, self.simulation.tenants - 1
        spike, drop, viral, shift = (int(days * share) for share in (0.6, 0.4, 0.75, 0.5))
        return (
            Planted("spike", 1, spike, spike, 5.0),
            Planted("drop", 1 + 1 % others, drop, drop, 0.1),
            Planted("viral_day", 1 + 2 % others, viral, viral, 8.0),
            Planted("level_shift", 1 + 3 % others, shift, days - 1, 2.0),
        )

    @property
    def topup(self) -> TopUp:
        """The credits that the tenant with the spike buys for it."""
        spike = self.planted[0]
        return TopUp(spike.tenant, spike.first, 200_000)

    @cached_property
    def events(self) -> Ints:
        """Events by day, tenant and source."""
        totals = np.maximum(1, np.rint(self.expected * self._factors)).astype(np.int64)
        persona, statistics = (np.rint(totals * share).astype(np.int64) for share in SOURCE_SHARES[:2])
        return np.stack([persona, statistics, totals - persona - statistics], axis=2)

    @cached_property
    def conversations(self) -> Ints:
        """Conversations that may begin. On a viral day they are many and short."""
        wanted = self.events.sum(axis=2) * CONVERSATIONS_PER_EVENT
        for anomaly in self.planted:
            if anomaly.kind == "viral_day":
                wanted[anomaly.first, anomaly.tenant] *= 4
        return np.asarray(np.ceil(wanted).astype(np.int64))

    @cached_property
    def first_conversations(self) -> Ints:
        """The number of the first conversation of each day and tenant."""
        flat = self.conversations.ravel()
        return np.asarray((np.cumsum(flat) - flat).reshape(self.conversations.shape))

    @cached_property
    def faults(self) -> Faults:
        """Faults by day and source. The last day delays nothing, because its late lines would never land."""
        events = self.events.sum(axis=1)
        delayable = events.copy()
        delayable[-1] = 0
        return Faults(
            _shares(delayable, DELAYED_SHARE),
            _shares(events, REDELIVERED_SHARE),
            _shares(events, CONFLICT_SHARE),
            _shares(events, MALFORMED_SHARE),
        )

    @cached_property
    def input_means(self) -> Floats:
        """Mean input tokens of a request, by tenant."""
        return np.asarray(INPUT_MEAN * np.exp(INPUT_TENANT_SIGMA * self._shuffled_normals(1)))

    @cached_property
    def output_means(self) -> Floats:
        """Mean output tokens of a request, by tenant."""
        return np.asarray(OUTPUT_MEAN * np.exp(OUTPUT_TENANT_SIGMA * self._shuffled_normals(2)))

    def rng(self, day: int, source: int, stream: int = 0) -> np.random.Generator:
        """Return the random numbers of a day and source, independent of all others."""
        return self._stream(day, source, stream)

    def times(self, day: int, tenants: Ints, rng: np.random.Generator) -> Ints:
        """Draw milliseconds of the UTC day for events of these tenants, by the business hours of their zones."""
        hours = zeros(len(tenants))
        drawn = rng.random(len(tenants))
        for number, zone in enumerate(ZONES):
            here = tenants % len(ZONES) == number
            hours[here] = np.searchsorted(self._hour_bounds(day, zone), drawn[here], side="right")
        within = rng.integers(0, HOUR_MS, len(tenants))
        return np.minimum(hours, 23) * HOUR_MS + within

    def _hour_bounds(self, day: int, zone: str) -> Floats:
        noon = datetime.combine(self.simulation.date(day), datetime.min.time(), UTC).replace(hour=12)
        offset = noon.astimezone(ZoneInfo(zone)).utcoffset()
        ahead = int(offset.total_seconds() // 3600) if offset else 0
        weights = np.roll(np.array(BUSINESS_HOURS, dtype=np.float64), -ahead)
        return np.asarray(np.cumsum(weights) / weights.sum())

    def _stream(self, *key: int) -> np.random.Generator:
        return np.random.Generator(np.random.PCG64(np.random.SeedSequence(self.simulation.seed, spawn_key=key)))

    def _shuffled_normals(self, stream: int) -> Floats:
        return self._stream(_PLAN_STREAM, stream).permutation(_normals(self.simulation.tenants))

    @cached_property
    def expected(self) -> Floats:
        """Events by day and tenant without anomalies; their mean is `events_per_day`."""
        days = np.arange(self.simulation.days)
        weekdays = np.array([WEEKDAYS[self.simulation.date(int(day)).weekday()] for day in days])
        rhythm = weekdays * MONTHLY_GROWTH ** (days / 30)
        sizes = np.exp(TENANT_SIGMA * _normals(self.simulation.tenants))
        shape = (self.simulation.days, self.simulation.tenants)
        noise = self._stream(_PLAN_STREAM, 0).lognormal(0, NOISE_SIGMA, shape)
        wanted = rhythm[:, None] * sizes[None, :] * noise
        return np.asarray(wanted / wanted.mean() * self.simulation.events_per_day)

    @cached_property
    def _factors(self) -> Floats:
        factors = np.ones((self.simulation.days, self.simulation.tenants))
        for anomaly in self.planted:
            factors[anomaly.first : anomaly.last + 1, anomaly.tenant] *= anomaly.factor
        return factors


def _normals(count: int) -> Floats:
    """Return evenly spaced quantiles of the normal distribution, largest first: the tail never depends on luck."""
    return np.array([NormalDist().inv_cdf(1 - (number + 0.5) / count) for number in range(count)])


def _shares(events: Ints, share: float) -> Ints:
    return np.stack([shared_out(events[:, source], share) for source in range(len(SOURCES))], axis=1)
