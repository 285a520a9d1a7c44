// Days as texts such as `2026-05-18`, UTC. They are compared as texts.

const MS_OF_DAY = 24 * 60 * 60 * 1000;
const SHORT = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric", timeZone: "UTC" });
const MONTH = new Intl.DateTimeFormat("en-GB", { month: "long", year: "numeric", timeZone: "UTC" });

/** Return the day that is so many days later. */
export function addDays(day, count) {
  return dayOf(Date.parse(day) + count * MS_OF_DAY);
}

/** Return the day of an instant in ms. */
export function dayOf(ms) {
  return new Date(ms).toISOString().slice(0, 10);
}

/** Return how many days there are from the first to before the second. */
export function lengthOf(from, to) {
  return Math.round((Date.parse(to) - Date.parse(from)) / MS_OF_DAY);
}

/** Return the days from the first to before the second. */
export function daysFrom(from, to) {
  return Array.from({ length: lengthOf(from, to) }, (_, at) => addDays(from, at));
}

/** Return the range as people say it, with its last day. */
export function rangeText({ from, to }) {
  const last = addDays(to, -1);
  return from === last ? dayText(from) : `${dayText(from)} to ${dayText(last)}`;
}

/** Return the day as in `18 May 2026`. */
export function dayText(day) {
  return SHORT.format(Date.parse(day));
}

/** Return the month of a day as in `May 2026`. */
export function monthText(day) {
  return MONTH.format(Date.parse(day));
}

/** Return the weekday of a day, 0 for Monday. */
export function weekdayOf(day) {
  return (new Date(Date.parse(day)).getUTCDay() + 6) % 7;
}

/** Return an instant, ISO or ms, by the clock of a time zone, as in `18 May 2026, 09:30`. */
export function timeText(instant, zone) {
  const shape = { dateStyle: "medium", timeStyle: "short", timeZone: zone };
  return new Intl.DateTimeFormat("en-GB", shape).format(new Date(instant));
}
