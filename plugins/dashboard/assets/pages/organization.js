// Settings → Organization: what customers see of it, its id, its zone.
import { h } from "../dom.js";
import { field, form, orNull, select } from "../forms.js";
import { may } from "../session.js";
import { when, zoneNames } from "../time.js";
import { badge, card, confirm, button, copyable, facts, notice, toast } from "../ui.js";

function identity(org, more) {
  return card("Identity", h("div", { class: "stack" }, facts([
    ["Organization id", copyable(org.id, "the organization id")],
    ["Slug", copyable(org.slug, "the slug")],
    more && ["Created", when(more.created_at)],
    more && ["Plan", more.plan ?? "none"],
    more?.suspended && ["State", badge("suspended", "bad")],
  ]), notice("info", h("p", null, "Programs send the id in the header ", h("code", null, "x-organization-id"),
    ", with or without the leading ", h("code", null, "org_"), ". The slug is the public name in booking "
    + "links and never changes."))));
}

const brand = [["companyName", "Company name", 200], ["primaryColor", "Primary colour", 32, "#aa3366"],
  ["logo", "Logo address", 2000, "https://…"], ["favicon", "Icon address", 2000, "https://…"],
  ["ogImage", "Preview image address", 2000, "https://…"]];

function profile(ctx, org) {
  const locked = !may("admin");
  const text = (name, label, maxlength, value, more = {}) => field({ name, label, maxlength,
    value: value ?? "", disabled: locked, ...more });
  return card("Profile and branding", form([
    h("div", { class: "two" }, text("name", "Name", 200, org.name, { required: true }),
      text("tagline", "Tagline", 200, org.tagline, { optional: true })),
    h("div", { class: "two" }, brand.map(([name, label, most, placeholder]) =>
      text(name, label, most, org.branding[name], { optional: true, placeholder }))),
  ], { action: "Save profile", disabled: locked }, async (values) => {
    await ctx.calendar.patch("/organization", { name: values.name, tagline: orNull(values.tagline),
      branding: Object.fromEntries(brand.map(([name]) => [name, orNull(values[name])])) });
    toast("Saved");
    if (values.name !== org.name) await ctx.renamed(values.name);
  }));
}

// The zone is part of the organization's hours; all of them stay.
function zone(ctx, schedule) {
  return card("Time zone", form([select({ name: "timezone", label: "Zone of the organization",
    value: schedule.timezone, disabled: !may("admin"), choices: zoneNames(schedule.timezone),
    hint: "Opening hours are meant in this zone, and this dashboard shows all times in it. Bookings keep "
      + "their instant." })],
  { action: "Save zone", disabled: !may("admin") }, async (values) => {
    await ctx.calendar.put(`/schedules/organization/${ctx.org.id}`, { ...schedule, timezone: values.timezone });
    toast("Saved");
    await ctx.rezoned();
  }));
}

function noZone() {
  return card("Time zone", h("p", { class: "muted" }, "The organization has no hours yet, and so no zone of its "
    + "own: times are shown in UTC. The zone comes with its hours."));
}

function suspension(ctx, org) {
  const word = org.suspended ? "Resume" : "Suspend";
  return card("Suspension", h("div", { class: "stack" },
    h("p", { class: "muted" }, org.suspended ? "All keys are refused and bookings by contact are closed."
      : "Suspending refuses all its keys at once, until it is resumed. Bookings stay."),
    h("div", { class: "row" }, button(`${word} organization`, { kind: org.suspended ? "primary" : "danger",
      onclick: () => confirm({ title: `${word} organization`, danger: !org.suspended, action: word,
        text: h("p", null, `${word} `, h("strong", null, org.name), "?") }, async () => {
        await ctx.platform.patch(`/organizations/${org.id}`, { suspended: !org.suspended });
        await ctx.refresh();
      }) }))));
}

async function hours(ctx) {
  try {
    return (await ctx.calendar.get(`/schedules/organization/${ctx.org.id}`)).schedule;
  } catch (fault) {
    if (fault.status === 404) return null;
    throw fault;
  }
}

export async function page(ctx) {
  const [own, more, schedule] = await Promise.all([
    ctx.calendar.get("/organization"), ctx.platform.get(`/organizations/${ctx.org.id}`), hours(ctx)]);
  return [identity(own.organization, more.organization),
    !may("admin") && notice("info", h("p", null, "Your role is viewer: an admin changes these.")),
    profile(ctx, own.organization), schedule ? zone(ctx, schedule) : noZone(),
    may("owner") && suspension(ctx, more.organization)];
}
