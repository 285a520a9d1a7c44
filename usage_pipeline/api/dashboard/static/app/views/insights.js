// What changed until yesterday: days that stand out with what explains them, and how measures go.

import { get } from "../core/api.js";
import { h } from "../core/dom.js";
import { DIMENSIONS } from "../core/state.js";
import { addDays, rangeText } from "../format/days.js";
import { ABSENT, counted, full, money, percent, quantity } from "../format/numbers.js";
import { section } from "../parts/section.js";
import { table, words } from "../parts/table.js";

const DAYS = 28;
const MEASURES = {
  tokens_total: ["Tokens", quantity],
  requests: ["Requests", quantity],
  prompts: ["Prompts", quantity],
  messages: ["Messages", quantity],
  conversations: ["Conversations", quantity],
  cost: ["Cost, USD", money],
  credits: ["Credits", quantity],
  tokens_per_request: ["Tokens per request", quantity],
  error_percent: ["Failed requests", percent],
  p95_ms: ["Latency, p95, ms", quantity],
};
const KINDS = { spike: "Spike", drop: "Drop", rise: "Rise", fall: "Fall" };
const LEVELS = { low: "warn", medium: "warn", high: "bad" };

/** Return the sections of the view. */
export function insights({ tenant }) {
  const load = () => get("insights", { tenant, measures: Object.keys(MEASURES).join(","), days: DAYS });
  const always = "whatever range and filters are chosen";
  return [
    section({
      title: "Unusual days",
      about: `Of the last ${DAYS} days until yesterday, ${always}. Each is judged by the days before it.`,
      whole: true,
      load,
      show: unusual,
      empty: "No day stands out.",
    }),
    section({
      title: "Trends",
      about: `Means of a day until the last known one, ${always}, and their change from as many days before.`,
      whole: true,
      load,
      show: trends,
      empty: "No day is known yet.",
    }),
  ].map(({ element }) => element);
}

function unusual({ anomalies, not_judged: unjudged, judged_later: later }) {
  if (!anomalies.length && !unjudged.length && !later.length) return null;
  const known = unjudged.length === Object.keys(MEASURES).length ? "Nothing can be judged yet." : "No day stands out.";
  const found = anomalies.length ? anomalyTable(anomalies.map(told)) : h("p", { class: "box" }, known);
  const since = later.map((one) => ({ ...one, reason: `from ${one.first_day} on; before it, ${one.reason}` }));
  return [found, reasons(unjudged, "not judged"), reasons(since, "judged later")];
}

/** Return an anomaly in words. */
export function told({ measure, kind, severity, causes, ...found }) {
  const [label, show] = MEASURES[measure];
  const [value, expected, low, high] = ["value", "expected", "low", "high"].map((name) => show(found[name]));
  const best = causes.filter(({ dimension }) => dimension === causes[0].dimension);
  const because = best.map((one) => `${one.value}: ${insteadOf(one, show)}`).join("; ");
  return {
    days: rangeText({ from: found.first_day, to: addDays(found.last_day, 1) }),
    label,
    kind: KINDS[kind],
    severity,
    value,
    expected: `${expected} (${low} to ${high})`,
    because: best.length ? `${DIMENSIONS[best[0].dimension] ?? "Tenant"} ${because}` : null,
  };
}

/** Return the numbers of a value; of a ratio, its part of the denominator, too. */
function insteadOf({ found, usual, weight, usual_weight: usualWeight }, show) {
  const numbers = `${show(found)} instead of ${show(usual)}`;
  const part = (of) => percent((100 * Number(of)).toFixed(1));
  return weight === null ? numbers : `${numbers}, weight ${part(weight)} instead of ${part(usualWeight)}`;
}

function anomalyTable(rows) {
  const columns = [
    words("Days", "days"),
    words("Measure", "label"),
    words("What", "kind"),
    { label: "Severity", cell: ({ severity }) => h("span", { class: `badge ${LEVELS[severity]}` }, severity) },
    { label: "Found", number: true, cell: ({ value }) => value },
    { label: "Usual, in 95 of 100 cases", number: true, cell: ({ expected }) => expected },
    words("Explained by", "because", { long: true }),
  ];
  return table({ caption: "Unusual days; the numbers are those of the worst one", columns, rows });
}

function reasons(entries, how) {
  if (!entries.length) return null;
  const measures = Map.groupBy(entries, ({ reason }) => reason);
  const names = (items) => items.map(({ measure }) => MEASURES[measure][0]).join("; ");
  const list = [...measures].map(([reason, items]) => h("li", {}, `${names(items)}: ${reason}.`));
  return h("details", {}, h("summary", {}, `${counted(entries.length, "measure")} ${how}`), h("ul", {}, list));
}

function trends({ trends: found }) {
  if (!found.length) return null;
  const columns = [
    { label: "Measure", cell: ({ measure }) => MEASURES[measure][0] },
    ...mean("7 days", "week", "week"),
    ...mean("28 days", "four_weeks", "4 weeks"),
    words("Last known day", "day", { nowrap: true }),
  ];
  return table({ caption: "Means of a day, and their changes", columns, rows: found });
}

function mean(label, name, span) {
  const change = ({ comparisons }) => comparisons.find(({ compared }) => compared === span).percent;
  const exact = (value) => (value === null ? null : full(value));
  return [
    { label, number: true, cell: (row) => MEASURES[row.measure][1](row[name]), title: (row) => exact(row[name]) },
    { label: `Change, ${label}`, number: true, cell: (row) => signed(change(row)) },
  ];
}

function signed(change) {
  return change === null ? ABSENT : `${Number(change) > 0 ? "+" : ""}${change} %`;
}
