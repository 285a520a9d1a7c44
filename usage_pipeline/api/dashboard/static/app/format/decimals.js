// Exact decimals: the API has them as texts, and they are added and rounded as whole numbers, never as floats.

/** Return the decimal of a text or a whole number: `units` × 10^-`places`. */
export function decimal(value) {
  const [, sign, whole, fraction = ""] = /^(-?)(\d+)(?:\.(\d+))?$/.exec(String(value));
  const units = BigInt(whole + fraction);
  return { units: sign ? -units : units, places: fraction.length };
}

/** Return the sum of decimals as an exact text. Nulls count nothing; null if there is nothing else. */
export function sum(values) {
  const known = values.filter((value) => value !== null && value !== undefined).map(decimal);
  if (!known.length) return null;
  const places = Math.max(...known.map((one) => one.places));
  const units = known.reduce((total, one) => total + one.units * 10n ** BigInt(places - one.places), 0n);
  return text({ units, places }).replace(/(\.\d*?)0+$/, "$1").replace(/\.$/, "");
}

/** Return the first less the second, exact. */
export function less(first, second) {
  return sum([first, second.startsWith("-") ? second.slice(1) : `-${second}`]);
}

/** Return the text of a decimal rounded to so many places, half to even, as the reports round. */
export function rounded(value, places) {
  const found = decimal(value);
  if (found.places <= places) return text({ units: found.units * 10n ** BigInt(places - found.places), places });
  const divisor = 10n ** BigInt(found.places - places);
  const size = found.units < 0n ? -found.units : found.units;
  const [quotient, rest] = [size / divisor, size % divisor];
  const up = 2n * rest > divisor || (2n * rest === divisor && quotient % 2n === 1n);
  const units = quotient + (up ? 1n : 0n);
  return text({ units: found.units < 0n ? -units : units, places });
}

/** Return a text of digits with commas between the thousands. */
export function grouped(digits) {
  const [whole, fraction] = digits.split(".");
  const commas = whole.replace(/\B(?=(\d{3})+$)/g, ",");
  return fraction === undefined ? commas : `${commas}.${fraction}`;
}

function text({ units, places }) {
  const digits = String(units < 0n ? -units : units).padStart(places + 1, "0");
  const at = digits.length - places;
  const shown = places ? `${digits.slice(0, at)}.${digits.slice(at)}` : digits;
  return units < 0n ? `-${shown}` : shown;
}
