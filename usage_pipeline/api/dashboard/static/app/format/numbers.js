// Numbers as people read them. What is not known is a dash.

import { decimal, grouped, rounded } from "./decimals.js";

export const ABSENT = "–";
const UNITS = ["", "k", "M", "B", "T"];

/** Return a number in three digits: 950, 12.3k, 1.2M, 3B; smaller ones whole or with three digits. */
export function short(value) {
  if (value === null || value === undefined) return ABSENT;
  const number = Number(value);
  let [size, unit] = [Math.abs(number), 0];
  while (rounds(size) >= 1000 && unit < UNITS.length - 1) [size, unit] = [size / 1000, unit + 1];
  return `${number < 0 ? "-" : ""}${rounds(size)}${UNITS[unit]}`;
}

function rounds(size) {
  return Number(size.toPrecision(Math.max(3, Math.trunc(size).toString().length)));
}

/** Return all digits of a number, with commas. */
export function full(value) {
  return value === null || value === undefined ? ABSENT : grouped(String(value));
}

/** Return an amount of US dollars with two places, or six if it does not come to one. */
export function money(value) {
  if (value === null || value === undefined) return ABSENT;
  const { units, places } = decimal(value);
  const size = units < 0n ? -units : units;
  return grouped(rounded(value, units !== 0n && size < 10n ** BigInt(places) ? 6 : 2));
}

/** Return a number of credits or of something else that may have places, with two of them at most. */
export function quantity(value) {
  if (value === null || value === undefined) return ABSENT;
  return decimal(value).places ? grouped(rounded(value, 2)) : full(value);
}

/** Return a percentage with one decimal, cut off, so that 100 is only what is all. */
export function share(value) {
  return percent(value === null ? null : String(value).replace(/(\.\d)\d+$/, "$1"));
}

/** Return a percentage. */
export function percent(value) {
  return value === null || value === undefined ? ABSENT : `${value} %`;
}

/** Return a time in ms as in `517 ms`, `4.3 s`, `2 min 5 s` or `3 h 20 min`. */
export function duration(ms) {
  if (ms === null || ms === undefined) return ABSENT;
  if (ms < 1000) return `${ms} ms`;
  if (ms < 60_000) return `${Number((ms / 1000).toFixed(1))} s`;
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 60) return `${minutes} min ${Math.floor((ms % 60_000) / 1000)} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** Return the change from one number to another as in `+12.3 %`; null without something to compare with. */
export function change(now, before) {
  if (now === null || now === undefined || !Number(before ?? 0)) return null;
  return signed(((Number(now) - Number(before)) / Math.abs(Number(before))) * 100, "%");
}

/** Return the difference of two percentages as in `+1.5 points`; null without something to compare with. */
export function difference(now, before) {
  if (now === null || before === null) return null;
  return signed(Number(now) - Number(before), "points");
}

function signed(size, unit) {
  const shown = Number(size.toFixed(1));
  return `${shown > 0 ? "+" : ""}${grouped(String(shown))} ${unit}`;
}

/** Return a count with its word, as in `1 day` and `3 days`. */
export function counted(count, word) {
  return `${full(count)} ${word}${count === 1 ? "" : "s"}`;
}
