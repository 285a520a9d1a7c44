// The overview: what people look for first, and the three series.

import { chart } from "../charts/draw.js";
import { seriesChart } from "../charts/series.js";
import { get } from "../core/api.js";
import { addDays, dayOf, dayText, lengthOf } from "../format/days.js";
import { NEIGHBOURS, total, weekAverages } from "../format/averages.js";
import { less } from "../format/decimals.js";
import {
  ABSENT,
  change,
  counted,
  difference,
  duration,
  full,
  money,
  percent,
  quantity,
  short,
} from "../format/numbers.js";
import { cards } from "../parts/cards.js";
import { section } from "../parts/section.js";
import { figures, table, words } from "../parts/table.js";
import { creditsOf } from "./credits.js";

/** Return the sections of the view. */
export function overview(context) {
  const ask = () => seriesOf(context);
  return [
    section({
      title: "At a glance",
      about: aboutChanges(context),
      whole: true,
      load: () => Promise.all([get("summary", asked(context)), creditsOf(context)]),
      show: ([summary, credits]) => cards([...figuresOf(summary, context), ...creditCards(credits)]),
    }),
    ...["Tokens", "Conversations", "Messages"].map((name, at) =>
      section({
        title: name,
        about: ABOUT[name],
        whole: at === 0,
        load: ask,
        show: (found) => series(name, found),
        empty: "No day of this range is known.",
      }),
    ),
  ].map(({ element }) => element);
}

/** The status of days before the first one with logs. */
export const NO_LOGS = "no logs yet";

const ABOUT = {
  Tokens: "Input and output tokens of each day.",
  Conversations: "Conversations that began on the day.",
  Messages: "Messages of each day.",
};

/** Return the parameters of tenant and range. */
export function asked({ tenant, range }) {
  return { tenant, from: range.from, to: range.to };
}

/** Return whether logs begin within the days before the range, so that the two can't be compared. */
function isIncomplete({ range, me }) {
  return addDays(range.from, -lengthOf(range.from, range.to)) < me.first_day;
}

function aboutChanges(context) {
  const { range, me } = context;
  const before = `the ${counted(lengthOf(range.from, range.to), "day")} before`;
  if (!isIncomplete(context)) return `Changes compare with ${before}.`;
  return me.first_day === null ? null : `Logs begin on ${dayText(me.first_day)}: ${before} can't be compared with.`;
}

function figuresOf({ current, previous }, context) {
  const figure = (label, name, value = short, exact = full, compare = change) => {
    const found = compare(current[name], previous[name]);
    const text = found === null ? "nothing to compare with" : `${found} (${value(previous[name])} before)`;
    const shown = { label, value: value(current[name]), title: exact(current[name]) };
    return isIncomplete(context) ? shown : { ...shown, change: text };
  };
  return [
    figure("Prompt events", "prompts"),
    figure("Personas", "personas"),
    figure("Timeline entries", "timeline_entries"),
    figure("Tokens in", "tokens_in"),
    figure("Tokens out", "tokens_out"),
    figure("Latency, p50", "p50_ms", duration, exactMs),
    figure("Latency, p95", "p95_ms", duration, exactMs),
    figure("Quality: checks without issue", "clean_percent", percent, percent, difference),
    figure("Cost, USD", "cost", money),
    figure("Tokens with a price", "cost_coverage", percent, percent, difference),
  ];
}

function exactMs(ms) {
  return ms === null ? ABSENT : `${full(ms)} ms`;
}

function creditCards(credits) {
  if (credits === null) return [];
  const { left } = credits.totals;
  const before = credits.days[0]?.left;
  const text = before === undefined ? "nothing to compare with" : `${more(less(left, before))} since the range began`;
  return [{ label: "Credits left", value: quantity(left), title: full(left), change: text }];
}

function more(credits) {
  return credits.startsWith("-") || credits === "0" ? quantity(credits) : `+${quantity(credits)}`;
}

async function seriesOf({ tenant, range, me }) {
  const length = lengthOf(range.from, range.to);
  const first = addDays(range.from, -Math.max(length, NEIGHBOURS));
  const [found, { items }] = await Promise.all([
    get("usage/series/fetch", { tenant, from: first, to: range.to }),
    get("days", { from: range.from, to: range.to }),
  ]);
  return { found, statuses: items.map((item) => item.status), length, firstDay: me.first_day };
}

function series(name, { found, statuses, length, firstDay }) {
  const rows = rowsOf(found[name.toLowerCase()], statuses, firstDay);
  if (rows.every((row) => row.total === null)) return null;
  const sums = [total(rows.map((row) => row.total)), total(rows.map((row) => row.before))];
  const label = `${name} by day: ${full(sums[0])} in ${length} days, ${full(sums[1])} in the days before.`;
  return chart({ label, ...seriesChart(name, rows), table: seriesTable(name, rows, sums) });
}

/** Return a row for each status: of the last points, beside those as many days before them. */
export function rowsOf(points, statuses, firstDay) {
  const days = points.map((point) => dayOf(point.date));
  const totals = points.map((point) => point.total);
  const from = totals.length - statuses.length;
  const averages = weekAverages(totals, from);
  const since = (at, value) => (days[at] < firstDay ? null : (value ?? null)); // there are no logs of earlier days
  return statuses.map((status, at) => {
    const [now, past] = [from + at, from + at - statuses.length];
    const [total, average] = [since(now, totals[now]), since(now, averages[at])];
    const row = { total, average, before: since(past, totals[past]) };
    const texts = Object.entries(row).map(([word, value]) => [`${word}_text`, full(value)]);
    const shown = days[now] < firstDay ? NO_LOGS : status;
    return { day: days[now], status: shown, ...row, ...Object.fromEntries(texts) };
  });
}

function seriesTable(name, rows, [sum, before]) {
  return table({
    caption: `${name} by day`,
    columns: [
      words("Day", "day", { nowrap: true }),
      words("Status", "status"),
      figures(name, "total"),
      figures("7-day average", "average"),
      figures("As many days before", "before"),
    ],
    rows,
    total: { day: "Total", status: "", total: sum, average: null, before },
  });
}
