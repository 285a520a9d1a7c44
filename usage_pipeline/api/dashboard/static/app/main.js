// Starts the page: who is signed in, and the view that the address names.

import { forget, get } from "./core/api.js";
import { h } from "./core/dom.js";
import { rangeOf, state, VIEWS, viewOf } from "./core/state.js";
import { release } from "./charts/draw.js";
import { rangeText } from "./format/days.js";
import { header } from "./parts/header.js";
import { notices } from "./parts/notices.js";
import { problemBox } from "./parts/section.js";
import { breakdown } from "./views/breakdown.js";
import { costs } from "./views/costs.js";
import { days } from "./views/days.js";
import { downloads } from "./views/downloads.js";
import { insights } from "./views/insights.js";
import { limits } from "./views/limits.js";
import { overview } from "./views/overview.js";
import { runs } from "./views/runs.js";
import { signInForm } from "./views/sign_in.js";

const MODULES = { overview, costs, breakdown, insights, limits, days, runs, downloads };
const main = document.getElementById("main");
const top = document.getElementById("header");
let renders = 0;

/** Show what the address names. */
async function render() {
  renders += 1;
  const run = renders;
  try {
    const context = await contextOf();
    if (run === renders) show(context);
  } catch (error) {
    if (run === renders) fail(error);
  }
}

async function contextOf() {
  const params = state();
  const key = await get("me");
  const tenant = params.get("tenant") ?? key.tenant;
  const me = tenant === key.tenant ? key : await get("me", { tenant });
  const isOperator = key.scopes.includes("platform");
  const tenants = isOperator ? (await get("tenants")).items : [];
  return { key, me, tenant, isOperator, tenants, params, range: rangeOf(me, params), view: viewOf(params), go };
}

function show(context) {
  const name = VIEWS[context.view];
  const focused = document.activeElement;
  const wasInside = main.contains(focused);
  document.title = [name, context.tenant, context.me.platform_name].filter(Boolean).join(" · ");
  top.hidden = false;
  top.replaceChildren(...header(context));
  const heading = h("h1", { tabindex: -1 }, name);
  const about = h("p", { class: "quiet" }, `${rangeText(context.range)}, UTC days`);
  const sections = h("div", { class: "sections" }, MODULES[context.view](context));
  main.replaceChildren(h("div", { class: "title" }, heading, about), notices(context), sections);
  release();
  const again = focused.id && document.getElementById(focused.id);
  if (again) again.focus({ preventScroll: true });
  else if (wasInside) heading.focus({ preventScroll: true });
}

function fail(error) {
  if (error.status === 401) return; // the form is there
  document.title = "Usage";
  top.hidden = true;
  const others = h("p", {}, h("a", { href: "?" }, "To the overview"));
  main.replaceChildren(h("div", { class: "title" }, h("h1", {}, "Usage")), problemBox(error, again), others);
}

function askForKey() {
  if (main.querySelector(".sign-in")) return;
  forget();
  renders += 1;
  document.title = "Usage";
  top.hidden = true;
  main.replaceChildren(signInForm(again));
  main.querySelector("input").focus();
}

function again() {
  forget();
  render();
}

/** Go to an address of this page. */
function go(address) {
  history.pushState(null, "", address);
  render();
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[href^='?']");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
  event.preventDefault();
  const isView = link.closest("#header") !== null;
  go(link.getAttribute("href"));
  if (!isView) scrollTo({ top: 0 });
});
window.addEventListener("popstate", render);
window.addEventListener("signed-out", askForKey);
render();
