// Draws charts, each with its numbers as a table for those who can't see it.

import { h } from "../core/dom.js";
import { hideTip, showTip } from "../parts/tip.js";
import { CONFIG } from "./look.js";

const OPTIONS = { ast: true, actions: false, defaultStyle: false, renderer: "svg", tooltip: tip };
const drawn = new Set();
let library = null;

/**
 * Return a chart of a specification of Vega-Lite. `label` says in words what is to be seen, `table` has the
 * numbers, `legend` has a name, a colour and a shape (bar, line, dashes or point) for each series.
 */
export function chart({ label, spec, legend = [], table }) {
  const canvas = h("div", { "aria-hidden": "true" }); // Vega gives it a role and a label of its own
  const place = h("div", { class: "chart", role: "img", "aria-label": label }, canvas);
  const numbers = h("details", {}, h("summary", {}, "Numbers as a table"), table);
  requestAnimationFrame(() => draw(canvas, spec).catch((error) => fail(error, place, numbers)));
  return h("figure", {}, legend.length ? h("ul", { class: "legend" }, legend.map(entry)) : null, place, numbers);
}

function entry([name, colour, shape]) {
  const swatch = h("span", { class: `swatch ${shape}`, "aria-hidden": "true" });
  swatch.style.color = colour;
  return h("li", {}, swatch, name);
}

/** Let go of the charts that are no longer in the page. */
export function release() {
  hideTip();
  for (const one of drawn) {
    if (one.container().isConnected) continue;
    one.finalize();
    drawn.delete(one);
  }
}

async function draw(canvas, spec) {
  library ??= import("../../vega.js");
  await library;
  if (!canvas.isConnected) return;
  const { view } = await window.vegaEmbed(canvas, { ...spec, config: CONFIG }, OPTIONS);
  drawn.add(view);
}

function fail(error, place, numbers) {
  console.error(error);
  library = null; // the next chart loads it again
  place.replaceWith(h("p", { class: "box" }, "The chart can't be drawn. Its numbers are in the table below."));
  numbers.open = true;
}

function tip(_, event, item, value) {
  if (value === null || value === undefined || value === "") hideTip();
  else showTip(event, Object.entries(value));
}
