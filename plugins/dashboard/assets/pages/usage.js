// Usage: who asks how often, what was refused, and what is left.
import { download } from "../csv.js";
import { fill, h, isolated, refill } from "../dom.js";
import { select } from "../forms.js";
import { graph, rangeQuery, ranges, shownOf } from "../graph.js";
import { windows } from "../quota.js";
import { formatFull } from "../time.js";
import { button, card, counted, empty, link, meter, segmented, toast } from "../ui.js";

function tiles(totals) {
  const tile = (name, value) => h("div", { class: "tile" }, h("dt", null, name),
    h("dd", null, value.toLocaleString("en")));
  return h("dl", { class: "tiles" }, tile("Requests", totals.requests), tile("Admitted", totals.admitted),
    tile("Refused", totals.refused), tile("Server errors", totals["5xx"]));
}

// One line for each step and series that had any.
export function rowsOf(usage) {
  const head = ["time_utc", "time_in_zone", "step", usage.by, "label", "last4", "requests", "refused"];
  return [head, ...usage.series.flatMap((one) => one.points.map((point) => [point.at, formatFull(point.at),
    usage.step, one.name, one.label ?? "", one.last4 ?? "", point.requests, point.refused]))];
}

const named = (key) => `${isolated(key.label)} …${key.last4}`;

function dayCard(limits) {
  const { used, keys } = limits.day;
  if (keys.length === 0) {
    return card("Who uses the organization's day", empty("people", "Nobody yet",
      "No key was used in the last 24 hours. Send a request with one, and it stands here.",
      link("API Keys", "#/keys", { class: "button" })));
  }
  return card("Who uses the organization's day", keys.map((key) => meter(named(key), key.used,
    used, `${counted(key.used, "request")}, ${Math.round(key.share * 100)} %`, true)));
}

// Of the key that is chosen; of the busiest until one is.
function quotaCard(limits, chosen, onchange) {
  if (limits.keys.length === 0) {
    return card("Quotas", empty("key", "No API keys yet", "Limits are counted for each key.",
      link("API Keys", "#/keys", { class: "button primary" })));
  }
  const key = limits.keys.find((one) => one.id === chosen) ?? limits.keys[0];
  const choices = new Map([...limits.day.keys, ...limits.keys].map((one) => [one.id, named(one)]));
  return card("Quotas", h("div", { class: "stack" }, select({ label: "Key", value: key.id,
    choices: [...choices], onchange: (event) => onchange(event.target.value) }), h("div", null, windows(key.windows))));
}

export async function page(ctx) {
  const state = { range: "day", by: "key", key: null, live: true, usage: null, limits: null };
  const chart = graph("Requests over time");
  ctx.signal.addEventListener("abort", chart.end);
  const parts = { tiles: h("div"), none: h("div"), quota: h("div"), day: h("div") };
  const live = h("span", { class: "live on" }, "Live");

  function drawQuota() {
    if (parts.quota.contains(document.activeElement) && document.activeElement.matches(":open")) return;
    refill(parts.quota, quotaCard(state.limits, state.key ?? state.limits.day.keys[0]?.id,
      again((id) => { state.key = id; })));
  }
  async function draw() {
    const { usage } = state, none = usage.series.length === 0;
    fill(parts.tiles, tiles(usage.totals));
    fill(parts.none, none && empty("chart", "No requests in this time",
      "Choose a longer time, or send a request with an API key.", link("API Keys", "#/keys", { class: "button" })));
    chart.node.hidden = none;
    drawQuota();
    fill(parts.day, dayCard(state.limits));
    await chart.update(usage, shownOf(usage));
  }
  async function load(options) {
    const [usage, limits] = await Promise.all([
      ctx.platform.get(`/organizations/${ctx.org.id}/usage`, { by: state.by, ...rangeQuery(state.range) }, options),
      ctx.platform.get(`/organizations/${ctx.org.id}/limits`, { limit: 100 }, options)]);
    const key = state.key ?? limits.day.keys[0]?.id; // the list has only the newest
    if (key && !limits.keys.some((one) => one.id === key)) {
      limits.keys.push((await ctx.platform.get(`/api-keys/${key}/limits`, {}, options)).limits);
    }
    Object.assign(state, { usage: usage.usage, limits });
    await draw();
  }
  const again = (change) => (value) => {
    change(value);
    load().catch((fault) => fault.name === "AbortError" || toast(fault.message, "bad"));
  };
  const pause = button("Pause", { icon: "pause", onclick: () => {
    state.live = !state.live;
    live.classList.toggle("on", state.live);
    fill(live, state.live ? "Live" : "Paused");
    fill(pause.querySelector("span"), state.live ? "Pause" : "Go on");
  } });
  ctx.actions(live, pause, button("Export CSV", { icon: "download", onclick: () =>
    download(`usage-${ctx.org.slug}-by-${state.by}.csv`, rowsOf(state.usage)) }));
  await load();
  ctx.every(10, () => state.live && load({ quiet: true }));
  return [
    h("div", { class: "row spread" },
      segmented("Time", ranges.map(([value, name]) => [value, name]), state.range,
        again((value) => { state.range = value; })),
      segmented("By", [["key", "By key"], ["route", "By route"], ["status", "By status"]], state.by,
        again((value) => { state.by = value; }))),
    parts.tiles, card("Requests over time", parts.none, chart.node),
    h("div", { class: "grid" }, parts.quota, parts.day),
  ];
}
