// The chart of a series of days: bars, the average of a week, and the range before.

import { AMOUNT_AXIS, COLOURS, dayChart, tipLayer } from "./look.js";

const AVERAGE = "7-day average";
const BEFORE = "Range before";

/**
 * Return specification and legend of rows {day, status, total, average, before}, which have texts of the same names
 * with `_text` for tips. `name` is that of the series.
 */
export function seriesChart(name, rows) {
  const parts = [
    [rows.some((row) => row.status === "missing"), missing(), ["Missing day", COLOURS.missing, "bar"]],
    [rows.some(isSettled), bars(`!(${PROVISIONAL})`, COLOURS.bars), [name, COLOURS.bars, "bar"]],
    [rows.some(isProvisional), bars(PROVISIONAL, COLOURS.pale, DASHED), ["Provisional day", COLOURS.pale, "bar"]],
    [rows.some((row) => row.before !== null), line("before", COLOURS.zero, [4, 3]), [BEFORE, COLOURS.zero, "dashes"]],
    [rows.some((row) => row.average !== null), line("average", COLOURS.line), [AVERAGE, COLOURS.line, "line"]],
  ].filter(([isThere]) => isThere);
  const spec = dayChart(rows, [...parts.map(([, layer]) => layer), tipLayer(tips(name, rows))]);
  return { spec, legend: parts.map(([, , entry]) => entry) };
}

const PROVISIONAL = "datum.status === 'provisional'";
const DASHED = { stroke: COLOURS.bars, strokeDash: [2, 2] };

function isProvisional(row) {
  return row.total !== null && row.status === "provisional";
}

function isSettled(row) {
  return row.total !== null && row.status !== "provisional";
}

function tips(name, rows) {
  const found = [["day", "Day"], ["status", "Status"], ["total_text", name], ["average_text", AVERAGE]];
  return rows.some((row) => row.before !== null) ? [...found, ["before_text", BEFORE]] : found;
}

function bars(filter, color, more = {}) {
  return {
    transform: [{ filter: `isValid(datum.total) && ${filter}` }],
    mark: { type: "bar", color, ...more },
    encoding: { y: amount("total") },
  };
}

function line(name, color, strokeDash = [1, 0]) {
  const mark = { type: "line", color, strokeWidth: 2, strokeDash, point: { size: 10, color } };
  return { mark, encoding: { y: amount(name) } };
}

function missing() {
  return {
    transform: [{ filter: "datum.status === 'missing'" }],
    mark: { type: "bar", color: COLOURS.missing },
    encoding: { y: { value: 0 }, y2: { value: "height" } },
  };
}

function amount(name) {
  return { field: name, type: "quantitative", title: null, axis: AMOUNT_AXIS };
}
