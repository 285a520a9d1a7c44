// What can be downloaded: written reports, and records.

import { address, filterParams, get } from "../core/api.js";
import { field, h, select } from "../core/dom.js";
import { filters, href } from "../core/state.js";
import { rangeText, timeText } from "../format/days.js";
import { chips } from "../parts/chips.js";
import { section } from "../parts/section.js";
import { table } from "../parts/table.js";
import { asked } from "./overview.js";

const FORMATS = { csv: "CSV", jsonl: "JSON lines" };
const FILTERS = {
  type: "Type",
  conversationId: "Conversation id",
  messageId: "Message id",
  taskId: "Task id",
  contactId: "Contact id",
  blueprintId: "Blueprint id",
  botId: "Bot id",
  datasetId: "Dataset id",
  skillsetId: "Skillset id",
  abilityId: "Ability id",
};
const ROUTE = "/v1/";

/** Return the sections of the view. */
export function downloads(context) {
  return [records(context).element, reports(context).element];
}

function records(context) {
  const params = { ...asked(context), ...filterParams(filters(FILTERS)) };
  const links = Object.entries(FORMATS).map(([format, name]) =>
    h("li", {}, h("a", { href: address("usage/list", { ...params, format }), download: true }, `Records as ${name}`)),
  );
  return section({
    title: "Usage records",
    about: `Those of ${rangeText(context.range)} that pass all filters, the newest first. They come as a stream.`,
    whole: true,
    load: async () => links,
    show: (found) => [filterForm(context), chips(FILTERS), h("ul", {}, found)],
  });
}

function filterForm({ go }) {
  const name = select(Object.entries(FILTERS), "type", () => {});
  const value = h("input", { required: true, autocomplete: "off" });
  const submit = (event) => {
    event.preventDefault();
    const before = filters(FILTERS)[name.value] ?? [];
    go(href({ [name.value]: [...new Set([...before, value.value.trim()])] }));
  };
  return h(
    "form",
    { class: "range", "aria-label": "Filter records", onsubmit: submit },
    field("Filter by", name),
    field("Value", value),
    h("button", { type: "submit" }, "Filter"),
  );
}

function reports(context) {
  return section({
    title: "Reports",
    about: "Those that were written, the newest periods first.",
    whole: true,
    load: () => get("reports", { tenant: context.tenant }),
    show: ({ items }) => reportTable(items, context),
    empty: "No report has been written yet. `usage-pipeline report` writes one, and subscriptions do by themselves.",
  });
}

function reportTable(items, { tenant, me }) {
  if (!items.length) return null;
  const columns = [
    { label: "Period", cell: (row) => rangeText(row) },
    tenant === null && { label: "Tenant", cell: (row) => row.tenant ?? "all together" },
    { label: "Filters", cell: (row) => filterText(row.filters) },
    { label: "Version", number: true, cell: (row) => String(row.version) },
    { label: "State", cell: (row) => state(row) },
    { label: "Written", cell: (row) => timeText(row.written_at, me.time_zone) },
    { label: "Files", cell: (row) => files(row) },
  ].filter(Boolean);
  return table({ caption: `Reports, times of ${me.time_zone}`, columns, rows: items });
}

function state({ is_final: isFinal, corrected }) {
  return `${isFinal ? "final" : "provisional"}${corrected ? ", corrected" : ""}`;
}

function filterText(found) {
  return Object.entries(found).map(([name, values]) => `${name}: ${values.join(", ")}`).join("; ");
}

function files({ files: found }) {
  const links = found.map(({ name, bytes, href }) =>
    h("div", {}, h("a", { href: address(href.slice(ROUTE.length)), download: name }, name), ` ${size(bytes)}`),
  );
  return links.length ? h("div", {}, links) : "being written";
}

function size(bytes) {
  if (bytes < 1000) return `${bytes} B`;
  return bytes < 1e6 ? `${Math.round(bytes / 1000)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}
