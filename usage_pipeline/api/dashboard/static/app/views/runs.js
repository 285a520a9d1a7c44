// The history of agent runs: filters and pages of it. One run is in `run.js`.

import { filterParams, get } from "../core/api.js";
import { field, h, newId } from "../core/dom.js";
import { DIMENSIONS, filters, href, state } from "../core/state.js";
import { timeText } from "../format/days.js";
import { ABSENT, duration, money, quantity } from "../format/numbers.js";
import { chips } from "../parts/chips.js";
import { section } from "../parts/section.js";
import { figures, table, words } from "../parts/table.js";
import { asked } from "./overview.js";
import { oneRun } from "./run.js";

const FILTERS = ["status", "agent_type", "member_id"];
const PAGE = 50;
const MOST_SUGGESTIONS = 100;

/** Return the sections of the view. */
export function runs(context) {
  const id = state().get("run");
  if (id !== null) return [oneRun(context, id).element];
  return [filterForm(context), chips(), history(context).element];
}

function history(context) {
  const cursor = state().get("cursor");
  const params = { ...asked(context), ...filterParams(filters()), take: PAGE, cursor };
  return section({
    title: "Run history",
    about: "Each on the day on which it ended, or started if it has not ended. The newest first.",
    whole: true,
    load: () => get("runs", params),
    show: (page) => pageOf(page, cursor, context),
    empty: "No run on these days passes the filters.",
  });
}

function pageOf({ items, cursor: next }, cursor, { tenant, me }) {
  if (!items.length) return null;
  const time = (instant) => (instant === null ? ABSENT : timeText(instant, me.time_zone));
  const columns = [
    { label: "Run", cell: (row) => h("a", { href: href({ run: row.run_id, run_tenant: row.tenant_id }) }, row.run_id) },
    tenant === null && words("Tenant", "tenant_id"),
    { label: "Status", cell: (row) => statusBadge(row) },
    { label: "Started", nowrap: true, cell: (row) => time(row.started_at) },
    figures("Took", "duration_ms", duration),
    words("Agent", "agent"),
    words("Agent type", "agent_type"),
    words("Member", "member_id"),
    figures("Tokens", "tokens_total"),
    figures("Cost, USD", "cost", (cost) => (cost === null ? "no price" : money(cost))),
    figures("Credits", "credits", (credits) => (credits === null ? "no rate" : quantity(credits))),
  ].filter(Boolean);
  return [table({ caption: `Runs, times of ${me.time_zone}`, columns, rows: items }), pager(cursor, next)];
}

function pager(cursor, next) {
  const links = [
    cursor !== null && h("a", { href: href({ cursor: null }) }, "First page"),
    next !== null && h("a", { href: href({ cursor: next }) }, "Next page"),
  ].filter(Boolean);
  return links.length ? h("nav", { "aria-label": "Pages", class: "pager" }, links) : null;
}

/** Return the status of a run as a badge: a colour, and the word. */
export function statusBadge({ status, type, error_code: code }) {
  const word = status ?? (type === "agent_run_started" ? "not ended" : "no status");
  const level = code !== null || /fail|error/i.test(word) ? "bad" : /succe|complete|ok/i.test(word) ? "good" : "warn";
  return h("span", { class: `badge ${level}` }, code === null ? word : `${word}: ${code}`);
}

function filterForm(context) {
  const inputs = FILTERS.map((name) => [name, suggesting(name, context)]);
  const id = h("input", { name: "run", autocomplete: "off" });
  const submit = (event) => {
    event.preventDefault();
    const typed = inputs.map(([name, { input }]) => [name, input.value.trim()]).filter(([, value]) => value);
    context.go(href({ ...Object.fromEntries(typed), run: id.value.trim() || null, cursor: null }));
  };
  return h(
    "form",
    { class: "whole range", role: "search", "aria-label": "Filter runs", onsubmit: submit },
    inputs.map(([name, { input, list }]) => [field(DIMENSIONS[name], input), list]),
    field("Run id", id),
    h("button", { type: "submit" }, "Filter"),
  );
}

function suggesting(name, context) {
  const list = h("datalist", { id: newId("values") });
  const input = h("input", { name, list: list.id, autocomplete: "off" });
  input.addEventListener("focus", () => suggest(list, name, context), { once: true });
  return { input, list };
}

async function suggest(list, name, context) {
  const params = { ...asked(context), groupBy: name, metrics: "runs", sort: "runs", take: MOST_SUGGESTIONS };
  const { items } = await get("usage/breakdown", params).catch(() => ({ items: [] })); // typing works without them
  list.replaceChildren(...items.filter((item) => item.runs).map((item) => h("option", { value: item[name] })));
}
