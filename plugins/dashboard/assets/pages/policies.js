// Policies: the operator's scripts as they run, how the disk differs from them, what the last
// reload said, and what the policies decided. Scripts are read here and edited on the server.
import { fill, h, refill } from "../dom.js";
import { formatRelative, formatSpan, when } from "../time.js";
import { badge, button, card, confirm, dialog, empty, facts, notice, problem, segmented, table, toast } from "../ui.js";

const origins = { disk: "the disk", "last-good": "the last good ones: those on disk were broken at the start",
  pinned: "rolled back, until the next reload" };
const tones = { refused: "bad", changed: "info", failed: "bad", allowed: "good" };

const files = (list) => h("ul", { class: "plain-list" }, list.map((one) => h("li", null, h("code", { class: "wrap" }, one))));

// "scripts/quota.lua:3: …", a line each.
const faults = (list) => h("ul", { class: "plain-list faults" }, list.map((one) => h("li", null, h("code", { class: "wrap" }, one))));

function changes(of) {
  const words = { changed: "Changed", added: "New", removed: "Gone" };
  return Object.entries(words).filter(([name]) => of[name]?.length > 0).map(([name, word]) =>
    h("div", { class: "change" }, h("p", null, word), files(of[name])));
}

function drift(status) {
  const { drift: of } = status;
  if (of.files === 0 && of.faults.length === 0) {
    return notice("good", h("p", null, "What runs is what is on disk."));
  }
  return notice("warn", h("p", { class: "strong" }, `The disk differs from what runs: ${of.files} `
    + `${of.files === 1 ? "file" : "files"}. It goes live with a reload.`), changes(of),
  of.faults.length > 0 && [h("p", { class: "strong" }, "It cannot be read as it is:"), faults(of.faults)]);
}

function state(status) {
  return card("What runs", facts([["Generation", String(status.generation)],
    ["Hash of all sources", h("code", null, status.hash)], ["Taken from", origins[status.source] ?? status.source],
    ["Up for", formatSpan(status.uptime_seconds)], ["Plugins", String(status.plugins.length)],
    ["Quarantined", status.plugins.filter((one) => one.quarantined).map((one) => one.name).join(", ") || "none"]]));
}

function lastReload(last) {
  if (!last) return card("Last reload", h("p", { class: "muted" }, "None since the server started."));
  const what = last.rollback ? "Rolled back" : "Reload";
  return card("Last reload", h("div", { class: "stack" }, h("p", null, badge(last.live ? "went live" : "refused",
    last.live ? "good" : "bad"), ` ${what}, `, when(last.at)),
  !last.live && notice("bad", h("p", null, "Nothing was changed by it: the sources from before keep running."), faults(last.faults))));
}

// What a reload would change, and whether it would be refused.
function report(ctx, told) {
  const { limits, routes } = told;
  dialog("What a reload would change", (self) => [
    h("div", { class: "stack" }, notice("good", h("p", null, "Everything compiles, and all tests of the policies pass.")),
      changes(told.files), facts([["Routes", `${routes.changed} changed, ${routes.added} new, ${routes.removed} gone`],
        ["Keys", String(limits.keys)], ["Of them with tighter limits", String(limits.tighter)],
        ["With looser ones", String(limits.looser)]])),
    h("div", { class: "dialog-foot" }, button("Close", { onclick: () => self.close() }),
      button("Reload …", { kind: "primary", onclick: () => {
        self.close();
        confirm({ title: "Reload", action: "Make it live", text: h("p", null, "Take scripts and plugins from disk? All of it "
          + "goes live at once for every organization, or nothing does.") }, async () => {
          await ctx.platform.post("/reload");
          toast("It is live");
          await ctx.refresh();
        });
      } }))], { wide: true });
}

function refused(fault) {
  dialog("A reload would be refused", (self) => [h("div", { class: "stack" }, notice("bad", h("p", null,
    "What runs would keep running. Mend these lines, then check again."), faults(fault.body.faults ?? [fault.message]))),
  h("div", { class: "dialog-foot" }, button("Close", { onclick: () => self.close() }))], { wide: true });
}

