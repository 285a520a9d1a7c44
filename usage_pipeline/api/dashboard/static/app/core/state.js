// What the page shows, as the query of its address has it, so that an address can be shared.

import { addDays, lengthOf } from "../format/days.js";

export const VIEWS = {
  overview: "Overview",
  costs: "Costs",
  breakdown: "Breakdown",
  insights: "Insights",
  limits: "Limits",
  days: "Days",
  runs: "Runs",
  downloads: "Downloads",
};

/** Dimensions to group and filter by, as in the API. */
export const DIMENSIONS = {
  model: "Model",
  project: "Project",
  member_id: "Member",
  feature: "Feature",
  agent: "Agent",
  agent_type: "Agent type",
  type: "Type",
  source: "Source",
  status: "Status",
};

export const PRESETS = { 7: "Last 7 days", 14: "Last 14 days", 28: "Last 28 days", 90: "Last 90 days" };
export const USUAL_DAYS = 28;
export const MOST_DAYS = 366;
const DAY = /^\d{4}-\d{2}-\d{2}$/;

/** Return the state as a `URLSearchParams`. */
export function state() {
  return new URLSearchParams(location.search);
}

/** Return the name of the view. */
export function viewOf(params = state()) {
  const view = params.get("view");
  return Object.hasOwn(VIEWS, view ?? "") ? view : "overview";
}

/** Return the address of the state with changes: null removes a parameter, an array repeats it. */
export function href(changes) {
  const params = state();
  for (const [name, value] of Object.entries(changes)) {
    params.delete(name);
    for (const one of [value].flat()) if (one !== null && one !== "") params.append(name, one);
  }
  return `?${params}`;
}

/** Return the address of a view with the same tenant, range and filters, and nothing of the present view's own. */
export function viewHref(view) {
  const shared = ["tenant", "from", "to", "days", ...Object.keys(DIMENSIONS)];
  const own = [...state().keys()].filter((name) => !shared.includes(name));
  return href({ ...Object.fromEntries(own.map((name) => [name, null])), view });
}

/** Return the filters: those of the names that the address has, by default dimensions, each with its values. */
export function filters(labels = DIMENSIONS) {
  const params = state();
  const names = Object.keys(labels).filter((name) => params.has(name));
  return Object.fromEntries(names.map((name) => [name, params.getAll(name)]));
}

/**
 * Return the days that are shown, `from` to before `to`, and the `preset` if they follow the calendar. Without
 * other wishes they end with the last day that has data and is over. `refused` says why they are not what the
 * address asks for, if they are not.
 */
export function rangeOf(me, params = state()) {
  const [from, to] = [params.get("from"), params.get("to")];
  if (isDay(from) && isDay(to) && from < to) {
    if (lengthOf(from, to) <= MOST_DAYS) return { from, to, preset: null, refused: null };
    return { from: addDays(to, -MOST_DAYS), to, preset: null, refused: `At most ${MOST_DAYS} days are shown at once` };
  }
  const asked = params.get("days");
  const preset = Object.hasOwn(PRESETS, asked ?? "") ? Number(asked) : USUAL_DAYS;
  const known = me.last_day && me.last_day < me.today ? addDays(me.last_day, 1) : me.today;
  return { from: addDays(known, -preset), to: known, preset, refused: refusalOf(from, to, asked) };
}

function refusalOf(from, to, asked) {
  if (from !== null || to !== null) return `The address asks for days from ${from ?? "?"} to before ${to ?? "?"}`;
  const isKnown = asked === null || Object.hasOwn(PRESETS, asked);
  return isKnown ? null : `The address asks for the last ${asked} days`;
}

/** Return whether a text is a day of the calendar, which 30 February is not. */
function isDay(text) {
  return DAY.test(text ?? "") && !Number.isNaN(Date.parse(text)) && addDays(text, 0) === text;
}
