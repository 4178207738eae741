// One host: who it is, and when it is away.
import { all } from "../api.js";
import { addDays, dateOf, instantOf } from "../days.js";
import { fill, h } from "../dom.js";
import { field, form, orNull, select } from "../forms.js";
import { editHost, remove } from "../people.js";
import { formatTime, when } from "../time.js";
import { badge, button, card, confirm, dialog, facts, link, notice, table, toast } from "../ui.js";

const kinds = { time_off: "away", busy: "busy elsewhere" };
const span = (one) => `${formatTime(one.start_at)} – ${formatTime(one.end_at)}`;

// Bookings that fall into it stay; they are named.
function overlapping(answer) {
  const list = answer.overlapping;
  if (list.length === 0) return;
  dialog("Bookings in this time", (self) => [
    h("div", { class: "stack" }, notice("warn", h("p", null, `${answer.more_overlapping ? "More than " : ""}${list.length} `
      + `${list.length === 1 ? "booking falls" : "bookings fall"} into it. They stay: move or cancel them where needed.`)),
    h("ul", { class: "stack" }, list.map((one) => h("li", null, h("code", null, one.id), ` ${span(one)} `, badge(one.status))))),
    h("div", { class: "dialog-foot" }, button("Understood", { kind: "primary", onclick: () => self.close() }))]);
}

function leave(ctx, host, done) {
  const at = (values, end) => instantOf(ctx.zone, values[`${end}_date`], values[`${end}_clock`] || "00:00");
  const part = (name, label, date) => h("div", { class: "two" }, field({ name: `${name}_date`, label, type: "date",
    required: true, value: date }), field({ name: `${name}_clock`, label: `${label}, at`, type: "time", value: "00:00" }));
  const today = dateOf(ctx.zone);
  dialog(`Time off of ${host.displayName}`, (self) => form([
    part("start", "From", addDays(today, 1)), part("end", "Until", addDays(today, 2)),
    select({ name: "kind", label: "Why", value: "time_off", choices: [["time_off", "Away"], ["busy", "Busy elsewhere"]] }),
    field({ name: "note", label: "Note", optional: true, rows: 2, maxlength: 2000 }),
  ], { action: "Save time off", cancel: () => self.close() }, async (values) => {
    const answer = await ctx.calendar.post(`/hosts/${host.id}/time-off`, { start_at: at(values, "start"),
      end_at: at(values, "end"), kind: values.kind, note: orNull(values.note) ?? undefined });
    self.close();
    toast("Nothing new is booked with them then.");
    await done();
    overlapping(answer);
  }));
}

function back(ctx, host, one, done) {
  confirm({ title: "Remove time off", action: "Remove", text: h("p", null, h("strong", null, host.displayName),
    " can be booked again ", span(one), "?") }, async () => {
    await ctx.calendar.remove(`/hosts/${host.id}/time-off/${one.id}`);
    await done();
  });
}

async function away(ctx, host) {
  const node = h("div"), locked = !ctx.may("admin");
  async function show() {
    const { list } = await all(ctx.calendar.get, `/hosts/${host.id}/time-off`, "time_off", { from: new Date().toISOString() });
    const head = [h("h2", null, "Time off"), !locked && button("Add time off", { icon: "plus", small: true,
      onclick: () => leave(ctx, host, show) })];
    fill(node, card(head, list.length === 0 ? h("p", { class: "muted" }, "None ahead. Who is away is not booked.")
      : table("Time off", [{ title: "When", cell: span }, { title: "Why", class: "tight", cell: (one) => kinds[one.kind] },
        { title: "Note", class: "wrap", cell: (one) => one.note ?? "—" },
        !locked && { title: "Actions", hide: true, class: "tight right actions", cell: (one) => button("", { icon: "trash",
          kind: "quiet", small: true, title: `Remove ${span(one)}`, onclick: () => back(ctx, host, one, show) }) },
      ].filter(Boolean), list)));
  }
  await show();
  return node;
}

export async function page(ctx) {
  const { host } = await ctx.calendar.get(`/hosts/${ctx.params.id}`);
  ctx.title(host.displayName);
  ctx.actions(link("Hours", `#/hours?of=${encodeURIComponent(`host:${host.id}`)}`, { class: "button" }),
    ctx.may("admin") && button("Edit", { icon: "edit", onclick: () => editHost(host, ctx.zone, ctx.refresh) }),
    ctx.may("admin") && button("Remove", { icon: "trash", onclick: () => remove("host", host, () => ctx.go("hosts")) }));
  return [card(null, facts([["State", badge(host.status, host.status === "active" ? "good" : "warn")],
    ["Email", host.email ?? "—"], ["Zone", host.timezone.replaceAll("_", " ")], ["Id", h("code", null, host.id)],
    ["Made", when(host.created_at)]])), await away(ctx, host)];
}
