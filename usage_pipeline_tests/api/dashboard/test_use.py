"""How the dashboard is used: signing in, switching, by keyboard, on a phone, and when something is wrong."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from usage_pipeline.keys.keys import revoke_key
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.api.conftest import NOW
from usage_pipeline_tests.api.dashboard.conftest import PHONE, Visit
from usage_pipeline_tests.api.dashboard.reading import cards, notes, table

Visiting = Callable[..., Visit]

DAYS = "from=2026-05-18&to=2026-05-22"
VIEWS = (
    *("overview&tenant=acme", "costs&tenant=acme", "breakdown", "insights", "limits", "days", "downloads"),
    *("runs", "runs&tenant=initech&run=initech-second"),
)
"""The views, with what makes most of each be seen."""


def test_a_key_opens_a_session_and_the_page_that_was_asked_for(
    new_page: Visiting, key_of: Callable[..., str], shown: Storage
) -> None:
    visit = new_page()
    page = visit.open(f"?view=costs&{DAYS}")
    page.get_by_label("API key").fill("up_000000000000_wrong")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_have_text(
        "This key is not valid. It may be revoked, expired or mistyped."
    )
    key = key_of("acme")
    page.get_by_label("API key").fill(key)
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Costs").wait_for()
    visit.settle()
    assert page.url.endswith(f"?view=costs&{DAYS}")
    assert key not in page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie])")
    page.locator(".menu > summary").click()
    assert page.locator(".menu .facts dd").all_text_contents() == ["key of acme", "tenant", "acme"]
    with shown.warehouse.begin() as connection:
        revoke_key(connection, key.split("_")[1], NOW)
    page.get_by_role("link", name="Limits").click()
    page.get_by_label("API key").wait_for()
    visit.sign_in(key_of("acme"))
    page.reload()
    page.get_by_role("heading", name="Limits", level=1).wait_for()
    page.locator(".menu > summary").click()
    page.get_by_role("button", name="Sign out").click()
    page.get_by_label("API key").wait_for()
    assert page.request.get(f"{visit.address}/v1/me").status == 401


def test_an_operator_switches_tenants_and_days_by_keyboard(visit: Visiting) -> None:
    page = visit(None).open(f"?{DAYS}")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="To the content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    page.get_by_label("Tenant").focus()
    page.keyboard.type("ini")
    matches = page.get_by_role("listbox", name="Matches").get_by_role("option")
    expect(matches).to_have_text(["initech"])
    page.keyboard.press("Enter")
    expect(page).to_have_title("Overview · initech · Example")
    expect(page.get_by_label("Tenant")).to_be_focused()
    page.get_by_label("Tenant").press("ArrowDown")
    expect(matches).to_have_text(["All tenants", "acme", "globex", "initech"])
    expect(page.locator(".combo [aria-selected=true]")).to_have_text("All tenants")
    page.keyboard.press("Escape")
    expect(page.get_by_role("listbox")).to_be_hidden()
    page.get_by_label("Last day").fill("2026-05-20")
    page.get_by_label("Last day").press("Enter")
    page.wait_for_url("**to=2026-05-21**")
    page.get_by_label("Days").select_option("Last 7 days")
    page.wait_for_url("**days=7**")
    expect(page.locator(".title p")).to_have_text("15 May 2026 to 21 May 2026, UTC days")
    page.go_back()
    expect(page.locator(".title p")).to_have_text("18 May 2026 to 20 May 2026, UTC days")


def test_a_key_of_a_tenant_shows_no_other(visit: Visiting) -> None:
    started = visit("acme")
    page = started.open(f"?tenant=globex&{DAYS}")
    expect(page.get_by_role("alert")).to_contain_text("This key reads no other tenant than acme.")
    page.get_by_role("link", name="To the overview").click()
    page.get_by_role("heading", name="Overview").wait_for()
    assert page.get_by_role("combobox", name="Tenant").count() == 0
    assert "globex" not in started.settle().content()


@contextmanager
def broken(file: Path) -> Iterator[None]:
    kept = file.read_text()
    file.write_text("- {")
    try:
        yield
    finally:
        file.write_text(kept)


def test_a_problem_is_told_with_its_request_and_tried_again(visit: Visiting, shown: Storage) -> None:
    started = visit("acme")
    with broken(shown.settings.reference / "limits.yaml"):
        page = started.open("?view=limits")
        box = page.get_by_role("alert")
        assert "The server cannot answer, because its data or its settings are broken." in box.inner_text()
        assert len(box.locator("code").inner_text()) == 32
        assert table(page, "Open alerts")[1][0] == "tokens"
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("meter")).to_have_count(3)
    page.context.set_offline(True)
    page.get_by_role("link", name="Runs").click()
    expect(page.get_by_role("alert")).to_contain_text("The server cannot be reached.")
    page.context.set_offline(False)
    page.get_by_role("button", name="Try again").click()
    page.get_by_text("No run on these days passes the filters.").wait_for()


def test_who_cannot_be_signed_out_is_told_so_and_stays(visit: Visiting) -> None:
    page = visit("acme").open("?view=days")
    page.locator(".menu > summary").click()
    page.context.set_offline(True)
    page.get_by_role("button", name="Sign out").click()
    expect(page.locator(".menu [role=alert]")).to_contain_text(
        "You are still signed in. The server cannot be reached."
    )
    assert page.get_by_role("heading", name="Days", level=1).is_visible()
    page.context.set_offline(False)
    page.get_by_role("button", name="Sign out").click()
    page.get_by_label("API key").wait_for()


def test_another_filter_begins_with_the_first_page(visit: Visiting) -> None:
    page = visit("acme").open(f"?view=runs&{DAYS}&cursor=of-another-filter&agent=a&agent=b")
    page.get_by_role("link", name="Remove the filter Agent: b").click()
    page.get_by_text("No run on these days passes the filters.").wait_for()
    assert page.url.endswith(f"?view=runs&{DAYS}&agent=a")


def test_where_nothing_is_known_the_page_says_so(visit: Visiting) -> None:
    started = visit("globex")
    empty = "from=2026-05-22&to=2026-05-23"
    page = started.open(f"?{empty}")
    assert cards(page, "At a glance")["Cost, USD"][0] == "–"
    assert page.get_by_text("No day of this range is known.").count() == 3
    page = started.open(f"?view=costs&{empty}")
    assert cards(page, "Cost")["Cost, USD"] == ["–", "–", "these days are missing"]
    assert page.get_by_text("No day of this range is known.").count() == 3
    for view, text in {
        "breakdown": "No day of this range is known.",
        "insights": "Nothing can be judged yet.",
        "limits": "No limits are set.",
        "runs": "No run on these days passes the filters.",
        "downloads": "No report has been written yet.",
    }.items():
        assert started.open(f"?view={view}&{empty}").get_by_text(text).first.is_visible(), view


def test_an_address_with_days_that_are_no_range_is_not_obeyed_in_silence(visit: Visiting) -> None:
    started = visit("acme")
    instead = "Shown instead: 24 Apr 2026 to 21 May 2026."
    for query, why in {
        "from=2026-05-22&to=2026-05-18": "The address asks for days from 2026-05-22 to before 2026-05-18.",
        "from=2026-02-30&to=2026-05-18": "The address asks for days from 2026-02-30 to before 2026-05-18.",
        "days=13": "The address asks for the last 13 days.",
    }.items():
        assert notes(started.open(f"?view=days&{query}"))[0] == f"{why} {instead}"


def violations(page: Page, *rules: str) -> str:
    only = {"runOnly": {"type": "rule", "values": list(rules)}} if rules else None
    found = Axe().run(page, options=only)
    return "" if found.violations_count == 0 else found.generate_report()


def test_axe_finds_nothing_by_day_and_night_and_all_fits_on_a_phone(visit: Visiting) -> None:
    started = visit(None, size=PHONE)
    for view in VIEWS:
        page = started.open(f"?view={view}&{DAYS}")
        assert page.evaluate("document.documentElement.scrollWidth") == PHONE[0], view
        page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
        assert violations(page) == "", view
        page.emulate_media(color_scheme="dark")
        assert violations(page, "color-contrast") == "", f"{view} in the dark"
        page.emulate_media(color_scheme="light")


def test_colours_are_those_of_the_system_or_chosen(visit: Visiting) -> None:
    started = visit("acme", dark=True)
    page = started.open("?view=days")
    background = "getComputedStyle(document.body).backgroundColor"
    assert page.evaluate(background) == "rgb(20, 24, 29)"
    page.locator(".menu > summary").click()
    page.get_by_label("Colours").select_option("Light")
    assert page.evaluate(background) == "rgb(255, 255, 255)"
    page.reload()
    assert page.evaluate(background) == "rgb(255, 255, 255)"