function checker(ctx) {
  return async () => {
    try {
      report(ctx, await ctx.platform.post("/reload", { dry_run: true }));
    } catch (fault) {
      if (fault.status !== 422) throw fault;
      refused(fault);
    }
  };
}

function scripts(list) {
  const place = h("div", { class: "stack" });
  const short = (one) => one.name.replace("scripts/", "");
  const show = (name) => {
    const one = list.find((each) => each.name === name);
    const lines = (one.text ?? "").replace(/\n$/, "").split("\n");
    fill(place, h("p", { class: "small-text muted" }, "Hash ", h("code", null, one.hash), `, ${lines.length} lines. `
      + "Bookings keep the hash of the text they were made under."), h("div", { class: "code" },
      h("pre", { tabindex: 0, "aria-label": short(one), class: "numbered" }, lines.map((line) => h("code", null, `${bare(line)}\n`)))));
  };
  show(list[0].name);
  return card("Scripts", h("div", { class: "stack" }, segmented("Script", list.map((one) => [one.name, short(one)]),
    list[0].name, show), place));
}

// Marks that turn text around would let a script read otherwise than it runs: they are named.
const bare = (line) => line.replace(/[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g,
  (mark) => `<U+${mark.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}>`);

// What a rule answered, in lines; the same one for many slots once, with how many.
function answers(value) {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) return [typeof value === "string" ? value : JSON.stringify(value)];
  const times = new Map();
  for (const one of value.filter(Boolean)) {
    const text = one.message ? `${one.code ?? "policy_denied"}: ${one.message}` : answers(one)[0];
    times.set(text, (times.get(text) ?? 0) + 1);
  }
  return [...times].map(([text, n]) => n > 1 ? `${n} times: ${text}` : text);
}

function result(one) {
  const lines = one.why ? [one.why] : answers(one.result);
  return h("div", { class: "decided" }, lines.map((text) => h("p", { class: "wrap clamp" }, text)),
    one.inputs && h("details", null, h("summary", null, "Inputs"),
      h("pre", { class: "inputs" }, JSON.stringify(one.inputs, null, 2))));
}

function decisions(log) {
  if (log.decisions.length === 0) {
    return empty("shield", "No decisions yet", "What policies refuse and change stands here, with the line that says why; "
      + "what they let pass once in so many times.");
  }
  return [log.dropped > 0 && notice("warn", h("p", null, `${log.dropped} lines are missing: the disk could not follow.`)),
    table("Decisions, newest first", [
      { title: "When", class: "tight", cell: (one) => when(one.at, formatRelative) },
      { title: "Decision", class: "tight", cell: (one) => [badge(one.decision, tones[one.decision]),
        one.stands_for > 1 && h("span", { class: "faint small-text" }, ` of ${one.stands_for}`)] },
      { title: "Rule", class: "tight", cell: (one) => h("code", null, `${one.policy}.${one.rule}`) },
      { title: "Result", cell: result },
      { title: "Hash", class: "tight", cell: (one) => h("code", { class: "faint" }, one.hash) },
    ], log.decisions)];
}

async function log(ctx) {
  const node = h("div", { class: "stack" });
  const show = async (quiet) => {
    const now = await ctx.platform.get("/decisions", undefined, { quiet });
    if (!node.querySelector("details[open]")) refill(node, decisions(now)); // not while somebody reads
  };
  await show(false);
  ctx.every(10, () => show(true));
  return h("section", { class: "stack" }, h("h2", null, "Decisions"), node);
}

export async function page(ctx) {
  const [{ status }, live] = await Promise.all([ctx.platform.get("/status"), ctx.platform.get("/scripts")]);
  ctx.actions(button("Check the disk", { icon: "check", onclick: checker(ctx) }));
  return [drift(status), state(status), lastReload(status.last_reload),
    live.scripts.length > 0 ? scripts(live.scripts) : null,
    await log(ctx).catch((fault) => problem(fault))];
}
