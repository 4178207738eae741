// Booking and moving: forms that offer what can be booked, and say what came between.
import { fill, h } from "../dom.js";
import { field, form, orNull, select } from "../forms.js";
import { formatSpan } from "../time.js";
import { dialog, notice, problem, toast } from "../ui.js";
import { hostName, money } from "./book.js";
import { clockSpan } from "./block.js";
import { dateOf, say, startOf, zoneAt } from "./days.js";
import { holder } from "./hold.js";
import { picker, taken } from "./picker.js";

// A key for one attempt: the same words again are the same booking.
function attempts() {
  let words = null, key = null;
  return (body) => {
    const now = JSON.stringify(body);
    if (now !== words) {
      words = now;
      key = [...crypto.getRandomValues(new Uint8Array(16))].map((n) => n.toString(16).padStart(2, "0")).join("");
    }
    return key;
  };
}

function hostChoices(service, book) {
  const ids = service.fulfillment === "team" ? book.teams.get(service.team_id)?.members.map((one) => one.host_id)
    : service.fulfillment === "collective" ? [] : service.host_ids;
  return (ids ?? []).map((id) => book.hosts.get(id)).filter((host) => host?.status === "active");
}

function hostSelect(service, book, value, onchange, anyone = "Anyone who is free") {
  const hosts = hostChoices(service, book);
  if (hosts.length === 0) return null;
  return select({ label: "Host", value: hosts.some((one) => one.id === value) ? value : "", onchange,
    choices: [["", anyone], ...hosts.map((one) => [one.id, one.displayName])] });
}

function serviceLine(service) {
  const facts = [formatSpan(service.duration * 60), money(service.price, service.currency),
    service.approval === "required" && "has to be confirmed",
    service.visibility === "internal" && "internal"].filter(Boolean);
  return h("p", { class: "hint", data: { price: true } }, facts.join(" · "));
}

function partyField(service, onchange) {
  const most = service.calendarSettings.max_parallel_bookings;
  if (most === 1) return null;
  return field({ name: "party_size", label: "Party size", type: "number", min: 1, max: most, value: 1,
    required: true, inputmode: "numeric", onchange });
}

function contactFields() {
  return [
    field({ name: "name", label: "Customer", required: true, maxlength: 200, dir: "auto" }),
    field({ name: "email", label: "Email", type: "email", maxlength: 254 }),
    field({ name: "phone", label: "Phone", type: "tel", maxlength: 32,
      hint: "One of the two at least: customers find their booking with it." }),
    field({ name: "notes", label: "Notes", optional: true, rows: 3, maxlength: 2000, dir: "auto" }),
  ];
}

function zoneNote(date) {
  return h("p", { class: "faint small-text wide" }, `Times in ${zoneAt(startOf(date) + 12 * 3600e3)}.`);
}

