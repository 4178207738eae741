// One API key: what it may, what it did, what is left to it, why it was refused.
import { fill, h, refill } from "../dom.js";
import { graph, rangeQuery, ranges, shownOf } from "../graph.js";
import { change, revoke, rotate, scopes, tones } from "../keyforms.js";
import { windows } from "../quota.js";
import { formatRelative, when } from "../time.js";
import { badge, button, card, empty, facts, link, notice, segmented, table, toast } from "../ui.js";
import { environment, tail } from "./keys.js";

function access(key) {
  if (key.scopes.length === scopes.length) return "Full access";
  return h("span", { class: "row" }, key.scopes.map((scope) => h("span", { class: "chip" }, scope)));
}

function limitsText(key) {
  const { per_minute: minute, per_hour: hour, reason, until } = key.limits;
  return [[minute && `${minute} a minute`, hour && `${hour} an hour`].filter(Boolean).join(", "),
    reason && ` (${reason})`, until && [", until ", when(until)]];
}

function about(key) {
  return card("Key", facts([
    ["Key", tail(key)], ["Environment", environment(key)], ["Status", badge(key.status, tones[key.status])],
    ["Created", [when(key.created_at), key.created_by && ` by ${key.created_by}`]],
    ["Last used", [when(key.last_used_at, formatRelative), key.last_used_ip && ` from ${key.last_used_ip}`]],
    key.not_before && ["Valid from", when(key.not_before)],
    ["Expires", when(key.expires_at)],
    ["Access", access(key)],
    key.limits && ["Limits of its own", limitsText(key)],
    key.revoked_at && ["Revoked", [when(key.revoked_at), key.revoked_by && ` by ${key.revoked_by}`,
      key.revoke_reason && `: ${key.revoke_reason}`]],
    key.rotated_from && ["Successor of", link("the key before", `#/keys/${key.rotated_from}`)],
    key.rotated_to && ["Rotated to", link("its successor", `#/keys/${key.rotated_to}`)],
    key.note && ["Note", key.note],
  ]));
}

function refusals(denials) {
  if (denials.length === 0) {
    return card("Refusals", empty("shield", "None", "The last 50 requests that were refused would stand here, "
      + "each with what to fix."));
  }
  return card("Refusals", table("Refusals", [
    { title: "When", class: "tight", cell: (one) => when(one.at, formatRelative) },
    { title: "Why", class: "tight", cell: (one) => [h("span", { class: "chip" }, one.rule),
      one.limit && h("span", { class: "faint small-text num" }, ` ${one.used} of ${one.limit}`)] },
    { title: "Route", cell: (one) => h("code", { class: "route" }, one.route) },
    { title: "What to fix", cell: (one) => h("span", { class: "small-text" }, one.fix) },
    { title: "From", class: "tight", cell: (one) => one.address ?? "—" },
  ], denials));
}

function signals(list) {
  return list.map((one) => notice("warn", h("p", { class: "strong" }, "Worth a look"), h("p", null, one.detail)));
}

function actions(key, ctx) {
  const done = () => ctx.refresh();
  const works = key.status === "active" || key.status === "scheduled";
  return [button("Edit", { icon: "edit", onclick: () => change(key, done) }),
    works && !key.rotated_to && button("Rotate", { icon: "rotate",
      onclick: () => rotate(key, (made) => ctx.go(`keys/${made.id}`)) }),
    works && button("Revoke", { icon: "ban", kind: "danger", onclick: () => revoke(key, done) })];
}

// All at once; of several faults the first in the list is told, whichever came first.
async function together(list) {
  const ends = await Promise.allSettled(list), bad = ends.find((one) => one.status === "rejected");
  if (bad) throw bad.reason;
  return ends.map((one) => one.value);
}

async function ask(ctx, range, options) {
  const id = ctx.params.id;
  const [key, usage, limits, denials] = await together([
    ctx.platform.get(`/api-keys/${id}`, {}, options),
    ctx.platform.get(`/organizations/${ctx.org.id}/usage`, { key: id, by: "status", ...rangeQuery(range) }, options),
    ctx.platform.get(`/api-keys/${id}/limits`, {}, options),
    ctx.platform.get(`/api-keys/${id}/denials`, {}, options)]);
  return { key: key.api_key, usage: usage.usage, windows: limits.limits.windows, denials: denials.denials };
}

export async function page(ctx) {
  const chart = graph("Requests with this key");
  ctx.signal.addEventListener("abort", chart.end);
  const parts = { signals: h("div", { class: "stack" }), about: h("div"), limits: h("div"), denials: h("div") };
  const none = h("div");
  let range = "hour";
  let drawn;
  async function load(options) {
    const now = await ask(ctx, range, options);
    const changed = JSON.stringify([now.key, now.denials]);
    if (changed !== drawn) {
      ctx.title(now.key.label);
      ctx.actions(...actions(now.key, ctx).filter(Boolean));
      fill(parts.signals, signals(now.key.signals ?? []));
      refill(parts.about, about(now.key));
      refill(parts.denials, refusals(now.denials));
      drawn = changed;
    }
    fill(parts.limits, card("Limits", windows(now.windows)));
    const quiet = now.usage.series.length === 0;
    fill(none, quiet && empty("chart", "No requests in this time", "Send one with the key, and it stands here "
      + "within seconds."));
    chart.node.hidden = quiet;
    await chart.update(now.usage, shownOf(now.usage));
  }
  await load();
  ctx.every(5, () => load({ quiet: true }));
  return [parts.signals, parts.about,
    card(h("div", { class: "row spread grow" }, h("h2", null, "Usage"),
      segmented("Time", ranges.map(([value, name]) => [value, name]), range, (value) => {
        range = value;
        load().catch((fault) => fault.name === "AbortError" || toast(fault.message, "bad"));
      })), none, chart.node),
    parts.limits, parts.denials];
}
