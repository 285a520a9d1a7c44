// The header: tenant, days, who is signed in, and the views.

import { signOut } from "../core/api.js";
import { field, h, select } from "../core/dom.js";
import { href, PRESETS, VIEWS, viewHref } from "../core/state.js";
import { addDays } from "../format/days.js";
import { combobox } from "./combobox.js";

const ALL = "All tenants";

/** Return what the header consists of. */
export function header(context) {
  const icon = h("img", { src: "icon.svg", alt: "" });
  const brand = h("a", { class: "brand", href: "?" }, icon, context.me.platform_name);
  const bar = h("div", { class: "bar" }, brand, tenantField(context), rangeField(context), account(context));
  return [bar, views(context)];
}

function tenantField({ isOperator, tenant, tenants, go }) {
  const own = [h("span", { class: "label" }, "Tenant"), h("strong", {}, tenant)];
  if (!isOperator) return h("div", { class: "field" }, own);
  const known = tenants.map(({ id, name }) => ({ value: id, text: nameOf(id, name) }));
  const choices = [{ value: null, text: ALL }, ...known];
  const onpick = (value) => go(href({ tenant: value, run: null, run_tenant: null, cursor: null }));
  const { input, element } = combobox({ choices, picked: tenant, onpick });
  input.id = "tenant";
  return h("div", { class: "field" }, h("label", { for: "tenant" }, "Tenant"), element);
}

function nameOf(id, name) {
  return name && name.toLowerCase() !== id.toLowerCase() ? `${id} (${name})` : id;
}

function rangeField({ range, go }) {
  const choices = Object.entries(PRESETS);
  const pick = (value) => {
    if (value === "own") dates.hidden = false;
    else go(href({ days: value, from: null, to: null, cursor: null }));
  };
  const dates = ownDays(range, go);
  dates.hidden = range.preset !== null;
  const picked = range.preset === null ? "own" : String(range.preset);
  const days = select([...choices, ["own", "From … to …"]], picked, pick);
  days.id = "days";
  return h("div", { class: "range" }, field("Days", days), dates);
}

function ownDays(range, go) {
  const from = h("input", { id: "first-day", type: "date", value: range.from, required: true });
  const last = h("input", { id: "last-day", type: "date", value: addDays(range.to, -1), required: true });
  const submit = (event) => {
    event.preventDefault();
    last.setCustomValidity(last.value < from.value ? "Expected a day that is not before the first one." : "");
    if (last.reportValidity()) go(href({ from: from.value, to: addDays(last.value, 1), days: null, cursor: null }));
  };
  last.addEventListener("input", () => last.setCustomValidity(""));
  const button = h("button", { type: "submit" }, "Show");
  return h("form", { class: "range", onsubmit: submit }, field("First day", from), field("Last day", last), button);
}

function account({ key }) {
  const facts = { Key: key.name, Scopes: key.scopes.join(", "), Tenant: key.tenant ?? "all" };
  const list = Object.entries(facts).map(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]);
  const leave = h("button", { type: "button", onclick: signOutNow }, "Sign out");
  return h(
    "details",
    { class: "menu" },
    h("summary", {}, key.name),
    h("div", {}, h("dl", { class: "facts" }, list), field("Colours", theme()), leave),
  );
}

async function signOutNow({ currentTarget: button }) {
  try {
    await signOut();
  } catch (problem) {
    if (problem.status !== 401) {
      stillSignedIn(button, problem);
      return;
    }
  }
  window.dispatchEvent(new Event("signed-out"));
}

function stillSignedIn(button, { message }) {
  button.parentElement.querySelector("[role=alert]")?.remove();
  button.after(h("p", { role: "alert" }, `You are still signed in. ${message}`));
}

function theme() {
  const choices = [["", "As the system has them"], ["light", "Light"], ["dark", "Dark"]];
  return select(choices, document.documentElement.dataset.theme ?? "", (value) => {
    if (value) document.documentElement.dataset.theme = value;
    else delete document.documentElement.dataset.theme;
    localStorage.setItem("theme", value);
  });
}

function views({ view }) {
  const links = Object.entries(VIEWS).map(([name, label]) => {
    const current = name === view ? "page" : null;
    return h("li", {}, h("a", { id: `view-${name}`, href: viewHref(name), "aria-current": current }, label));
  });
  return h("nav", { "aria-label": "Views" }, h("ul", {}, links));
}