// preset: { date, host, at, service }. done(booking, ics) is called with what was booked.
export function bookForm(ctx, book, preset, done) {
  const services = [...book.services.values()].filter((one) => one.status === "active");
  const fits = services.find((one) => hostChoices(one, book).some((host) => host.id === preset.host));
  let service = book.services.get(preset.service) ?? fits ?? services[0];
  const once = attempts(), head = h("div", { class: "stack" });
  let host = null, party = null, pending = null, self;
  const size = () => Number(party?.control.value ?? 1) || 1;
  const place = (slot) => ({ service_slug: service.slug, starts_at: slot.startsAt, ends_at: slot.endsAt,
    party_size: size(), host_id: host?.control.value || undefined });

  const slots = picker({ date: preset.date, at: preset.at, ask: async (from, to) => (await ctx.calendar.get(
    "/availability", { service_slug: service.slug, from, to, partySize: size(), host_id: host?.control.value }))
    .slots, picked: (slot) => {
    clearTimeout(pending);
    pending = slot ? setTimeout(() => keep(slot), 300) : setTimeout(() => hold.release(), 0);
  } });
  // Held for an hour; or renewing failed: then perhaps it can be held anew.
  const hold = holder(ctx, (fault) => {
    if (fault) keep(slots.slot());
    else slots.say(notice("warn", h("p", null, "This time was held for an hour, and anybody may take it now. Book, "
      + "or choose it anew.")));
  });
  async function keep(slot) {
    try {
      if (slot) await hold.take(place(slot));
    } catch (fault) {
      if (slots.slot() === slot) refused(fault, slot);
    }
  }
  async function refused(fault, slot) {
    if (slot && (fault.status === 0 || fault.status >= 500)) { // it may be free, for all we know
      return slots.say(problem({ message: `This time is not held for you. ${fault.message}` }, () => {
        slots.say();
        return keep(slot);
      }));
    }
    await hold.release();
    await slots.load();
    if (fault.status === 409) slots.say(taken(fault, book.hosts, (one) => slots.show(dateOf(one.startsAt), one.startsAt)));
    else slots.say(problem(fault));
    return undefined;
  }
  function about() {
    host = hostSelect(service, book, host?.control.value ?? preset.host, () => slots.load());
    party = partyField(service, () => slots.load());
    fill(head, services.length > 1 ? select({ label: "Service", value: service.slug, onchange: (event) => {
      service = book.services.get(event.target.value);
      about();
      head.querySelector("select").focus();
      slots.load();
    }, choices: services.map((one) => [one.slug, one.name]) }) : h("p", { class: "strong" }, service.name),
    serviceLine(service), host, party);
  }
  async function submit(values) {
    const slot = slots.slot();
    if (!slot) throw new Error("Choose a time.");
    clearTimeout(pending);
    const id = await hold.settled().catch(() => undefined);
    const body = { ...place(slot), timezone: ctx.zone, hold_id: id, notes: values.notes || undefined,
      contact: { name: values.name, email: orNull(values.email) ?? undefined, phone: orNull(values.phone) ?? undefined } };
    let answer;
    try {
      answer = await ctx.calendar.post("/bookings", body, { once: once(body) });
    } catch (fault) {
      if (fault.status !== 409 && fault.status !== 404) throw fault;
      return refused(fault);
    }
    hold.used();
    self.close(true);
    done(answer.booking, answer.calendar_invite.ics_url);
  }
  about();
  self = dialog("New booking", () => form([h("div", { class: "cal-booking" },
    h("div", { class: "stack" }, head, slots.node), h("div", { class: "stack" }, contactFields()), zoneNote(preset.date))],
  { action: "Book", cancel: () => self.close() }, submit), { wide: true, closed: () => {
    clearTimeout(pending);
    hold.release();
  } });
  slots.load();
  return self;
}

// Another time or host for a booking. change(work) does it on the version that was shown;
// done() follows.
export function moveForm(ctx, book, booking, change) {
  const service = book.services.get(booking.service_slug);
  const present = { start: Date.parse(booking.start_at), end: Date.parse(booking.end_at) };
  let self;
  const host = service && hostSelect(service, book, "", () => slots.load(), "The same, or who is free");
  const slots = picker({ date: dateOf(booking.start_at), ask: async (from, to) => (await ctx.calendar.get(
    `/bookings/${booking.id}/availability`, { from, to, host_id: host?.control.value })).slots,
  picked: () => {} });
  async function submit(values) {
    const slot = slots.slot();
    if (!slot) throw new Error("Choose a time.");
    const body = { start_at: slot.startsAt, end_at: slot.endsAt, host_id: host?.control.value || undefined,
      notes: undefined };
    try {
      await change(() => ctx.calendar.post(`/bookings/${booking.id}/reschedule`, body, { match: booking.version }));
    } catch (fault) {
      if (fault.status !== 409) throw fault;
      await slots.load();
      return slots.say(taken(fault, book.hosts, (one) => slots.show(dateOf(one.startsAt), one.startsAt)));
    }
    self.close(true);
    toast("Moved");
  }
  self = dialog("Move booking", () => form([
    h("p", null, h("strong", { dir: "auto" }, booking.contact.name), ` · ${booking.service_name} · `,
      `now ${say(dateOf(booking.start_at))}, ${clockSpan(present)}, with ${hostName(booking, book)}`),
    host, slots.node, zoneNote(dateOf(booking.start_at))], { action: "Move", cancel: () => self.close() }, submit));
  slots.load();
  return self;
}
