"""Three days of two tenants, landed and computed, which tests only read; the second day is an outage."""

from collections.abc import Callable

import pytest

from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.insights.metered import PRICES, RATES, metered, write_format
from usage_pipeline_tests.support import Landing, land_and_compute


@pytest.fixture(scope="module")
def used(open_shared: Callable[..., Storage], tmp_path_factory: pytest.TempPathFactory) -> Storage:
    """The 1st to the 3rd of May 2026; nothing was delivered of the 2nd."""
    folder = tmp_path_factory.mktemp("insights")
    (folder / "reference").mkdir()
    (folder / "reference" / "prices.yaml").write_text(PRICES)
    (folder / "reference" / "credit_rates.yaml").write_text(RATES)
    storage = open_shared(formats_dir=write_format(folder / "formats"), reference_dir=folder / "reference")
    landing = Landing(storage.settings.landing)
    landing.write(
        "metered",
        "2026-05-01",
        [
            metered("a1", 1, tokens_in=100, latency_ms=200, conversation_id="c1", cost="1.5"),
            metered("a2", 1, tokens_in=50, latency_ms=400, conversation_id="c1", status="failed", cost="600"),
            metered("g1", 1, tokens_in=7, tenant="globex", model="y"),
        ],
    )
    landing.write("metered", "2026-05-03", [metered("a3", 3, tokens_in=30, cost="0.25", project="red")])
    landing.write("metered", "2026-05-04", [])
    land_and_compute(storage, "records", "rollups", "series", "breakdowns", "costs", "credits")
    return storage
