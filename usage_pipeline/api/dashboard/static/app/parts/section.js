// A section of a view: its heading, and below it what it loads, or that it loads, is empty, or failed.

import { Problem } from "../core/api.js";
import { h, newId } from "../core/dom.js";
import { lengthOf } from "../format/days.js";

/**
 * Return a section. `load` asks the API, `show` returns the elements of the answer, or null if there is nothing to
 * be seen, which `empty` says: a text, or a function that returns it of the answer. `controls` stay where they are
 * when `refresh` loads it again. Texts of `title` and `about` are shown at once.
 */
export function section({ title, about = null, controls = [], whole = false, load, show, empty = "Nothing." }) {
  const id = newId("section");
  const body = h("div", { class: "body" });
  const head = h(
    "div",
    { class: "head" },
    h("div", {}, h("h2", { id }, title), about && h("p", { class: "about" }, about)),
    controls.length ? h("div", { class: "controls" }, controls) : null,
  );
  const element = h("section", { "aria-labelledby": id, class: whole ? "whole" : null }, head, body);
  let runs = 0;

  async function refresh() {
    runs += 1;
    const run = runs;
    const found = await outcome(body, { load, show, empty, refresh });
    if (run === runs && element.isConnected) settle(body, found);
  }

  queueMicrotask(refresh);
  return { element, body, refresh };
}

async function outcome(body, { load, show, empty, refresh }) {
  body.setAttribute("aria-busy", "true");
  if (!body.hasChildNodes()) body.append(h("p", { class: "loading", role: "status" }, "Loading…"));
  try {
    const answer = await load();
    return show(answer) ?? h("p", { class: "box" }, typeof empty === "function" ? empty(answer) : empty);
  } catch (error) {
    return problemBox(error, refresh);
  }
}

export const UNKNOWN = "No day of this range is known.";

/** Return whether nothing is known of a range, by the count of missing days in an answer. */
export function isUnknown({ missing_days: missing }, { from, to }) {
  return missing === lengthOf(from, to);
}

/** Return what a section says of a range without anything: `text` is true only of days that are known. */
export function nothing(answer, range, text) {
  return isUnknown(answer, range) ? UNKNOWN : text;
}

function settle(body, found) {
  body.removeAttribute("aria-busy");
  body.replaceChildren(...[found].flat(Infinity).filter(Boolean));
}

/** Return what tells of a problem, with the id of the request, and a button to try again. */
export function problemBox(error, tryAgain) {
  if (!(error instanceof Problem)) console.error(error);
  const problem = error instanceof Problem ? error : new Problem(0, `This page failed: ${error.message}`);
  return h(
    "div",
    { class: "box bad", role: "alert" },
    h("p", {}, h("strong", {}, "This can't be shown. "), problem.message),
    problem.errors.length ? h("ul", {}, problem.errors.map((one) => h("li", {}, `${one.field}: ${one.detail}`))) : null,
    problem.requestId && h("p", { class: "quiet" }, "Request id: ", h("code", {}, problem.requestId)),
    h("button", { type: "button", onclick: tryAgain }, "Try again"),
  );
}
