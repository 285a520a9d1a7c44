// Tables of rows, with scrolling of their own where they are wide.

import { h } from "../core/dom.js";
import { ABSENT, full } from "../format/numbers.js";

/**
 * Return a table. A column has a `label`, `cell(row)`, which returns a text or an element, and may have
 * `title(row)`, the exact value. `number`, `nowrap` and `long` say how it is set. The first column heads the rows.
 * `bar(row)` of a column draws a bar of that percentage instead of text. `total` is a row for the foot.
 */
export function table({ caption, columns, rows, total = null, bars = false }) {
  const found = h(
    "table",
    { class: bars ? "bars" : null },
    h("caption", {}, caption),
    h("thead", {}, h("tr", {}, columns.map(header))),
    h("tbody", {}, rows.map((row) => line(columns, row))),
    total && h("tfoot", {}, line(columns, total)),
  );
  return h("div", { class: "wide", role: "region", tabindex: 0, "aria-label": `Table: ${caption}` }, found);
}

/** Return the column of a text, or of a dash where there is none. */
export function words(label, name, more = {}) {
  return { label, cell: (row) => row[name] ?? ABSENT, ...more };
}

/** Return the column of a number: `show` says how, the title has all its digits. */
export function figures(label, name, show = full) {
  const title = (row) => (row[name] === null || row[name] === undefined ? null : full(row[name]));
  return { label, number: true, cell: (row) => show(row[name]), title };
}

function header(column) {
  const label = column.bar ? h("span", { class: "unseen" }, column.label) : column.label;
  return h("th", { scope: "col", class: kindOf(column) }, label);
}

function line(columns, row) {
  return h("tr", {}, columns.map((column, at) => cell(column, row, at === 0)));
}

function cell(column, row, heads) {
  if (column.bar) return h("td", { class: "bar-cell" }, bar(column.bar(row)));
  const title = column.title?.(row) ?? null;
  const content = column.cell(row) ?? "";
  if (heads) return h("th", { scope: "row", dir: "auto", class: kindOf(column), title }, content);
  return h("td", { class: kindOf(column) ?? "text-cell", title }, content);
}

function kindOf(column) {
  return ["number", "nowrap", "long"].find((kind) => column[kind]) ?? null;
}

function bar(share) {
  return share === null ? null : h("span", { share: Math.max(0, Math.min(100, share)), "aria-hidden": "true" });
}
