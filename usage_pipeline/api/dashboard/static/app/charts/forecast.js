// The forecast: the days so far, and the band in which the next ones are expected.

import { AMOUNT_AXIS, COLOURS, dayChart, tipLayer } from "./look.js";

/** Return specification and legend of rows {day, actual, estimate, low, high}, which have a `text` for tips. */
export function forecastChart(name, rows) {
  const legend = [
    [name, COLOURS.bars, "bar"],
    ["Expected", COLOURS.line, "dashes"],
    ["In 80 of 100 cases", COLOURS.pale, "bar"],
  ];
  const layers = [
    layer({ type: "bar", color: COLOURS.bars }, "actual"),
    layer({ type: "area", color: COLOURS.pale, opacity: 0.6 }, "low", { y2: { field: "high" } }),
    layer({ type: "line", color: COLOURS.line, strokeWidth: 2, strokeDash: [4, 3] }, "estimate"),
    tipLayer([["day", "Day"], ["text", name]]),
  ];
  return { spec: dayChart(rows, layers), legend };
}

function layer(mark, name, more = {}) {
  return {
    transform: [{ filter: `isValid(datum.${name})` }],
    mark,
    encoding: { y: { field: name, type: "quantitative", title: null, axis: AMOUNT_AXIS }, ...more },
  };
}
