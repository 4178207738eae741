// One service: made, changed, archived.
import { catalogue } from "../catalogue.js";
import { h } from "../dom.js";
import { form, slugOf } from "../forms.js";
import { difference, serviceFields } from "../serviceform.js";
import { badge, button, card, confirm, facts, notice, toast } from "../ui.js";
import { when } from "../time.js";
import { tones } from "./services.js";

function archive(ctx, one) {
  confirm({ title: "Archive service", danger: true, action: "Archive service",
    text: h("p", null, "Archive ", h("strong", null, one.name), "?"),
    more: notice("warn", h("p", null, "It is no longer offered, and its link says so. Bookings that were made stay as "
      + "they are. It can be restored.")) }, async () => {
    await ctx.calendar.remove(`/services/${one.id}`);
    toast("Archived");
    ctx.go("services");
  });
}

function actions(ctx, one) {
  const hours = h("a", { class: "button", href: `#/hours?of=${encodeURIComponent(`service:${one.id}`)}` }, "Hours");
  if (!ctx.may("admin")) return one.status === "archived" ? [] : [hours];
  if (one.status !== "archived") return [hours, button("Archive", { icon: "trash", onclick: () => archive(ctx, one) })];
  return [button("Restore", { kind: "primary", onclick: async () => {
    await ctx.calendar.patch(`/services/${one.id}`, { status: "active" });
    toast("It is offered again");
    await ctx.refresh();
  } })];
}

function said(one) {
  return card(null, facts([["State", badge(one.status, tones[one.status])], ["Key", h("code", null, one.key)],
    ["Id", h("code", null, one.id)], ["Made", when(one.created_at)],
    one.updated_at !== one.created_at && ["Changed", when(one.updated_at)]]));
}

// A new service's slug follows its name until somebody writes one.
function follow(node) {
  const { name, slug } = node.elements;
  let own = false;
  slug.addEventListener("input", () => { own = true; });
  name.addEventListener("input", () => { if (!own) slug.value = slugOf(name.value); });
}

function editor(ctx, one, lists) {
  const locked = !ctx.may("admin") || one?.status === "archived";
  const fields = serviceFields(one, { zone: ctx.zone, ...lists });
  const values = (node) => fields.read(Object.fromEntries(new FormData(node)));
  let before;
  const node = form(h("fieldset", { class: "content", disabled: locked }, fields.nodes), {
    action: one ? "Save service" : "Make service", disabled: locked, cancel: one ? null : () => ctx.go("services"),
  }, async () => {
    const body = values(node);
    const made = one ? await ctx.calendar.patch(`/services/${one.id}`, difference(before, body))
      : await ctx.calendar.post("/services", body);
    toast(one ? "Saved" : "It is offered now");
    return one ? ctx.refresh() : ctx.go(`services/${made.service.id}`);
  });
  if (!one) follow(node);
  else if (!locked) before = values(node); // a fieldset that is off holds no values
  return node;
}

export async function page(ctx) {
  const [services, teams, hosts] = await catalogue(ctx);
  const lists = { teams, hosts };
  if (ctx.params.id === "new") {
    ctx.title("New service");
    return editor(ctx, null, lists);
  }
  const one = services.find((each) => each.id === ctx.params.id)
    ?? (await ctx.calendar.get(`/services/${ctx.params.id}`)).service;
  ctx.title(one.name);
  ctx.actions(...actions(ctx, one));
  return [!ctx.may("admin") && notice("info", h("p", null, "Your role is viewer: an admin changes services.")),
    one.status === "archived" && notice("warn", h("p", null, "It is archived: nobody can book it. Restore it to change it.")),
    said(one), editor(ctx, one, lists)];
}
