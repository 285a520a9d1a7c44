// A section of a view: its heading, and below it what it loads, or that it loads, is empty, or failed.

import { Problem } from "../core/api.js";
import { h, newId } from "../core/dom.js";

/**
 * Return a section. `load` asks the API, `show` returns the elements of the answer, or null if there is nothing to
 * be seen, which `empty` says. `controls` stay where they are when `refresh` loads it again. Texts of `title` and
 * `about` are shown at once.
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
    return show(await load()) ?? h("p", { class: "box" }, empty);
  } catch (error) {
    return problemBox(error, refresh);
  }
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
