// How charts look. Colours are variables of the style sheet, so that charts follow light and dark by themselves.

const FONT = '"Noto Sans", system-ui, sans-serif';
const TEXT = "var(--chart-text)";

export const COLOURS = {
  text: TEXT,
  grid: "var(--chart-grid)",
  zero: "var(--chart-zero)",
  missing: "var(--chart-missing)",
  nothing: "var(--chart-nothing)",
  line: "var(--chart-line)",
  marks: "var(--chart-marks)",
  bars: "var(--chart-bars)",
  pale: "var(--chart-step-2)",
  steps: [1, 2, 3, 4, 5].map((step) => `var(--chart-step-${step})`),
};

const LABELS = { labelColor: TEXT, titleColor: TEXT, labelFontSize: 11, titleFontSize: 11, titleFontWeight: "normal" };

export const CONFIG = {
  aria: false, // the element around it has the label
  background: "transparent",
  font: FONT,
  padding: 4,
  view: { stroke: null },
  axis: { ...LABELS, gridColor: COLOURS.grid, domainColor: COLOURS.zero, tickColor: COLOURS.zero, labelPadding: 5 },
  legend: { ...LABELS, orient: "top", symbolType: "square", symbolStrokeWidth: 0, labelLimit: 300 },
};

const THOUSANDS = "replace(replace(format(datum.value, '.3~s'), 'G', 'B'), '−', '-')";

/** The expression that writes the value of an axis as in 950, 1.2M and 3B. */
export const SHORT = `abs(datum.value) < 1000 ? format(datum.value, ',.6~f') : ${THOUSANDS}`;

/** The axes of days and of amounts. */
export const DAY_AXIS = { labelAngle: 0, ticks: false, labelOverlap: true, labelSeparation: 8, title: null };
export const AMOUNT_AXIS = { labelExpr: SHORT, tickCount: 5, domain: false, ticks: false };

/** What every chart of days has in common; rows have a `day`. */
export function dayChart(rows, layer, height = 190) {
  return {
    data: { values: rows },
    width: "container",
    height,
    autosize: { type: "fit-x", contains: "padding" },
    encoding: { x: { field: "day", type: "ordinal", axis: DAY_AXIS } },
    layer,
  };
}

/** Return a layer over the whole height of each day, which shows a tip: [field, title] pairs. */
export function tipLayer(fields) {
  return {
    mark: { type: "rect", fill: "transparent", stroke: null },
    encoding: {
      y: { value: 0 },
      y2: { value: "height" },
      tooltip: fields.map(([name, title]) => ({ field: name, type: "nominal", title })),
    },
  };
}
