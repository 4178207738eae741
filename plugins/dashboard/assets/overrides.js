// Dates whose hours differ from the week's: part of a schedule, each saved at once.
import { dateOf, sayDate } from "./days.js";
import { fill, h } from "./dom.js";
import { field, form, radios } from "./forms.js";
import { button, card, confirm, dialog, table, toast } from "./ui.js";
import { sayWindows, windowsEditor } from "./week.js";

// save(change): change is given the schedule's overrides, and returns those to keep.
function edit(ctx, one, save) {
  const editor = windowsEditor("The day", one?.hours ?? [["09:00", "17:00"]], { onchange: () => {} });
  const hours = h("div", { class: "stack", hidden: one?.closed ?? false }, editor.node,
    h("div", null, button("Add hours", { icon: "plus", small: true, onclick: () => editor.add() })));
  dialog(one ? sayDate(one.date) : "A date that differs", (self) => form([
    !one && field({ name: "date", label: "Date", type: "date", required: true, value: dateOf(ctx.zone) }),
    radios({ label: "On this date", name: "state", value: one?.closed ? "closed" : "open",
      choices: [["open", "Open at these hours"], ["closed", "Closed"]],
      onchange: (value) => { hours.hidden = value === "closed"; } }),
    hours,
  ], { action: "Save date", cancel: () => self.close() }, async (values) => {
    const date = one?.date ?? values.date;
    const kept = values.state === "closed" ? { date, closed: true } : { date, hours: editor.read() };
    await save((list) => [...list.filter((other) => other.date !== date), kept]);
    self.close();
    toast("Saved");
  }));
}

function drop(one, save) {
  confirm({ title: "Remove the date", action: "Remove", text: h("p", null, "Let ", h("strong", null, sayDate(one.date)),
    " be as its day of the week?") }, () => save((list) => list.filter((other) => other.date !== one.date)));
}

// Returns { node, show(overrides) }; only dates ahead are shown, all are kept.
export function overrides(ctx, save) {
  const node = h("div"), locked = !ctx.may("admin");
  function show(list) {
    const today = dateOf(ctx.zone);
    const ahead = list.filter((one) => one.date >= today);
    const head = [h("h2", null, "Dates that differ"), !locked && button("Add a date", { icon: "plus", small: true,
      onclick: () => edit(ctx, null, save) })];
    fill(node, card(head, ahead.length === 0
      ? h("p", { class: "muted" }, "No dates ahead differ from the week.")
      : table("Dates that differ", [
        { title: "Date", cell: (one) => sayDate(one.date) },
        { title: "Hours", class: "wrap num", cell: (one) => one.closed ? "Closed" : sayWindows(one.hours) },
        !locked && { title: "Actions", hide: true, class: "tight right actions", cell: (one) => h("span", { class: "tools" },
          button("", { icon: "edit", kind: "quiet", small: true, title: `Edit ${sayDate(one.date)}`,
            onclick: () => edit(ctx, one, save) }),
          button("", { icon: "trash", kind: "quiet", small: true, title: `Remove ${sayDate(one.date)}`,
            onclick: () => drop(one, save) })) },
      ].filter(Boolean), ahead)));
  }
  return { node, show };
}
