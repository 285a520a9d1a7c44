// Credits of a tenant: what each grant has left, and the burn-down by day.

import { burnDownChart } from "../charts/credits.js";
import { chart } from "../charts/draw.js";
import { get } from "../core/api.js";
import { h } from "../core/dom.js";
import { filters } from "../core/state.js";
import { addDays, lengthOf } from "../format/days.js";
import { sum } from "../format/decimals.js";
import { quantity } from "../format/numbers.js";
import { section } from "../parts/section.js";
import { figures, table, words } from "../parts/table.js";

const ABOUT_GRANTS = "At the end of the range, in the order in which they pay. Overage is what none has paid for.";
const ABOUT_DAYS = "The line is what is left at the end of each day; below zero it is overage.";
const AMOUNTS = ["granted", "used", "gone", "left"];

/** Return the sections. */
export function creditSections(context) {
  if (context.tenant === null) return [ofNoTenant()];
  const load = () => creditsOf(context);
  const about = Object.keys(filters()).length ? `${ABOUT_GRANTS} Filters do not apply to credits.` : ABOUT_GRANTS;
  const empty = "This tenant has no credits in this range.";
  return [
    section({ title: "Credits by grant", about, whole: true, load, show: grants, empty }),
    section({ title: "Credits by day", about: ABOUT_DAYS, whole: true, load, show: burnDown, empty }),
  ];
}

function ofNoTenant() {
  const empty = "Credits belong to a tenant. Choose one above to see its grants.";
  return section({ title: "Credits", whole: true, load: async () => null, show: () => null, empty });
}

/**
 * Return the credits of a tenant at the end of the range, or now if that is to come, with the days of the range until
 * then and the day before; null for all tenants, and if the range is to come.
 */
export async function creditsOf({ tenant, range, me }) {
  const tomorrow = addDays(me.today, 1);
  const to = range.to < tomorrow ? range.to : tomorrow;
  if (tenant === null || range.from >= to) return null;
  const at = to < tomorrow ? `${addDays(to, -1)}T23:59:59Z` : null;
  return get("credits", { tenant, at, days: lengthOf(range.from, to) + 1 });
}

function grants(found) {
  if (!found?.grants.length) return null;
  const { grants: rows, totals } = found;
  const columns = [
    words("Grant", "grant_id"),
    words("Kind", "kind"),
    ...amountColumns(),
    { label: "Ends", nowrap: true, cell: ({ expires_at: end }) => end?.slice(0, 10) ?? "never" },
  ];
  const total = { ...totals, grant_id: "Total", kind: "", expires_at: "" };
  const overage = h("p", {}, `Overage: ${quantity(totals.overage)} credits that no grant has paid for.`);
  return [table({ caption: "Credits by grant", columns, rows, total }), totals.overage === "0" ? null : overage];
}

function amountColumns() {
  return [
    figures("Granted", "granted", quantity),
    figures("Used", "used", quantity),
    figures("Expired or taken back", "gone", quantity),
    figures("Left", "left", quantity),
  ];
}

function burnDown(found) {
  const days = found?.days.slice(1) ?? [];
  if (!days.some((day) => AMOUNTS.some((name) => Number(day[name]) !== 0))) return null;
  const columns = [words("Day", "day", { nowrap: true }), ...amountColumns()];
  const last = days.at(-1);
  const used = quantity(sum(days.map((day) => day.used)));
  return chart({
    label: `Credits by day: ${used} used, ${quantity(last.left)} left on ${last.day}.`,
    ...burnDownChart(days.map(mark)),
    table: table({ caption: "Credits by day", columns, rows: days }),
  });
}

function mark(day) {
  const numbers = AMOUNTS.flatMap((name) => [[name, Number(day[name])], [`${name}_text`, quantity(day[name])]]);
  return { day: day.day, ...Object.fromEntries(numbers) };
}
