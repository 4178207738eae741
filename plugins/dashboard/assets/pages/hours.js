// Hours: of the organization, its services, teams and hosts. What all of them leave open, less
// the closures, can be booked; beside the editor stands what comes of it.
import { catalogue } from "../catalogue.js";
import { closures } from "../closures.js";
import { fill, h } from "../dom.js";
import { form, select } from "../forms.js";
import { overrides } from "../overrides.js";
import { preview } from "../preview.js";
import { zoneNames } from "../time.js";
import { button, card, confirm, empty, notice, toast } from "../ui.js";
import { weekEditor } from "../week.js";

const says = {
  organization: "Nothing is offered outside the organization's hours, whoever gives it.",
  service: "This service is offered only in these hours, and in those of the organization and its hosts.",
  team: "What this team gives is offered only in these hours, and in those of the organization and its hosts.",
  host: "This host is booked only in these hours, and in those of the organization and the service.",
};
const split = [["09:00", "12:00"], ["13:00", "17:00"]];

function owners(ctx, services, teams, hosts) {
  return [{ kind: "organization", id: ctx.org.id, name: "The organization" },
    ...services.map((one) => ({ kind: "service", id: one.id, name: one.name, slug: one.slug, zone: one.calendarSettings.timezone })),
    ...teams.map((one) => ({ kind: "team", id: one.id, name: one.name })),
    ...hosts.map((one) => ({ kind: "host", id: one.id, name: one.displayName, zone: one.timezone }))];
}

// Whose hours: choosing goes to the page of that owner.
function chooser(ctx, list, owner, dirty) {
  const key = (one) => `${one.kind}:${one.id}`;
  const of = (kind) => list.filter((one) => one.kind === kind).map((one) => [key(one), one.name]);
  const go = (to) => ctx.go(`hours?of=${encodeURIComponent(to)}`);
  return select({ label: "Whose hours", value: key(owner), choices: [...of("organization"), ["Services", of("service")],
    ["Teams", of("team")], ["Hosts", of("host")]].filter(([, more]) => more.length > 0),
  onchange: (event) => {
    const to = event.target.value;
    if (!dirty()) return go(to);
    event.target.value = key(owner);
    return confirm({ title: "Leave without saving", danger: true, action: "Leave", text: h("p", null,
      "The hours you changed are not saved. Leave them?") }, () => go(to));
  } });
}

// The hours of one owner, as the server has them now, or null.
async function read(ctx, path) {
  try {
    return (await ctx.calendar.get(path)).schedule;
  } catch (fault) {
    if (fault.status === 404) return null;
    throw fault;
  }
}

function none(ctx, owner, path) {
  const start = async () => {
    const weekly = Object.fromEntries(["mon", "tue", "wed", "thu", "fri"].map((day) => [day, split]));
    await ctx.calendar.put(path, { timezone: owner.zone ?? ctx.zone, weekly });
    await (owner.kind === "organization" ? ctx.rezoned() : ctx.refresh());
  };
  return card("Weekly hours", empty("clock", "No hours of its own", owner.kind === "organization"
    ? "Without hours it restricts nothing: times come from services and hosts alone."
    : `${owner.name} is restricted by the others' hours alone. Set some to narrow them.`,
  ctx.may("admin") && button("Set hours", { kind: "primary", icon: "plus", onclick: start })));
}

// The week and its zone; `save(schedule => schedule)` keeps what others changed meanwhile.
function week(ctx, owner, schedule, save) {
  const locked = !ctx.may("admin");
  const state = h("span", { class: "muted small-text", role: "status" });
  const zone = select({ name: "timezone", label: "Meant in the zone", value: schedule.timezone, disabled: locked,
    choices: zoneNames(schedule.timezone), onchange: () => changed() });
  const editor = weekEditor(schedule.weekly, { locked, onchange: () => changed() });
  const dirty = () => editor.dirty() || zone.control.value !== schedule.timezone;
  const changed = () => { state.textContent = dirty() ? "Not saved yet" : ""; };
  const remove = () => confirm({ title: "Remove hours", danger: true, action: "Remove hours",
    text: h("p", null, "Remove all hours of ", h("strong", null, owner.name), ", and its dates that differ? "
      + "They then restrict nothing. Bookings stay.") }, async () => {
    await ctx.calendar.remove(`/schedules/${owner.kind}/${owner.id}`);
    await (owner.kind === "organization" ? ctx.rezoned() : ctx.refresh());
  });
  const node = card("Weekly hours", form([
    h("p", { class: "muted" }, says[owner.kind]), zone, editor.node,
    h("div", { class: "row spread" }, state, !locked && button("Remove hours", { kind: "quiet", small: true,
      icon: "trash", onclick: remove })),
  ], { action: "Save hours", disabled: locked }, async () => {
    const weekly = editor.read(), timezone = zone.control.value;
    await save((present) => ({ ...present, weekly, timezone }));
    toast("Saved");
    if (owner.kind === "organization" && timezone !== schedule.timezone) await ctx.rezoned();
  }));
  return { node, dirty };
}

// Asks before the tab is closed over unsaved hours.
function guard(ctx, dirty) {
  const hold = (event) => dirty() && event.preventDefault();
  window.addEventListener("beforeunload", hold);
  ctx.signal.addEventListener("abort", () => window.removeEventListener("beforeunload", hold));
}

// What is edited, below the chooser. Draws the week anew after each save.
function editors(ctx, owner, first, slots) {
  const path = `/schedules/${owner.kind}/${owner.id}`, place = h("div");
  let part = { dirty: () => false };
  const save = async (change) => {
    const present = await read(ctx, path) ?? first;
    const { schedule } = await ctx.calendar.put(path, change(present));
    if (JSON.stringify(schedule.weekly) !== JSON.stringify(present.weekly) || !part.dirty()) draw(schedule);
    dates.show(schedule.overrides);
    await slots.show();
  };
  const dates = overrides(ctx, (change) => save((present) => ({ ...present, overrides: change(present.overrides) })));
  function draw(schedule) {
    part = week(ctx, owner, schedule, save);
    fill(place, part.node);
  }
  if (!first) return { nodes: [none(ctx, owner, path)], dirty: () => false };
  draw(first);
  dates.show(first.overrides);
  guard(ctx, () => part.dirty());
  return { nodes: [place, dates.node], dirty: () => part.dirty() };
}

export async function page(ctx) {
  const [services, teams, hosts] = await catalogue(ctx);
  const offered = services.filter((one) => one.status === "active");
  const list = owners(ctx, services.filter((one) => one.status !== "archived"), teams, hosts);
  const owner = list.find((one) => `${one.kind}:${one.id}` === ctx.query.get("of")) ?? list[0];
  const first = await read(ctx, `/schedules/${owner.kind}/${owner.id}`);
  const filter = { host: { host_id: owner.id }, team: { team_id: owner.id } }[owner.kind] ?? {};
  const slug = offered.some((one) => one.slug === owner.slug) ? owner.slug : undefined;
  const slots = preview(ctx, offered, filter, slug);
  const edited = editors(ctx, owner, first, slots);
  const closed = owner.kind === "organization" ? await closures(ctx, () => slots.show()) : null;
  slots.show();
  return [!ctx.may("admin") && notice("info", h("p", null, "Your role is viewer: an admin changes hours.")),
    h("div", { class: "beside" }, h("div", { class: "content" }, chooser(ctx, list, owner, edited.dirty),
      edited.nodes, closed), h("div", { class: "aside" }, slots.node))];
}
