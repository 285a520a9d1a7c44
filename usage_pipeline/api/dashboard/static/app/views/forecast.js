// The forecast of costs.

import { chart } from "../charts/draw.js";
import { forecastChart } from "../charts/forecast.js";
import { get } from "../core/api.js";
import { h } from "../core/dom.js";
import { addDays, dayText } from "../format/days.js";
import { counted, money } from "../format/numbers.js";
import { section } from "../parts/section.js";
import { figures, table, words } from "../parts/table.js";

const DAYS_SO_FAR = 28;

/** Return the section. */
export function forecast(context) {
  return section({
    title: "Forecast of the cost",
    about: "From what is known today, whatever range and filters are chosen. The band holds 80 of 100 cases.",
    whole: true,
    load: () => forecastOf(context),
    show: shown,
  });
}

async function forecastOf({ tenant }) {
  const [item] = (await get("forecast", { tenant, measures: "cost" })).items;
  if (!item.days.length) return item;
  const to = item.days[0].day;
  const soFar = await get("costs", { tenant, from: addDays(to, -DAYS_SO_FAR), to, groupBy: "day" });
  return { ...item, soFar: soFar.items };
}

function shown({ reason, days, period, soFar }) {
  if (!days.length) return h("p", { class: "box" }, `There is no forecast: ${reason}.`);
  const expected = period && h("strong", {}, rangeOf(period));
  const total = period && h("p", {}, "Expected: ", expected, ` US dollars from ${daysOf(period)}.${leftOut(period)}`);
  const label = `Forecast of the cost in US dollars: ${rangeOf(days[0])} on ${dayText(days[0].day)}.`;
  const drawn = chart({ label, ...forecastChart("Cost, USD", rowsOf(soFar, days)), table: numbers(days) });
  return [total, drawn];
}

function rowsOf(soFar, days) {
  const past = soFar.map(({ day, amount }) => {
    return { day, actual: amount === null ? null : Number(amount), text: money(amount) };
  });
  const coming = days.map((day) => ({
    day: day.day,
    ...Object.fromEntries([["estimate", day.estimate], ["low", day.low_80], ["high", day.high_80]].map(number)),
    text: rangeOf(day),
  }));
  return [...past, ...coming];
}

function number([name, value]) {
  return [name, Number(value)];
}

function rangeOf({ estimate, low_80: low, high_80: high }) {
  return `${money(estimate)} (${money(low)} to ${money(high)})`;
}

function daysOf({ first_day: first, last_day: last }) {
  return `${dayText(first)} to ${dayText(last)}`;
}

function leftOut({ missing_days: missing, estimated_days: estimated }) {
  const parts = [
    missing && ` Missing and left out: ${counted(missing, "day")}.`,
    estimated && ` Missing so far and estimated: ${counted(estimated, "day")}.`,
  ];
  return parts.filter(Boolean).join("");
}

function numbers(days) {
  const columns = [
    words("Day", "day", { nowrap: true }),
    figures("Expected, USD", "estimate", money),
    figures("At least", "low_80", money),
    figures("At most", "high_80", money),
  ];
  return table({ caption: "Forecast of the cost", columns, rows: days });
}
