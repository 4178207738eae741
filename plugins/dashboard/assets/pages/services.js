// Services: what is offered, by name; the archived ones apart.
import { named } from "../catalogue.js";
import { fill, h } from "../dom.js";
import { icon } from "../icons.js";
import { sayLength, sayPrice } from "../say.js";
import { badge, empty, notice, segmented, table } from "../ui.js";

export const tones = { active: "good", inactive: "warn", archived: "" };

const ways = { any_host: "Any host", specific_host: "Chosen host", team: "Team", collective: "Whole team" };

function columns() {
  return [
    { title: "Name", cell: (one) => [h("a", { class: "cell-main clamp", href: `#/services/${one.id}` }, one.name),
      h("span", { class: "faint small-text clamp" }, one.slug)] },
    { title: "Category", class: "wrap", cell: (one) => one.category ?? "—" },
    { title: "Length", class: "tight num", cell: (one) => sayLength(one.duration) },
    { title: "Price", class: "tight num", cell: (one) => sayPrice(one.price, one.currency) },
    { title: "Given by", class: "tight", cell: (one) => ways[one.fulfillment] },
    { title: "Seen by", class: "tight", cell: (one) => one.visibility === "public" ? "everybody" : "us" },
    { title: "State", class: "tight", cell: (one) => badge(one.status, tones[one.status]) },
  ];
}

function none(ctx, archived, add) {
  if (archived) return empty("tag", "Nothing is archived", "Services that are no longer offered are found here.");
  return empty("tag", "No services yet", "A service is what customers book: say how long it takes, what it costs and "
    + "who gives it.", ctx.may("admin") && add());
}

export async function page(ctx) {
  const list = await named(ctx, "services");
  const node = h("div"), add = () => h("a", { class: "button primary", href: "#/services/new" }, icon("plus"), "New service");
  const show = (archived) => {
    const rows = list.filter((one) => (one.status === "archived") === archived);
    fill(node, rows.length === 0 ? none(ctx, archived, add) : table("Services", columns(), rows,
      (one) => ({ class: one.status === "active" ? null : "gone" })));
  };
  if (ctx.may("admin")) ctx.actions(add());
  show(false);
  return [!ctx.may("admin") && notice("info", h("p", null, "Your role is viewer: an admin changes services.")),
    h("div", { class: "row" }, segmented("Which", [["offered", "Offered"], ["archived", "Archived"]], "offered",
      (value) => show(value === "archived"))), node];
}
