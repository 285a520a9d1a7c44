// How far each day can be trusted, and what failed on it.

import { get } from "../core/api.js";
import { h } from "../core/dom.js";
import { dayText, monthText, weekdayOf } from "../format/days.js";
import { full } from "../format/numbers.js";
import { section } from "../parts/section.js";
import { table, words } from "../parts/table.js";

const STATUSES = {
  final: "they no longer change by themselves",
  provisional: "late records may change them",
  restated: "they changed after they were final",
  missing: "they are not known, which is not zero",
};
const LEVELS = { error: "bad", warning: "warn" };
const WEEKDAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const FULL = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

/** Return the sections of the view. */
export function days(context) {
  const range = { from: context.range.from, to: context.range.to };
  return [calendar(range), ...(context.isOperator ? [checks(range)] : [])].map(({ element }) => element);
}

function calendar(range) {
  return section({
    title: "Status of days",
    about: "Days are UTC. A version counts the computations that changed the day.",
    whole: true,
    load: () => get("days", range),
    show: ({ items }) => [summary(items), h("div", { class: "months" }, months(items).map(month))],
  });
}

function summary(items) {
  const lines = Object.entries(STATUSES).map(([status, meaning]) => {
    const count = items.filter((item) => item.status === status).length;
    return h("li", {}, h("strong", {}, `${full(count)} ${status}`), `: ${meaning}.`);
  });
  return h("ul", { class: "quiet", "aria-label": "Days by status" }, lines);
}

function months(items) {
  const found = Map.groupBy(items, (item) => item.day.slice(0, 7));
  return [...found.values()];
}

function month(items) {
  const heads = WEEKDAYS.map((name, at) => h("th", { scope: "col", abbr: FULL[at] }, name));
  return h(
    "table",
    { class: "calendar" },
    h("caption", {}, monthText(items[0].day)),
    h("thead", {}, h("tr", {}, heads)),
    h("tbody", {}, weeks(items).map((week) => h("tr", {}, week.map(day)))),
  );
}

function weeks(items) {
  const cells = [...Array(weekdayOf(items[0].day)).fill(null), ...items];
  while (cells.length % 7) cells.push(null);
  return Array.from({ length: cells.length / 7 }, (_, at) => cells.slice(7 * at, 7 * at + 7));
}

function day(item) {
  if (item === null) return h("td", { class: "outside" });
  const version = item.version ? `, version ${item.version}` : "";
  return h(
    "td",
    { class: item.status, title: `${dayText(item.day)}: ${item.status}${version}` },
    h("span", { class: "day" }, String(Number(item.day.slice(8)))),
    h("span", { class: "mark" }, item.status === "provisional" ? "prov." : item.status),
    item.version > 1 ? h("span", { class: "mark" }, `v${item.version}`) : null,
  );
}

function checks(range) {
  return section({
    title: "Failed checks",
    about: "Of all tenants, on event days or landing days, whichever the table is partitioned by.",
    whole: true,
    load: () => get("quality", range),
    show: ({ items }) => checkTable(items),
    empty: "No check failed on these days.",
  });
}

function checkTable(items) {
  if (!items.length) return null;
  const columns = [
    words("Day", "day", { nowrap: true }),
    { label: "Result", cell: ({ result }) => h("span", { class: `badge ${LEVELS[result]}` }, result) },
    words("Table", "table", { nowrap: true }),
    words("Check", "check", { nowrap: true }),
    words("Found", "observed", { long: true }),
    words("Expected", "expected", { long: true }),
  ];
  return table({ caption: "Failed checks", columns, rows: items.toReversed() });
}
