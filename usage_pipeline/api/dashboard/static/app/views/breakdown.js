// Usage by a dimension, and by hours of the week.

import { chart } from "../charts/draw.js";
import { hoursChart } from "../charts/hours.js";
import { filterParams, get } from "../core/api.js";
import { field, h, select } from "../core/dom.js";
import { DIMENSIONS, filters, href, state } from "../core/state.js";
import { ABSENT, full, quantity } from "../format/numbers.js";
import { chips, filterLink } from "../parts/chips.js";
import { groupTable } from "../parts/groups.js";
import { nothing, section } from "../parts/section.js";
import { figures, table } from "../parts/table.js";
import { asked } from "./overview.js";

const METRICS = {
  tokens_total: "Tokens",
  tokens_in: "Tokens in",
  tokens_out: "Tokens out",
  requests: "Requests",
  prompts: "Prompts",
  runs: "Runs",
  messages: "Messages",
  conversations: "Conversations",
  errors: "Errors",
  tool_calls: "Tool calls",
  bytes: "Bytes",
  credits: "Credits",
};
const HOURLY = { tokens: "Tokens", requests: "Requests" };
const MOST_ROWS = 100;
const ALWAYS = ["tokens_total", "requests", "messages", "conversations", "errors"];

/** Return the sections of the view. */
export function breakdown(context) {
  return [chips(), groups(context).element, hours(context).element];
}

function picked(name, choices) {
  const found = state().get(name);
  return Object.hasOwn(choices, found ?? "") ? found : Object.keys(choices)[0];
}

function picker(label, name, choices, refresh) {
  const pick = (value) => {
    history.replaceState(null, "", href({ [name]: value }));
    refresh();
  };
  return field(label, select(Object.entries(choices), picked(name, choices), pick));
}

function groups(context) {
  const choices = context.tenant === null ? { tenant: "Tenant", ...DIMENSIONS } : DIMENSIONS;
  const refresh = () => shown.refresh();
  const shown = section({
    title: "Usage by",
    about: "The largest groups first. A name filters by it.",
    whole: true,
    controls: [picker("Dimension", "by", choices, refresh), picker("Metric", "metric", METRICS, refresh)],
    load: () => groupsOf(context, picked("by", choices), picked("metric", METRICS)),
    show: (found) => usageTable(found, choices),
    empty: ({ answer }) => nothing(answer, context.range, "No usage on these days."),
  });
  return shown;
}

async function groupsOf(context, by, metric) {
  const metrics = [...new Set([metric, ...ALWAYS])];
  const wanted = { groupBy: by, metrics: metrics.join(","), sort: metric, take: MOST_ROWS };
  const answer = await get("usage/breakdown", { ...asked(context), ...filterParams(filters()), ...wanted });
  return { by, metric, metrics, answer };
}

function usageTable({ by, metric, metrics, answer }, choices) {
  const whole = answer.total[metric];
  return groupTable({
    caption: `${METRICS[metric]} by ${choices[by].toLowerCase()}`,
    label: choices[by],
    answer,
    metric,
    name: (row) => nameOf(by, row[by]),
    columns: [
      ...metrics.map((name) => figures(METRICS[name], name, quantity)),
      { label: "Of the total", number: true, cell: (row) => part(row[metric], whole) },
    ],
  });
}

function nameOf(by, value) {
  return by === "tenant" ? h("a", { href: href({ tenant: value, by: null }) }, value) : filterLink(by, value);
}

function part(value, whole) {
  return Number(whole ?? 0) && value !== null ? `${((Number(value) / Number(whole)) * 100).toFixed(1)} %` : ABSENT;
}

function hours(context) {
  const found = section({
    title: "Hours of the week",
    about: "An hour without a cell is not known. Filters do not apply here.",
    whole: true,
    controls: [picker("Amount", "hourly", HOURLY, () => found.refresh())],
    load: () => get("usage/hours", asked(context)),
    show: (answer) => heatMap(answer, picked("hourly", HOURLY)),
    empty: (answer) => nothing(answer, context.range, "No usage on these days."),
  });
  return found;
}

function heatMap({ time_zone: zone, items }, name) {
  if (!items.some((item) => item[name])) return null;
  const rows = items.map(({ weekday, hour, [name]: amount }) => ({ weekday, hour, amount, text: full(amount) }));
  const busiest = rows.reduce((most, row) => ((row.amount ?? 0) > (most.amount ?? 0) ? row : most));
  const most = `most on ${busiest.weekday} at ${busiest.hour}:00, ${busiest.text}`;
  const label = `${HOURLY[name]} by hour of the week, ${zone}: ${most}.`;
  const note = h("p", { class: "quiet" }, `Time zone: ${zone}`);
  return [note, chart({ label, spec: hoursChart(HOURLY[name], rows), table: hourTable(rows, HOURLY[name]) })];
}

function hourTable(rows, name) {
  const weekdays = [...new Set(rows.map((row) => row.weekday))];
  const at = new Map(rows.map((row) => [`${row.weekday} ${row.hour}`, row.text]));
  const columns = [
    { label: "Hour", cell: (row) => `${row.hour}:00` },
    ...weekdays.map((weekday) => ({ label: weekday, number: true, cell: (row) => at.get(`${weekday} ${row.hour}`) })),
  ];
  const each = Array.from({ length: 24 }, (_, hour) => ({ hour }));
  return table({ caption: `${name} by hour of the week`, columns, rows: each });
}
