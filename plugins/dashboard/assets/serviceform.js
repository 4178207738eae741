// The fields of a service, and what they say as the API takes it.
import { h } from "./dom.js";
import { checkbox, field, orNull, select } from "./forms.js";
import { limitFields } from "./limits.js";
import { hostPicker } from "./members.js";
import { zoneNames } from "./time.js";
import { card } from "./ui.js";

const fresh = { status: "active", visibility: "public", fulfillment: "any_host", approval: "none", host_ids: [],
  minimum_notice_minutes: 0, metadata: {}, duration: 30, calendarSettings: { buffer_before: 0, buffer_after: 0,
    max_parallel_bookings: 1, booking_window_days: 90, cancellation_policy: { noticeHours: 0 } } };

const text = (name, label, maxlength, value, more) => field({ name, label, maxlength, value: value ?? "", ...more });
const number = (name, label, min, max, value, more) => field({ name, label, type: "number", min, max, step: 1,
  value: value ?? "", required: !more?.optional, ...more });
const two = (...nodes) => h("div", { class: "two" }, nodes);
const whole = (value) => value === "" ? null : Number(value);

function basics(one, isNew) {
  const slug = text("slug", "Slug", 63, one.slug, { required: true, pattern: "[a-z0-9][a-z0-9\\-]*",
    hint: "Its name in links: a-z, 0-9 and -." });
  return card("What it is", h("div", { class: "stack" },
    two(text("name", "Name", 200, one.name, { required: true }), slug),
    isNew && text("key", "Key", 63, "", { optional: true, pattern: "[a-z0-9][a-z0-9\\-]*",
      hint: "What bookings name it by. It never changes; if not given it is the slug." }),
    text("description", "Description", 2000, one.description, { optional: true, rows: 3 }),
    h("div", { class: "two three" }, text("category", "Category", 80, one.category, { optional: true }), select({ name: "visibility",
      label: "Seen by", value: one.visibility, choices: [["public", "Everybody"], ["internal", "The organization only"]] }),
    one.status !== "archived" && select({ name: "status", label: "State", value: one.status,
      choices: [["active", "Active: it can be booked"], ["inactive", "Inactive: it cannot be booked"]] })),
    two(text("price", "Price", 12, one.price, { optional: true, inputmode: "decimal", pattern: "\\d+([.,]\\d+)?" }),
      text("currency", "Currency", 3, one.currency, { optional: true, placeholder: "USD", pattern: "[A-Za-z]{3}" }))));
}

function times(settings, zone) {
  return card("Time", h("div", { class: "stack" },
    two(number("duration_minutes", "Duration", 1, 2880, settings.duration_minutes, { hint: "Minutes." }),
      number("slot_interval_minutes", "A start every", 1, 1440, settings.slot_interval_minutes, { optional: true,
        hint: "Minutes; if not given: the duration." })),
    two(number("buffer_before", "Buffer before", 0, 2880, settings.buffer_before, { hint: "Minutes kept free." }),
      number("buffer_after", "Buffer after", 0, 2880, settings.buffer_after, { hint: "Minutes kept free." })),
    two(number("max_parallel_bookings", "Places", 1, 1000000, settings.max_parallel_bookings, {
      hint: "How many people one time takes." }),
    select({ name: "timezone", label: "Zone", value: settings.timezone ?? zone, choices: zoneNames(settings.timezone ?? zone) }))));
}

function giver(one, teams, hosts) {
  const picker = hostPicker(hosts, one.host_ids);
  const team = select({ name: "team_id", label: "Team", value: one.team_id ?? "", choices: [["", "Choose a team"],
    ...teams.map((each) => [each.id, each.name])] });
  const byTeam = (value) => value === "team" || value === "collective";
  const show = (value) => {
    team.hidden = !byTeam(value);
    picker.node.hidden = byTeam(value);
  };
  const how = select({ name: "fulfillment", label: "Given by", value: one.fulfillment, choices: [
    ["any_host", "Any of its hosts"], ["specific_host", "The host the customer chooses"], ["team", "Somebody of a team"],
    ["collective", "A whole team together"]], onchange: (event) => show(event.target.value) });
  show(one.fulfillment);
  const node = card("Who gives it", h("div", { class: "stack" }, how, picker.node, team));
  return { node, read: (values) => ({ fulfillment: values.fulfillment, host_ids: picker.read(),
    team_id: byTeam(values.fulfillment) ? orNull(values.team_id) : null }) };
}

