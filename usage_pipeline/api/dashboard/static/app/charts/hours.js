// The heat map of the hours of the week, as in the reports.

import { COLOURS, SHORT } from "./look.js";

const KNOWN = "isValid(datum.amount)";

/** Return the chart of rows {weekday, hour, amount}: an hour that is not known has no cell. */
export function hoursChart(name, rows) {
  const hours = axis({ labelAngle: 0, labelOverlap: true });
  const none = { type: "rect", color: COLOURS.nothing, stroke: COLOURS.grid, strokeWidth: 0.5 };
  return {
    data: { values: rows },
    width: "container",
    height: 7 * 22,
    autosize: { type: "fit-x", contains: "padding" },
    encoding: {
      x: { field: "hour", type: "ordinal", title: "Hour of the day", axis: hours },
      y: { field: "weekday", type: "ordinal", sort: null, title: null, axis: axis({}) },
      tooltip: [
        { field: "weekday", title: "Weekday" },
        { field: "hour", title: "Hour", type: "nominal" },
        { field: "text", title: name },
      ],
    },
    layer: [
      { transform: [{ filter: KNOWN }], mark: none },
      { transform: [{ filter: `${KNOWN} && datum.amount > 0` }], mark: "rect", encoding: { color: colour(name) } },
    ],
  };
}

function axis(more) {
  return { ticks: false, domain: false, ...more };
}

function colour(name) {
  return {
    field: "amount",
    type: "quantitative",
    title: name,
    scale: { type: "quantize", zero: true, range: COLOURS.steps },
    legend: { labelExpr: `isFinite(datum.value) ? (${SHORT}) : '0'`, gradientLength: 250 },
  };
}
