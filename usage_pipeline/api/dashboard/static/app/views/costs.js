// Costs: by day and by dimension, and what has no price. Credits and the forecast are in modules of their own.

import { chart } from "../charts/draw.js";
import { seriesChart } from "../charts/series.js";
import { filterParams, get } from "../core/api.js";
import { newId } from "../core/dom.js";
import { DIMENSIONS, filters, href, state } from "../core/state.js";
import { NEIGHBOURS, weekAverages } from "../format/averages.js";
import { addDays } from "../format/days.js";
import { full, money, percent } from "../format/numbers.js";
import { cards } from "../parts/cards.js";
import { chips, filterLink } from "../parts/chips.js";
import { groupTable } from "../parts/groups.js";
import { isUnknown, nothing, section, UNKNOWN } from "../parts/section.js";
import { figures, table, words } from "../parts/table.js";
import { tabs } from "../parts/tabs.js";
import { creditSections } from "./credits.js";
import { forecast } from "./forecast.js";
import { asked, NO_LOGS } from "./overview.js";

const BY = ["model", "project", "member_id", "feature", "agent", "type", "source"];
const MOST_ROWS = 25;
const NOTHING = { amount: null, coverage: null };

/** Return the sections of the view. */
export function costs(context) {
  const params = { ...asked(context), ...filterParams(filters()) };
  const ofCosts = [coverage(params), byDay(params, context.me), byGroup(params), unpriced(params)];
  const found = [...ofCosts, forecast(context), ...creditSections(context)];
  return [chips(), ...found.map(({ element }) => element)];
}

function coverage(params) {
  return section({
    title: "Cost",
    about: "In US dollars. What has no price is counted, and is in no amount.",
    whole: true,
    load: () => get("costs", params),
    show: (answer) => cards(totals(answer.total, isUnknown(answer, params))),
  });
}

function totals(total, areMissing) {
  const why = areMissing ? "these days are missing" : "nothing has a price";
  const unknown = total.amount === null ? why : null;
  const priced = `${percent(total.fee_coverage)} of requests, searches and calls have a price`;
  const ofFees = total.fee_coverage === null ? null : priced;
  const ofTokens = total.coverage === null ? null : `${percent(total.coverage)} have a price`;
  return [
    { label: "Cost, USD", value: money(total.amount), title: full(total.amount), change: unknown },
    { label: "Tokens", value: full(total.tokens) },
    { label: "Unpriced tokens", value: full(total.unpriced_tokens), change: ofTokens },
    { label: "Unpriced requests", value: full(total.unpriced_requests) },
    { label: "Unpriced tool calls", value: full(total.unpriced_tool_calls), change: ofFees },
  ];
}

function byDay(params, me) {
  return section({
    title: "Cost by day",
    about: "In US dollars, of what has a price.",
    whole: true,
    load: () => daysOf(params),
    show: ([{ items }, { items: statuses }, { total }]) => dayChart(rowsOf(items, statuses, me.first_day), total),
    empty: ([, { items: statuses }]) =>
      statuses.some((item) => hasLogs(item, me.first_day)) ? "Nothing on these days has a price." : UNKNOWN,
  });
}

function daysOf(params) {
  const from = addDays(params.from, -NEIGHBOURS);
  const ofDays = get("costs", { ...params, from, groupBy: "day" });
  return Promise.all([ofDays, get("days", { from: params.from, to: params.to }), get("costs", params)]);
}

/** Return the rows of the days with a status. The items begin `NEIGHBOURS` days before. */
export function rowsOf(items, statuses, firstDay) {
  const averages = weekAverages(items.map((item) => item.amount), NEIGHBOURS, 6);
  return statuses.map(({ day, status }, at) => {
    const isKnown = day >= firstDay;
    const { amount, coverage: covered } = isKnown ? items[NEIGHBOURS + at] : NOTHING;
    const [total, average] = [amount === null ? null : Number(amount), isKnown ? averages[at] : null];
    const texts = { status: isKnown ? status : NO_LOGS, total_text: money(amount), average_text: money(average) };
    return { day, total, average, before: null, amount, coverage: covered, ...texts };
  });
}

function hasLogs({ day, status }, firstDay) {
  return status !== "missing" && day >= firstDay;
}

function dayChart(rows, total) {
  if (rows.every((row) => row.total === null)) return null;
  const numbers = table({
    caption: "Cost by day",
    columns: [
      words("Day", "day", { nowrap: true }),
      words("Status", "status"),
      figures("Cost, USD", "amount", money),
      figures("Tokens with a price", "coverage", percent),
    ],
    rows,
    total: { day: "Total", status: "", amount: total.amount, coverage: total.coverage },
  });
  const label = `Cost by day: ${money(total.amount)} US dollars in ${rows.length} days.`;
  return chart({ label, ...seriesChart("Cost, USD", rows), table: numbers });
}

function byGroup(params) {
  const panel = newId("panel");
  const picked = () => (BY.includes(state().get("by")) ? state().get("by") : BY[0]);
  const pick = (by) => {
    history.replaceState(null, "", href({ by }));
    found.refresh();
  };
  const choices = BY.map((name) => [name, DIMENSIONS[name]]);
  const found = section({
    title: "Cost by",
    about: "The groups that cost most first. A name filters by it.",
    whole: true,
    controls: [tabs({ label: "Group costs by", choices, picked: picked(), panel, onpick: pick })],
    load: async () => [picked(), await get("costs", { ...params, groupBy: picked(), sort: "amount", take: MOST_ROWS })],
    show: ([name, answer]) => costTable(name, answer),
    empty: ([, answer]) => nothing(answer, params, "No usage on these days."),
  });
  found.body.id = panel;
  found.body.setAttribute("role", "tabpanel");
  found.body.setAttribute("aria-label", "Cost by the selected group");
  return found;
}

function costTable(name, answer) {
  return groupTable({
    caption: `Cost by ${DIMENSIONS[name].toLowerCase()}`,
    label: DIMENSIONS[name],
    answer,
    metric: "amount",
    name: (row) => filterLink(name, row[name]),
    columns: [
      figures("Cost, USD", "amount", (amount) => (amount === null ? "no price" : money(amount))),
      figures("Tokens", "tokens"),
      figures("Unpriced tokens", "unpriced_tokens"),
      figures("With a price", "coverage", percent),
    ],
  });
}

function unpriced(params) {
  return section({
    title: "Usage without a price",
    about: "It is in no amount, so the cost is at least what this page says.",
    whole: true,
    load: () => get("costs", { ...params, groupBy: "model,unpriced", sort: "tokens" }),
    show: ({ items }) => unpricedTable(items.filter((item) => item.unpriced)),
    empty: (answer) => nothing(answer, params, "All usage of these days has a price."),
  });
}

function unpricedTable(rows) {
  if (!rows.length) return null;
  const columns = [
    words("Model", "model"),
    { label: "Reason", cell: (row) => row.unpriced.replaceAll("_", " ") },
    figures("Tokens", "unpriced_tokens"),
    figures("Requests, searches and calls", "fees"),
  ];
  return table({ caption: "Usage without a price, by model and reason", columns, rows });
}
