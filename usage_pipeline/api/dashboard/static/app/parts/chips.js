// The filters that are in force, each with a link that removes it.

import { h } from "../core/dom.js";
import { DIMENSIONS, filters, href } from "../core/state.js";

/** Return the filters as links; null without any. */
export function chips() {
  const found = Object.entries(filters()).flatMap(([name, values]) => values.map((value) => chip(name, value, values)));
  return found.length ? h("ul", { class: "chips", "aria-label": "Filters" }, found) : null;
}

function chip(name, value, values) {
  const others = values.filter((other) => other !== value);
  const label = `${DIMENSIONS[name]}: ${value}`;
  const link = { href: href({ [name]: others }), "aria-label": `Remove the filter ${label}` };
  return h("li", {}, h("a", link, `${label} ×`));
}

/** Return the value of a dimension, as a link that filters by it where it does not yet. */
export function filterLink(name, value) {
  if ((filters()[name] ?? []).includes(value)) return value;
  return h("a", { href: href({ [name]: value }), title: `Only ${value}` }, value);
}
