// All organizations of the server, for operators: looked at, made, and chosen.
import { h } from "../dom.js";
import { field, form, slugOf } from "../forms.js";
import { listing, searchField } from "../listing.js";
import { platform } from "../api.js";
import { session } from "../session.js";
import { formatDate, when } from "../time.js";
import { badge, button, dialog, empty, table } from "../ui.js";

export function create(done) {
  dialog("New organization", (self) => {
    const slug = field({ name: "slug", label: "Slug", required: true, maxlength: 63,
      pattern: "[a-z0-9][a-z0-9\\-]*", hint: "Its public name in links: a-z, 0-9 and -. It never changes." });
    const name = field({ name: "name", label: "Name", required: true, maxlength: 200 });
    let typed = false;
    slug.control.addEventListener("input", () => { typed = true; });
    name.control.addEventListener("input", () => {
      if (!typed) slug.control.value = slugOf(name.control.value);
    });
    return form([name, slug], { action: "Make organization", cancel: () => self.close() }, async (values) => {
      const made = (await platform.post("/organizations", values)).organization;
      self.close();
      await done(made);
    });
  });
}

function found(draw) {
  let q = "";
  const list = listing(async (cursor) => {
    const answer = await platform.get("/organizations", { q, cursor });
    return [answer.organizations, answer.next_cursor];
  }, (rows) => draw(rows, q));
  list.search = searchField("Search by name or slug", 200, (text) => {
    q = text;
    list.show();
  });
  return list;
}

// The dialog behind the organization's name in the menu.
export function chooseOrganization(switchTo) {
  dialog("Choose an organization", (self) => {
    const list = found((rows, q) => rows.length === 0
      ? h("p", { class: "muted" }, q ? `No name or slug contains “${q}”.` : "There is none yet.")
      : h("ul", { class: "stack picks" }, rows.map((org) => h("li", null, h("button", { type: "button", class: "pick",
        "aria-current": org.id === session.org?.id ? "true" : null,
        onclick: () => {
          self.close();
          switchTo(org);
        } }, h("span", { class: "strong clip" }, org.name), h("span", { class: "faint clip" }, org.slug))))));
    list.show();
    return h("div", { class: "stack" }, list.search, list.node);
  });
}

function draw(ctx) {
  return (rows, q) => {
    if (rows.length === 0) {
      return q ? empty("search", "No organization fits", `No name or slug contains “${q}”.`)
        : empty("building", "No organizations yet", "Keys, hosts and bookings belong to an organization. Make "
          + "the first one, then generate a key for it.", button("New organization", { kind: "primary",
          icon: "plus", onclick: () => create((org) => ctx.switchTo(org, "keys")) }));
    }
    return table("Organizations", [
      { title: "Name", cell: (org) => [h("span", { class: "cell-main clamp" }, org.name),
        h("span", { class: "faint small-text clamp" }, org.slug)] },
      { title: "Plan", class: "tight", cell: (org) => org.plan ?? "—" },
      { title: "Created", class: "tight", cell: (org) => when(org.created_at, formatDate) },
      { title: "State", class: "tight", cell: (org) => org.suspended ? badge("suspended", "bad") : badge("active", "good") },
      { title: "Choose", hide: true, class: "tight right", cell: (org) => org.id === session.org?.id
        ? badge("chosen", "info") : button("Choose", { small: true, title: `Choose ${org.name}`,
          onclick: () => ctx.switchTo(org) }) },
    ], rows);
  };
}

export async function page(ctx) {
  const list = found(draw(ctx));
  ctx.actions(button("New organization", { kind: "primary", icon: "plus",
    onclick: () => create((org) => ctx.switchTo(org, "keys")) }));
  await list.show();
  return [h("div", { class: "row" }, list.search), list.node];
}
