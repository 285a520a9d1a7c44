"""Reports as PDF and HTML: every shown cell is there, names are text and nothing else, and bytes are stable."""

import hashlib
import subprocess
import sys
from functools import cache
from html.parser import HTMLParser
from io import BytesIO

import pytest
from pypdf import PdfReader

from usage_pipeline.reports.formats.html_file import html_files
from usage_pipeline.reports.formats.page import KeyFigure, key_figures, tables
from usage_pipeline.reports.formats.pdf_file import pdf_files
from usage_pipeline.reports.model import Report
from usage_pipeline_tests.reports.made import made_report

_CODE = '#eval("1+1") *b* [x] $y$ {{ 7*7 }} <script>alert(1)</script> &amp;'
_LONG = "name_without_a_break_" * 10
_SCRIPTS = (
    "שלום (Acme) 12",
    "مؤسسة المثال",
    "株式会社テスト",
    "한국어 모델",
    "हिन्दी",
    "ไทย",
    "🚀 rocket",
    "a\x01b\nc",
)


class _Page(HTMLParser):
    """The cells of the bodies of tables, in order, and what the page has and refers to."""

    def __init__(self, report: Report) -> None:
        super().__init__()
        self.cells: list[str] = []
        self.tags: list[str] = []
        self.links: set[str] = set()
        self.ids: list[str] = []
        self._is_body = self._is_cell = False
        self.feed(html_files(report)["report.html"].decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links.update(str(value) for name, value in attrs if name in {"href", "src", "xlink:href"})
        self.ids += [str(value) for name, value in attrs if name == "id"]
        self._is_body |= tag == "tbody"
        if self._is_body and tag in {"td", "th"}:
            self._is_cell = True
            self.cells.append("")

    def handle_endtag(self, tag: str) -> None:
        self._is_body &= tag != "tbody"
        self._is_cell &= tag not in {"td", "th"}

    def handle_data(self, data: str) -> None:
        if self._is_cell:
            self.cells[-1] += data


@cache
def _pdf(report: Report) -> PdfReader:
    return PdfReader(BytesIO(pdf_files(report)["report.pdf"]))


def _text(report: Report) -> str:
    """Return all that a PDF says, without spaces: words of tables are broken."""
    return "".join("".join(page.extract_text().split()) for page in _pdf(report).pages)


def _shown(report: Report) -> list[str]:
    return [cell for table in tables(report) for line in table.lines for cell in line.cells]


def test_pdf_shows_title_notes_and_every_cell() -> None:
    report = made_report(_CODE, models=("gpt-4.1", _CODE, _LONG))
    text = _text(report)
    assert [
        said for said in (report.title, *report.notes, *_shown(report)) if "".join(said.split()) not in text
    ] == []


def test_pdf_has_the_fonts_of_the_names_that_it_shows() -> None:
    fonts = {
        font.split("+")[1]
        for page in _pdf(made_report(models=_SCRIPTS)).pages
        for font in page._get_fonts()[0]  # noqa: SLF001 - pypdf has no other way
    }
    assert fonts == {
        *("NotoSans-Regular", "NotoSans-Bold", "NotoSansHebrew-Regular", "NotoSansArabic-Regular"),
        *("NotoSansDevanagari-Regular", "NotoSansThai-Regular", "NotoEmoji-Regular", "DroidSansFallback"),
    }


def test_pdf_says_what_it_is_and_not_when_it_was_made() -> None:
    pdf = _pdf(made_report())
    assert pdf.metadata
    assert (pdf.metadata.title, pdf.metadata.creation_date) == ("Usage of Acme", None)
    assert (pdf.root_object["/Lang"], pdf.root_object["/MarkInfo"]["/Marked"]) == ("en", True)


def test_pages_are_numbered() -> None:
    pages = [page.extract_text() for page in _pdf(made_report(days=28)).pages]
    assert [f"Page {at} of {len(pages)}" in text for at, text in enumerate(pages, start=1)] == [True] * len(pages)


def test_wide_tables_are_on_pages_turned_across() -> None:
    report = made_report(tokens=123_456_789_012_345)
    sizes = {(round(page.mediabox.width), round(page.mediabox.height)) for page in _pdf(report).pages}
    assert sizes == {(595, 842), (842, 595)}


def test_html_shows_every_cell() -> None:
    report = made_report(_CODE, models=("gpt-4.1", _CODE, _LONG, *_SCRIPTS))
    assert _Page(report).cells == _shown(report)


def test_html_has_all_that_it_needs_and_no_scripts() -> None:
    page = _Page(made_report(_CODE, models=(_CODE,)))
    assert page.links == {f"#{name}" for name in page.ids if f"#{name}" in page.links}
    assert {"script", "link", "img", "iframe", "style"} & set(page.tags) == {"style"}


def test_html_says_of_each_picture_what_it_is() -> None:
    page = _Page(made_report())
    assert [page.tags[at + 1 : at + 3] for at, tag in enumerate(page.tags) if tag == "svg"] == [
        ["title", "desc"]
    ] * 4
    assert len(page.ids) == len(set(page.ids))


@pytest.mark.parametrize(
    "report",
    [
        pytest.param(made_report(days=1), id="one day"),
        pytest.param(made_report(tokens=0, models=()), id="no usage"),
        pytest.param(made_report(days=3, missing=range(3)), id="nothing known"),
        pytest.param(made_report(days=90, missing=range(30, 40)), id="90 days"),
        pytest.param(made_report(models=[f"model-{at}" for at in range(500)]), id="500 models"),
        pytest.param(made_report(_LONG, models=(_LONG, _LONG * 5)), id="long names"),
        pytest.param(made_report(_SCRIPTS[0], models=_SCRIPTS), id="many scripts"),
    ],
)
def test_any_report_is_a_page(report: Report) -> None:
    assert _Page(report).cells == _shown(report)
    assert "Total" in _pdf(report).pages[-1].extract_text()


def test_same_report_is_the_same_bytes_in_another_process() -> None:
    code = f"import {__name__} as here; print(here.digest())"
    other = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert other.strip() == digest()


def digest() -> str:
    """Return a digest of a PDF and an HTML page."""
    report = made_report(models=_SCRIPTS)
    return hashlib.sha256(b"".join([*pdf_files(report).values(), *html_files(report).values()])).hexdigest()


def test_key_figures_have_the_change_with_its_sign() -> None:
    assert list(key_figures(made_report(days=1))) == [
        KeyFigure("Tokens", "1,200,000", "0.0 %"),
        KeyFigure("Requests", "1,200", ""),
        KeyFigure("Cost, USD", "1.20", "-90.0 %"),
    ]
