"""A report as PDF, for printing and for mail: `report.typ` filled with the report as data."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from functools import cached_property
from pathlib import Path
from threading import local
from typing import TYPE_CHECKING, Any

from usage_pipeline.reports.charts.drawing import charts
from usage_pipeline.reports.fonts import FIRST, FONTS, OTHERS
from usage_pipeline.reports.formats.page import key_figures, period, tables
from usage_pipeline.reports.formats.table_layout import ACROSS, UPRIGHT, Layout, layout_of
from usage_pipeline.reports.model import Report

if TYPE_CHECKING:
    from typst import Compiler

_TEMPLATE = Path(__file__).with_name("report.typ")


def pdf_files(report: Report) -> Mapping[str, bytes]:
    """Return `report.pdf`: the same bytes for the same report, on every machine."""
    pdf = _COMPILERS.of_this_thread.compile(
        format="pdf", sys_inputs={"report": json.dumps(_data(report), ensure_ascii=False)}
    )
    if not isinstance(pdf, bytes):
        raise TypeError("Typst made no single file.")
    return {"report.pdf": pdf}


class _Compilers(local):
    """A compiler for each thread, because one cannot be shared; each keeps what it has read and laid out."""

    @cached_property
    def of_this_thread(self) -> "Compiler":
        """Make it with the fonts of reports only, so that no page depends on those of the machine."""
        import typst  # noqa: PLC0415 - it is for reports only

        fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(FONTS)])
        return typst.Compiler(str(_TEMPLATE), root=str(_TEMPLATE.parent), font_paths=fonts)


_COMPILERS = _Compilers()


def _data(report: Report) -> dict[str, Any]:
    """Return what the template reads. It is data to Typst: nothing in it is read as markup or code."""
    layouts = [layout_of(table) for table in tables(report)]
    is_across = any(layout.least > UPRIGHT for layout in layouts)
    room = ACROSS if is_across else UPRIGHT
    return {
        "fonts": [FIRST, *OTHERS],
        "title": report.title,
        "tenant": report.scope.tenant_id or "",
        "period": period(report),
        "facts": report.facts,
        "notes": report.notes,
        "figures": [asdict(figure) for figure in key_figures(report)],
        "charts": [asdict(chart) for chart in charts(report)],
        "is_across": is_across,
        "tables": [_table(layout, room) for layout in layouts],
    }


def _table(layout: Layout, room: float) -> dict[str, Any]:
    table = layout.table
    return {
        "title": table.title,
        "about": table.about,
        "size": layout.size(room),
        "has_long_names": layout.has_long_names,
        "columns": [
            {"label": column.label, "is_number": column.kind.is_number, "width": width}
            for column, width in zip(table.columns, layout.widths(room), strict=True)
        ],
        "lines": [{"role": line.role, "cells": line.cells} for line in table.lines],
    }
