// The burn-down of credits: what was used and granted each day, and what is left.

import { AMOUNT_AXIS, COLOURS, dayChart, tipLayer } from "./look.js";

const TIPS = [["day", "Day"], ["granted_text", "Granted"], ["used_text", "Used"], ["left_text", "Left"]];

/** Return specification and legend of rows {day, granted, used, left}, which have texts with `_text` for tips. */
export function burnDownChart(rows) {
  const parts = [
    [true, layer("used", { type: "bar", color: COLOURS.bars }), ["Used", COLOURS.bars, "bar"]],
    [true, layer("left", LINE), ["Left at the end of the day", COLOURS.line, "line"]],
    [rows.some((row) => row.granted > 0), grants(), ["Granted", COLOURS.marks, "point"]],
  ].filter(([isThere]) => isThere);
  const spec = dayChart(rows, [...parts.map(([, found]) => found), ZERO, tipLayer(TIPS)]);
  return { spec, legend: parts.map(([, , entry]) => entry) };
}

const LINE = { type: "line", color: COLOURS.line, strokeWidth: 2, point: { size: 10, color: COLOURS.line } };
const ZERO = {
  mark: { type: "rule", color: COLOURS.zero },
  encoding: { x: null, y: { datum: 0, type: "quantitative" } },
};

function grants() {
  const mark = { type: "point", shape: "triangle-up", size: 70, filled: true, opacity: 1, color: COLOURS.marks };
  return { ...layer("granted", mark), transform: [{ filter: "datum.granted > 0" }] };
}

function layer(name, mark) {
  return { mark, encoding: { y: { field: name, type: "quantitative", title: null, axis: AMOUNT_AXIS } } };
}
