// How limits stand now, and the alerts.

import { get } from "../core/api.js";
import { h } from "../core/dom.js";
import { addDays, dayText, rangeText, timeText } from "../format/days.js";
import { ABSENT, counted, full, percent, quantity, share } from "../format/numbers.js";
import { section } from "../parts/section.js";
import { figures, table, words } from "../parts/table.js";

const MOST_SHOWN = 60;
const MOST_ALERTS = 100;
const KINDS = {
  unpriced_usage: "usage without a price",
  anomaly: "unusual day",
  projected_limit: "limit that will probably be passed",
};
const UNITS = { cost: "US dollars", tokens_total: "tokens" };

/** Return the sections of the view. */
export function limits(context) {
  const alerts = { tenant: context.tenant, take: MOST_ALERTS };
  return [
    section({
      title: "Limits",
      about: "As of now, whatever range is chosen. Those with the largest share first.",
      whole: true,
      load: () => get("limits", { tenant: context.tenant }),
      show: (answer) => limitList(answer, context),
      empty: "No limits are set.",
    }),
    section({
      title: "Open alerts",
      whole: true,
      load: () => get("alerts", { ...alerts, state: "raised" }),
      show: ({ items }) => alertTable("Open alerts", items.filter(isTold), context),
      empty: "No alert is open.",
    }),
    section({
      title: "Earlier alerts",
      whole: true,
      load: () => get("alerts", alerts),
      show: ({ items }) => alertTable("Earlier alerts", items.filter(isTold).filter(hasEnded), context),
      empty: "No alert has ended lately.",
    }),
  ].map(({ element }) => element);
}

function limitList({ items }, context) {
  if (!items.length) return null;
  const sorted = items.toSorted((one, other) => Number(other.share) - Number(one.share));
  const shown = sorted.slice(0, MOST_SHOWN).map((limit) => limitItem(limit, context));
  const more = sorted.length - shown.length;
  const rest = h("p", { class: "more" }, `${full(more)} more have smaller shares. Choose a tenant to see them.`);
  return [h("ul", { class: "limits" }, shown), more ? rest : null];
}

function limitItem(limit, { tenant }) {
  const standing = standingOf(limit);
  const id = `limit-${limit.tenant_id}-${limit.limit_id}-${limit.member_id}-${limit.project}-${limit.model}`;
  const badge = h("span", { class: `badge ${standing.level}` }, standing.word);
  const scope = scopeOf(limit, tenant === null);
  const used = `${quantity(limit.used)} of ${quantity(limit.amount)} ${UNITS[limit.metric] ?? unit(limit.metric)}`;
  return h(
    "li",
    {},
    h("div", { class: "line" }, h("h3", { id }, limit.limit_id), badge),
    scope && h("p", { class: "quiet" }, scope),
    meter(limit, standing, id, used),
    h("p", { title: `${full(limit.used)} of ${full(limit.amount)}` }, h("strong", {}, share(limit.share)), `: ${used}`),
    h("p", { class: "quiet" }, about(limit)),
  );
}

/** Return how a limit stands: a level for its colour, and a word. */
export function standingOf({ used, threshold, projected, amount, action }) {
  const [of, most] = [Number(used), Number(amount)];
  if (of >= most) {
    const word = of > most ? "Over the limit" : "Used up";
    return { level: "bad", word: action === "block" ? `${word}: blocks requests` : word };
  }
  if (projected !== null && Number(projected) > most) return { level: "warn", word: "Will be over at this rate" };
  if (threshold !== null) return { level: "warn", word: `${threshold} % reached` };
  return { level: "good", word: "Within the limit" };
}

function unit(metric) {
  return metric.replaceAll("_", " ");
}

function scopeOf(limit, withTenant) {
  const names = { tenant_id: "Tenant", member_id: "Member", project: "Project", model: "Model" };
  const found = Object.entries(names).filter(([name]) => limit[name] && (withTenant || name !== "tenant_id"));
  return found.map(([name, word]) => `${word}: ${limit[name]}`).join(", ");
}

function meter(limit, { level, word }, labelledby, used) {
  const shown = Math.min(100, Number(limit.share));
  const props = { role: "meter", "aria-labelledby": labelledby, "aria-valuemin": 0, "aria-valuemax": 100 };
  const values = { "aria-valuenow": shown, "aria-valuetext": `${share(limit.share)}, ${used}. ${word}.` };
  return h("div", { class: `meter ${level}`, ...props, ...values }, h("span", { share: shown }));
}

function about(limit) {
  const parts = [
    `${rangeText({ from: limit.first_day, to: addDays(limit.last_day, 1) })} (${limit.period})`,
    limit.projected !== null && `projected: ${quantity(limit.projected)}`,
    limit.first_day_over && `over since ${dayText(limit.first_day_over)}`,
    !limit.first_day_over && Number(limit.remaining) < 0 && "over for longer than its period",
    limit.action === "block" ? "blocks requests" : "alerts only",
    limit.incomplete && "some usage has no price or rate, and is not counted",
    limit.missing_days > 0 && `${counted(limit.missing_days, "day")} missing`,
  ];
  return parts.filter(Boolean).join(" · ");
}

/** Return whether people were told of an alert; of several thresholds that are passed at once only the highest is. */
function isTold(alert) {
  return !alert.passed;
}

function hasEnded(alert) {
  return alert.state !== "raised";
}

/** Return what an alert is about: of usage without a price its model, of an unusual day in which direction it is. */
export function aboutOf({ kind, subject }) {
  if (kind === "anomaly") return `Numbers ${subject} than expected`;
  return kind === "unpriced_usage" && subject === "(none)" ? "Usage that names no model" : subject;
}

function alertTable(caption, items, { tenant, me }) {
  if (!items.length) return null;
  const time = (instant) => (instant === null ? ABSENT : timeText(instant, me.time_zone));
  const columns = [
    { label: "About", cell: aboutOf },
    tenant === null && words("Tenant", "tenant_id"),
    { label: "Kind", cell: ({ kind }) => KINDS[kind] ?? kind.replaceAll("_", " ") },
    { label: "Threshold", number: true, cell: (row) => percent(row.threshold) },
    figures("Used", "used", quantity),
    figures("Amount", "amount", quantity),
    { label: "Raised", cell: (row) => time(row.raised_at) },
    caption === "Open alerts" ? null : { label: "Ended", cell: (row) => time(row.resolved_at) },
    words("State", "state"),
  ].filter(Boolean);
  return table({ caption: `${caption}, times of ${me.time_zone}`, columns, rows: items });
}
