// Settings → Integration → API Keys: all of them, found by label or last 4.
import { h } from "../dom.js";
import { change, generate, revoke, rotate, tones } from "../keyforms.js";
import { listing, searchField } from "../listing.js";
import { formatRelative, when } from "../time.js";
import { badge, button, empty, link, menu, table } from "../ui.js";

const prefix = { production: "kord_live_", development: "kord_test_" };

export function tail(key) {
  return h("code", { class: "num" }, `${prefix[key.environment] ?? "kord_live_"}…${key.last4}`);
}

export function environment(key) {
  return badge(key.environment ?? "production", key.environment === "development" ? "warn" : "");
}

// What may still be done to it.
export function actions(key, ctx, done) {
  const works = key.status === "active" || key.status === "scheduled";
  return menu(`Actions for ${key.label}`, [
    { label: "Details", icon: "chart", href: `#/keys/${key.id}` },
    { label: "Edit", icon: "edit", onclick: () => change(key, done) },
    works && !key.rotated_to && { label: "Rotate", icon: "rotate", onclick: () => rotate(key, done) },
    works && { label: "Revoke", icon: "ban", danger: true, onclick: () => revoke(key, done) },
  ]);
}

function columns(ctx, done) {
  return [
    { title: "Label", cell: (key) => [h("a", { class: "cell-main clamp", href: `#/keys/${key.id}` }, key.label),
      key.note && h("span", { class: "faint small-text clamp" }, key.note)] },
    { title: "Key", class: "tight", cell: tail },
    { title: "Environment", class: "tight", cell: environment },
    { title: "Created", class: "tight", cell: (key) => when(key.created_at, formatRelative) },
    { title: "Last used", class: "tight", cell: (key) => when(key.last_used_at, formatRelative) },
    { title: "Status", class: "tight", cell: (key) => [badge(key.status, tones[key.status]),
      key.signals?.length > 0 && [" ", h("span", { title: key.signals.map((one) => one.detail).join("\n") },
        badge("worth a look", "warn"))]] },
    { title: "Actions", hide: true, class: "tight right actions", cell: (key) => actions(key, ctx, done) },
  ];
}

function none(query, start) {
  if (query) return empty("search", "No key fits", `No label contains “${query}”, and no key ends in it.`);
  return empty("key", "No API keys yet", "A program that books for you sends a key with each request. "
    + "Generate one, copy it into your program, and see here what it does.",
  button("Generate API Key", { kind: "primary", icon: "plus", onclick: start }));
}

export async function page(ctx) {
  let query = ctx.query.get("q") ?? "";
  const start = () => generate(again);
  const list = listing(async (cursor, options) => {
    const answer = await ctx.platform.get(`/organizations/${ctx.org.id}/api-keys`, { q: query, cursor }, options);
    return [answer.api_keys, answer.next_cursor];
  }, (rows) => rows.length === 0 ? none(query, start) : table("API keys", columns(ctx, again), rows,
    (key) => ({ class: key.status === "revoked" || key.status === "expired" ? "gone" : null })));
  const again = () => list.again().catch(list.show);
  ctx.actions(button("Generate API Key", { kind: "primary", icon: "plus", onclick: start }));
  await list.show();
  ctx.every(30, () => list.again({ quiet: true }));
  return [
    h("p", { class: "muted" }, "Keys let your programs use the calendar API. The ",
      link("API reference", "/docs"), " says what it takes."),
    h("div", { class: "row spread" }, searchField("Search by label or last 4", 80, (text) => {
      query = text;
      list.show();
    }, query)),
    list.node,
  ];
}
