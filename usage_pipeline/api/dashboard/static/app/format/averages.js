// Averages and sums of series of days.

const WEEK = 7;

/** How many days before the first one its average needs. */
export const NEIGHBOURS = WEEK - 1;

/**
 * Return the average of the seven values up to each, without those that are null; null where the value itself is.
 * The first value that has one is at `from`. It is rounded half to even, as in the reports.
 */
export function weekAverages(values, from, places = 1) {
  return values.slice(from).map((value, at) => (value === null ? null : average(values, from + at, places)));
}

function average(values, last, places) {
  const known = values.slice(Math.max(0, last - WEEK + 1), last + 1).filter((value) => value !== null);
  const scaled = known.reduce((all, value) => all + Number(value), 0) * 10 ** places;
  const quotient = Math.floor(scaled / known.length);
  const twice = 2 * (scaled - quotient * known.length);
  const up = twice > known.length || (twice === known.length && quotient % 2 === 1);
  return (quotient + (up ? 1 : 0)) / 10 ** places;
}

/** Return the sum of the values that are not null; null without any. */
export function total(values) {
  const known = values.filter((value) => value !== null);
  return known.length ? known.reduce((all, value) => all + value, 0) : null;
}
