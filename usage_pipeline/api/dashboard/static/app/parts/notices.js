// What a reader should know about the days that are shown, above the view.

import { get } from "../core/api.js";
import { h } from "../core/dom.js";
import { addDays, dayText, rangeText } from "../format/days.js";
import { counted } from "../format/numbers.js";

const MOST_NAMED = 7;

/** Return the list of notices; it fills itself. */
export function notices(context) {
  const list = h("ul", { class: "notes", "aria-label": "Notes", hidden: true });
  fill(list, context).catch(() => {}); // the sections tell of what failed
  return list;
}

async function fill(list, context) {
  const { items } = await get("days", days(context.range));
  const ofDays = [missing(items), provisional(items)];
  const texts = [refused(context), unknown(context), later(context), ...ofDays].filter(Boolean);
  list.replaceChildren(...texts.map((text) => h("li", {}, text)));
  list.hidden = !texts.length;
}

/** Return the parameters of the range. */
export function days({ from, to }) {
  return { from, to };
}

function refused({ range }) {
  return range.refused && `${range.refused}. Shown instead: ${rangeText(range)}.`;
}

function unknown({ isOperator, tenant, tenants }) {
  const known = !isOperator || tenant === null || tenants.some(({ id }) => id === tenant);
  return known ? null : `No tenant with the id ${tenant} has an entry or usage.`;
}

function later({ me }) {
  if (me.last_day === null) return "No logs have been landed yet.";
  return me.last_day < addDays(me.today, -1) ? `The last day with logs is ${dayText(me.last_day)}.` : null;
}

function missing(items) {
  return named(items, "missing", "is missing, and in no sum", "are missing, and in no sum");
}

function provisional(items) {
  const [one, many] = ["late records may change it", "late records may change them"];
  return named(items, "provisional", `is provisional: ${one}`, `are provisional: ${many}`);
}

function named(items, status, one, many) {
  const found = items.filter((item) => item.status === status).map((item) => item.day);
  if (!found.length) return null;
  const shown = found.slice(0, MOST_NAMED).map(dayText).join(", ");
  const rest = found.length > MOST_NAMED ? ` and ${found.length - MOST_NAMED} more` : "";
  return `${counted(found.length, "day")} ${found.length === 1 ? one : many}: ${shown}${rest}.`;
}