function rules(one, settings) {
  const cancellation = settings.cancellation_policy;
  return card("Booking and cancelling", h("div", { class: "stack" },
    two(number("minimum_notice_minutes", "Notice", 0, 527040, one.minimum_notice_minutes, {
      hint: "How many minutes ahead at least." }),
    number("booking_window_days", "Booking window", 1, 3660, settings.booking_window_days, { optional: true,
      hint: "How many days ahead at most; empty: any." })),
    checkbox({ name: "approval", label: "Needs approval", checked: one.approval === "required",
      hint: "Bookings are pending, and hold their time, until somebody confirms them." }),
    two(number("noticeHours", "Cancellation notice", 0, 8784, cancellation.noticeHours, {
      hint: "Until how many hours before customers may cancel or move it." }),
    text("policyText", "What customers read of it", 2000, cancellation.policyText, { optional: true, rows: 2 }))));
}

function place(location) {
  return card("Where", two(select({ name: "location_type", label: "Place", value: location?.type ?? "", choices: [
    ["", "Not said"], ["onsite", "On site"], ["phone", "By phone"], ["meet_url", "Online"], ["custom", "Other"]] }),
  text("location_value", "Details", 500, location?.value, { optional: true, placeholder: "Studio 2, or a link" })));
}

function metadataOf(values, before) {
  let data;
  try {
    data = values.metadata.trim() ? JSON.parse(values.metadata) : {};
  } catch (fault) {
    throw new Error(`The metadata is no JSON: ${fault.message}`);
  }
  for (const name of Object.keys(before ?? {})) data[name] ??= null; // merged: null takes away
  return data;
}

function priceOf(values) {
  const price = values.price.trim().replace(",", ".");
  return price ? Number(price) : null;
}

function settingsOf(values) {
  return {
    duration_minutes: whole(values.duration_minutes),
    slot_interval_minutes: whole(values.slot_interval_minutes) ?? Math.min(whole(values.duration_minutes), 1440),
    buffer_before: whole(values.buffer_before), buffer_after: whole(values.buffer_after),
    max_parallel_bookings: whole(values.max_parallel_bookings), timezone: values.timezone,
    booking_window_days: whole(values.booking_window_days),
    location: values.location_type ? { type: values.location_type, value: orNull(values.location_value) } : null,
    cancellation_policy: { noticeHours: whole(values.noticeHours), policyText: orNull(values.policyText) },
  };
}

// service: null for a new one. { nodes, read(values) }: the whole of it as the API takes it.
export function serviceFields(service, { zone, teams, hosts }) {
  const one = service ?? fresh;
  const settings = service ? one.calendarSettings : { ...one.calendarSettings, duration_minutes: one.duration };
  const who = giver(one, teams, hosts), limits = limitFields(one.limits);
  const keys = Object.keys(one.metadata ?? {}).length > 0;
  return {
    nodes: [basics(one, !service), times(settings, zone), who.node, rules(one, settings), place(settings.location),
      card("Limits", limits.node),
      card("Metadata", text("metadata", "For your programs, as JSON", 16384, keys ? JSON.stringify(one.metadata, null, 2) : "",
        { optional: true, rows: 3, spellcheck: "false", class: "mono" }))],
    read: (values) => ({
      name: values.name, slug: values.slug, ...service ? {} : { key: orNull(values.key) ?? undefined },
      description: orNull(values.description), category: orNull(values.category), visibility: values.visibility,
      status: values.status, price: priceOf(values), currency: orNull(values.currency)?.toUpperCase() ?? null,
      ...who.read(values), minimum_notice_minutes: whole(values.minimum_notice_minutes),
      approval: values.approval ? "required" : "none", limits: limits.read(),
      metadata: metadataOf(values, service?.metadata), calendarSettings: settingsOf(values),
    }),
  };
}

// Of two such, what the second changes: so that what others changed meanwhile stays.
export function difference(before, after) {
  const changed = {};
  for (const [name, value] of Object.entries(after)) {
    if (JSON.stringify(value) === JSON.stringify(before[name])) continue;
    changed[name] = name === "calendarSettings" ? difference(before[name], value) : value;
  }
  return changed;
}
