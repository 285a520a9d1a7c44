"""What a page shows, as texts."""

from playwright.sync_api import Page

_TABLE = """(caption) => {
  const table = [...document.querySelectorAll("table")].find((one) => one.caption.textContent.startsWith(caption));
  return table && [...table.rows].map((row) => [...row.cells].map((cell) => cell.textContent));
}"""
_CARDS = """(title) => {
  const sections = [...document.querySelectorAll("section")];
  const found = sections.find((section) => section.querySelector("h2").textContent === title);
  const cards = [...found.querySelectorAll(".cards > div")];
  return Object.fromEntries(cards.map((card) => [
    card.querySelector("dt").textContent,
    [card.querySelector(".value").textContent, card.querySelector(".value").title,
     card.querySelector(".change")?.textContent ?? ""],
  ]));
}"""


def table(page: Page, caption: str) -> list[list[str]]:
    """The rows of the table whose caption begins so, its head first."""
    found: list[list[str]] = page.evaluate(_TABLE, caption)
    assert found, f"no table {caption!r}"
    return found


def cards(page: Page, title: str) -> dict[str, list[str]]:
    """The cards of a section: what is shown, the exact value, and the change, by label."""
    found: dict[str, list[str]] = page.evaluate(_CARDS, title)
    return found


def labels(page: Page) -> list[str]:
    """What the charts say in words to those who don't see them."""
    return [str(chart.get_attribute("aria-label")) for chart in page.locator(".chart").all()]


def notes(page: Page) -> list[str]:
    """The notes above the view."""
    return page.locator(".notes li").all_text_contents()
