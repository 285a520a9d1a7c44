// Cards: a number that people look for first, with its change.

import { h } from "../core/dom.js";

/** Return cards of {label, value, title, change}: the exact value is in the title, `change` is a line of words. */
export function cards(entries) {
  return h("dl", { class: "cards" }, entries.map(card));
}

function card({ label, value, title = null, change = null }) {
  return h(
    "div",
    {},
    h("dt", {}, label),
    h("dd", { class: "value", title }, value),
    change && h("dd", { class: "change" }, change),
  );
}
