"""The metrics of the process for Prometheus. Their labels are routes, never tenants: `/metrics` has no erasure."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from starlette.requests import Request

from usage_pipeline.api.exchanges import Exchange

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class Measures:
    """The metrics of one app, in a registry of their own."""

    def __init__(self) -> None:
        """Begin at zero."""
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "usage_api_requests", "Requests answered.", ("method", "route", "status"), registry=self._registry
        )
        self._seconds = Histogram(
            "usage_api_request_seconds",
            "Seconds from a request to the end of its answer.",
            ("method", "route"),
            buckets=_SECONDS,
            registry=self._registry,
        )
        self.in_progress = Gauge(
            "usage_api_requests_in_progress", "Requests that are being answered.", registry=self._registry
        )

    def observe(self, exchange: Exchange) -> None:
        """Count a request that was answered."""
        self._requests.labels(exchange.method, exchange.route, exchange.status).inc()
        self._seconds.labels(exchange.method, exchange.route).observe(exchange.seconds)

    @property
    def text(self) -> bytes:
        """All metrics in the text format of Prometheus."""
        return generate_latest(self._registry)


def measures_of(request: Request) -> Measures:
    """Return the metrics of the app."""
    measures: Measures = request.app.state.measures
    return measures
