// Audit: what was done, by whom, and from what to what.
import { h } from "../dom.js";
import { field } from "../forms.js";
import { listing } from "../listing.js";
import { may } from "../session.js";
import { formatTime, when } from "../time.js";
import { empty, segmented, table } from "../ui.js";

function text(value) {
  return typeof value === "string" ? value : JSON.stringify(value);
}

// { changed: { price: { from: 40, to: 50 } }, … } in lines; anything else as it is.
function detail(value) {
  if (value === null || value === undefined) return "—";
  if (typeof value !== "object") return text(value);
  const { changed = {}, ...rest } = value;
  const lines = Object.entries(changed).map(([name, one]) => one?.from !== undefined || one?.to !== undefined
    ? `${name}: ${text(one.from ?? null)} → ${text(one.to ?? null)}` : `${name} changed`);
  lines.push(...Object.entries(rest).map(([name, one]) => `${name}: ${text(one)}`));
  return h("ul", { class: "small-text" }, lines.map((line) => h("li", { class: "clamp", title: line }, line)));
}

function rows(list) {
  return table("What was done", [
    { title: "When", class: "tight", cell: (row) => when(row.at, formatTime) },
    { title: "Who", cell: (row) => h("span", { class: "wrap" }, row.actor) },
    { title: "What", cell: (row) => h("div", null, h("span", { class: "chip" }, row.action),
      row.object && h("div", null, h("code", { class: "faint wrap" }, row.object))) },
    { title: "Detail", cell: (row) => detail(row.detail) },
  ], list);
}

export async function page(ctx) {
  const state = { everywhere: false, action: ctx.query.get("action") ?? "", object: ctx.query.get("object") ?? "" };
  const list = listing(async (cursor) => {
    const answer = await ctx.platform.get(state.everywhere ? "/audit" : `/organizations/${ctx.org.id}/audit`,
      { action: state.action, object: state.object, cursor });
    return [answer.audit, answer.next_cursor];
  }, (found) => found.length > 0 ? rows(found) : state.action || state.object
    ? empty("search", "Nothing fits", "Clear the fields above to see all that was done.")
    : empty("scroll", "Nothing yet", "Each change of keys, members, services, hours and bookings stands here."));
  const filter = (name, label, placeholder) => field({ label, placeholder, value: state[name], maxlength: 120,
    onchange: (event) => {
      state[name] = event.target.value.trim();
      list.show();
    } });
  await list.show();
  return [h("div", { class: "two" }, filter("action", "Only this action", "api_key.revoke"),
    filter("object", "Only of this id", "key_…")),
  may("operator") && segmented("Whose", [[false, ctx.org.name], [true, "Whole server"]], false, (value) => {
    state.everywhere = value;
    list.show();
  }), list.node];
}
