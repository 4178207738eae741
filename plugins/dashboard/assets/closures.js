// Days on which the whole organization is closed.
import { all } from "./api.js";
import { dateOf, sayDate } from "./days.js";
import { fill, h } from "./dom.js";
import { field, form, orNull } from "./forms.js";
import { button, card, confirm, dialog, table, toast } from "./ui.js";

function span(one) {
  return one.first_date === one.last_date ? sayDate(one.first_date)
    : `${sayDate(one.first_date)} – ${sayDate(one.last_date)}`;
}

function close(ctx, done) {
  dialog("Close days", (self) => form([
    h("div", { class: "two" }, field({ name: "first_date", label: "First day", type: "date", required: true,
      value: dateOf(ctx.zone) }), field({ name: "last_date", label: "Last day", type: "date", optional: true,
      hint: "If not given: one day." })),
    field({ name: "reason", label: "Reason", optional: true, maxlength: 200, placeholder: "Holidays" }),
  ], { action: "Close", cancel: () => self.close() }, async (values) => {
    await ctx.calendar.post("/closures", { first_date: values.first_date,
      last_date: values.last_date || undefined, reason: orNull(values.reason) });
    self.close();
    toast("Closed");
    await done();
  }));
}

function reopen(ctx, one, done) {
  confirm({ title: "Open the days again", action: "Open again", text: h("p", null, "Open ",
    h("strong", null, span(one)), " again? Times of these days are then offered as the hours say.") }, async () => {
    await ctx.calendar.remove(`/closures/${one.id}`);
    await done();
  });
}

// changed(): what depends on them. Those that are over are left out.
export async function closures(ctx, changed) {
  const node = h("div");
  const locked = !ctx.may("admin");
  async function show() {
    const { list } = await all(ctx.calendar.get, "/closures", "closures", { from: dateOf(ctx.zone) });
    const done = async () => {
      await show();
      changed();
    };
    const head = [h("h2", null, "Closures"), !locked && button("Close days", { icon: "plus", small: true,
      onclick: () => close(ctx, done) })];
    fill(node, card(head, list.length === 0
      ? h("p", { class: "muted" }, "No closed days ahead. Holidays and the like close everything, whatever the hours.")
      : table("Closures", [{ title: "Days", cell: span }, { title: "Reason", class: "wrap", cell: (one) => one.reason ?? "—" },
        !locked && { title: "Actions", hide: true, class: "tight right actions", cell: (one) => button("", { icon: "trash",
          kind: "quiet", small: true, title: `Open ${span(one)} again`, onclick: () => reopen(ctx, one, done) }) },
      ].filter(Boolean), list)));
  }
  await show();
  return node;
}
