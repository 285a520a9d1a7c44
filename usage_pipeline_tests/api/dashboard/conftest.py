"""A server with the dashboard, and pages of a real browser that look at it."""

import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import date

import pytest
import uvicorn
from duckdb import DuckDBPyConnection
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright

from usage_pipeline.alerts.raising import settle_credits_and_limits
from usage_pipeline.api.app import create_app
from usage_pipeline.keys.keys import NewKey, Scope, create_key
from usage_pipeline.reports.batch import Batch
from usage_pipeline.reports.scope import ReportPeriod
from usage_pipeline.reports.writing import write_reports
from usage_pipeline.settings import Settings
from usage_pipeline.storage.opened import Storage, open_storage
from usage_pipeline.validation.checks import Severity
from usage_pipeline.validation.results import CheckResult, CheckRun, keep_results
from usage_pipeline_tests.api.conftest import NOW, write_and_compute
from usage_pipeline_tests.conftest import FillOnce, settings_of
from usage_pipeline_tests.limits.reading import limit, write_limits

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
MOST_MS = 60_000
"""How long a page may take on a busy machine."""
expect.set_options(timeout=MOST_MS)
WIDE, PHONE = (1280, 900), (360, 740)
PERIOD = ReportPeriod(date(2026, 5, 18), date(2026, 5, 19))


@pytest.fixture(scope="package")
def shown(
    new_database: Callable[[], str],
    engine_of: Callable[[Settings], DuckDBPyConnection],
    fill_once: FillOnce,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Storage]:
    """What `served` has, and limits, alerts, a report and a failed check: something for every view."""
    settings = settings_of(
        tmp_path_factory.mktemp("shown"),
        new_database(),
        now=NOW,
        platform_name="Example",
        api_access_log=False,
        api_logins_per_minute=1000,
    )
    with open_storage(settings) as opened:
        storage = replace(opened, get_engine=lambda: engine_of(settings))
        fill_once(storage, write_and_compute)
        write_limits(
            storage,
            limit("tokens_total", 250, id="tokens"),
            limit("records", 10, scope="{member_id: ann}", id="ann", action="block"),
            limit("cost", 1000, id="spend"),
            limit("prompts", 2, tenant="initech", id="prompts"),
        )
        settle_credits_and_limits(storage)
        list(write_reports(Batch(storage, PERIOD, (), ("acme",)), ("csv", "json")))
        _fail_a_check(storage)
        yield storage


def _fail_a_check(storage: Storage) -> None:
    found = CheckResult(
        "usage_records", date(2026, 5, 20), "ids_are_unique", None, Severity.WARNING, "1 row", "none"
    )
    with storage.warehouse.begin() as connection:
        results = [replace(found, success=False)]
        keep_results(connection, [found.table_name], [found.day], results, CheckRun("test", "run", NOW))


@pytest.fixture(scope="package")
def address(shown: Storage) -> Iterator[str]:
    """The address of a server in a thread."""
    config = uvicorn.Config(create_app(shown), port=0, log_config=None, access_log=False, ws="none")
    server = uvicorn.Server(config)
    listener = config.bind_socket()
    thread = threading.Thread(target=server.run, args=([listener],))
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    server.should_exit = True
    thread.join()


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """The Chromium of the distribution. It ends with the package, because other tests run loops of their own."""
    if CHROMIUM is None:
        pytest.skip("No Chromium is installed, so nobody looks at the dashboard.")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        opened.close()


@dataclass(frozen=True)
class Visit:
    """A page of a browser, and what went wrong in it that nobody expects."""

    page: Page
    address: str
    faults: list[str] = field(default_factory=list)

    def open(self, query: str = "") -> Page:
        """Open the dashboard, and wait until nothing is loading."""
        self.page.goto(f"{self.address}/dashboard/{query}")
        return self.settle()

    def sign_in(self, key: str) -> None:
        """Open a session in this browser, without the form."""
        assert self.page.request.post(f"{self.address}/v1/session", data={"key": key}).status == 201

    def settle(self) -> Page:
        """Wait until nothing is loading, and charts are drawn."""
        self.page.wait_for_function(SETTLED)
        return self.page


SETTLED = """() => document.querySelector("h1")
  && !document.querySelector("[aria-busy=true], .loading")
  && [...document.querySelectorAll(".chart:not(.failed)")].every((chart) => chart.querySelector("svg"))"""


@pytest.fixture(scope="package")
def key_of(shown: Storage) -> Callable[..., str]:
    """Makes a key of a tenant, or of the platform without one, with more scopes."""

    def key(tenant_id: str | None, *more: Scope) -> str:
        own = Scope.PLATFORM if tenant_id is None else Scope.TENANT
        name = f"key of {tenant_id or 'the platform'}"
        with shown.warehouse.begin() as connection:
            return create_key(connection, NewKey(name, tenant_id, frozenset({own, *more}), "test"), NOW)

    return key


@pytest.fixture
def new_page(browser: Browser, address: str) -> Iterator[Callable[..., Visit]]:
    """Opens a page of a browser that nobody has signed in with, of a size and in a scheme of colours.

    At the end nothing may have gone wrong in a page: no error of a script, and nothing that its policy blocked.
    """
    visits: list[Visit] = []
    with ExitStack() as opened:

        def start(size: tuple[int, int] = WIDE, *, dark: bool = False) -> Visit:
            context = browser.new_context(
                viewport={"width": size[0], "height": size[1]},
                color_scheme="dark" if dark else "light",
                reduced_motion="reduce",
            )
            opened.callback(context.close)
            visits.append(_watched(context.new_page(), address))
            return visits[-1]

        yield start
    assert [fault for visit in visits for fault in visit.faults] == []


@pytest.fixture
def visit(new_page: Callable[..., Visit], key_of: Callable[..., str]) -> Callable[..., Visit]:
    """Opens a page like `new_page`, with the session of a tenant, or of the platform, and of more scopes."""

    def start(tenant_id: str | None, *more: Scope, size: tuple[int, int] = WIDE, dark: bool = False) -> Visit:
        found = new_page(size, dark=dark)
        found.sign_in(key_of(tenant_id, *more))
        return found

    return start


def _watched(page: Page, address: str) -> Visit:
    visit = Visit(page, address)

    def note(message: ConsoleMessage) -> None:
        # Answers other than 200 are told of, too, and are what some tests are about.
        if message.type in {"error", "warning"} and "Failed to load resource" not in message.text:
            visit.faults.append(message.text)

    page.set_default_timeout(MOST_MS)
    page.on("console", note)
    page.on("pageerror", lambda error: visit.faults.append(str(error)))
    return visit
