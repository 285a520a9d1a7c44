// Tables of groups, the largest first, with bars.

import { h } from "../core/dom.js";
import { full } from "../format/numbers.js";
import { table } from "./table.js";

/**
 * Return the table of an answer of rows by groups, with its total; null without rows. The bars are of `metric`, and
 * `name(row)` returns what stands in front.
 */
export function groupTable({ caption, label, answer, metric, name, columns }) {
  const { items, total, left_out: leftOut } = answer;
  if (!items.length) return null;
  const most = Math.max(...items.map((item) => Number(item[metric] ?? 0)));
  const share = (row) => (row === total || !most ? null : (Number(row[metric] ?? 0) / most) * 100);
  const first = { label, cell: (row) => (row === total ? "Total" : name(row)) };
  const found = table({
    caption,
    columns: [first, { label: "Bar", bar: share }, ...columns],
    rows: items,
    total,
    bars: true,
  });
  return leftOut ? [found, h("p", { class: "more" }, `${full(leftOut)} more are in the total only.`)] : found;
}
