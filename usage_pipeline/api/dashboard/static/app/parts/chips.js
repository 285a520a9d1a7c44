// The filters that are in force, each with a link that removes it.

import { h } from "../core/dom.js";
import { DIMENSIONS, filters, href } from "../core/state.js";

/** Return the filters as links, those with a label, by default dimensions; null without any. */
export function chips(labels = DIMENSIONS) {
  const named = Object.entries(filters(labels)).map(([name, values]) => [name, labels[name], values]);
  const found = named.flatMap(([name, label, values]) => values.map((value) => chip(name, label, value, values)));
  return found.length ? h("ul", { class: "chips", "aria-label": "Filters" }, found) : null;
}

function chip(name, label, value, values) {
  const others = values.filter((other) => other !== value);
  const text = `${label}: ${value}`;
  const link = { href: href({ [name]: others, cursor: null }), "aria-label": `Remove the filter ${text}` };
  return h("li", {}, h("a", link, `${text} ×`));
}

/** Return the value of a dimension, as a link that filters by it where it does not yet. */
export function filterLink(name, value) {
  if ((filters()[name] ?? []).includes(value)) return value;
  return h("a", { href: href({ [name]: value, cursor: null }), title: `Only ${value}` }, value);
}
