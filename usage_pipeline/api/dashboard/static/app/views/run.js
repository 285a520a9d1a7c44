// One run in detail, with its texts where the key may read them.

import { get } from "../core/api.js";
import { h } from "../core/dom.js";
import { href, state } from "../core/state.js";
import { timeText } from "../format/days.js";
import { duration, full } from "../format/numbers.js";
import { section } from "../parts/section.js";
import { asked } from "./overview.js";

const TEXTS = { input: "Input", output: "Output", error: "Error" };
const LABELS = {
  member_id: "Member",
  task_id: "Task",
  conversation_id: "Conversation",
  api_calls: "API calls",
  tokens_in: "Tokens in",
  tokens_out: "Tokens out",
  tokens_total: "Tokens",
  error_code: "Error code",
};
const SHOWN = [
  ...["tenant_id", "source", "agent", "agent_type", "member_id", "project", "feature", "task_id", "conversation_id"],
  ...["model", "provider", "api_calls", "tool_calls", "web_searches", "bytes"],
  ...["tokens_total", "tokens_in", "tokens_cached", "tokens_cache_write", "tokens_out", "tokens_reasoning"],
];

/** Return the section of a run. */
export function oneRun(context, id) {
  const tenant = state().get("run_tenant") ?? context.tenant;
  return section({
    title: `Run ${id}`,
    whole: true,
    controls: [h("a", { href: href({ run: null, run_tenant: null }) }, "Back to the runs")],
    load: () => get(`runs/${encodeURIComponent(id)}`, { ...asked(context), tenant }),
    show: ({ run, content }) => [h("dl", { class: "facts" }, facts(run, context.me.time_zone)), ...texts(content)],
  });
}

function facts(run, zone) {
  const time = (instant) => (instant === null ? "not logged" : `${timeText(instant, zone)} (${zone})`);
  const pairs = [
    ["Status", run.status ?? (run.type === "agent_run_started" ? "not ended" : "no status")],
    ["Error code", run.error_code],
    ["Started", time(run.started_at)],
    ["Ended", run.type === "agent_run_started" ? "not yet" : time(run.ended_at)],
    ["Took", run.duration_ms === null ? null : `${duration(run.duration_ms)} (${full(run.duration_ms)} ms)`],
    ["Cost, USD", run.cost === null ? `no price: ${run.unpriced?.replaceAll("_", " ")}` : full(run.cost)],
    ["Credits", run.credits === null ? `no rate: ${run.unrated?.replaceAll("_", " ")}` : full(run.credits)],
    ["Reported cost", run.reported_cost && `${run.reported_cost} ${run.currency ?? ""}`],
    ["Reported credits", run.reported_credits],
    ...SHOWN.map((name) => [labelOf(name), numberOrText(run[name])]),
    ["Meta", run.meta && JSON.stringify(run.meta)],
  ];
  const known = pairs.filter(([, value]) => value !== null && value !== undefined && value !== "");
  return known.map(([name, value]) => [h("dt", {}, name), h("dd", { dir: "auto" }, value)]);
}

function labelOf(name) {
  return LABELS[name] ?? name.replace(/_id$/, "").replaceAll("_", " ").replace(/^./, (first) => first.toUpperCase());
}

function numberOrText(value) {
  return typeof value === "number" ? full(value) : value;
}

function texts(content) {
  if (content === null) return [h("p", { class: "box" }, "The texts of runs need a key with the scope content.")];
  return Object.entries(TEXTS).flatMap(([name, label]) => {
    if (content[name] === null) return [h("h3", {}, label), h("p", { class: "quiet" }, "None, or none any more.")];
    const props = { class: "text", tabindex: 0, dir: "auto", role: "region", "aria-label": label };
    return [h("h3", {}, label), h("pre", props, content[name])];
  });
}
