// What can be booked of a service on a day, and of each time why, or why not: what the API's
// availability and its explanation say.
import { addDays, dateOf, instantOf, readClock, sayDate } from "./days.js";
import { fill, h } from "./dom.js";
import { field, form, select } from "./forms.js";
import { formatClock } from "./time.js";
import { badge, button, card, counted, empty, problem, skeleton } from "./ui.js";

const tiers = { organization: "Organization", team: "Team", host: "Host", service: "Service", closure: "Closures",
  policy: "Policy", limits: "Limits", ledger: "Bookings" };
const effects = { opens: ["open", "good"], closes: ["closed", "bad"], narrows: ["too short", "warn"],
  refuses: ["refuses", "bad"], allows: ["fine", ""] };
const against = (step) => ["closes", "narrows", "refuses"].includes(step.effect);

function oneStep(step) {
  const [word, tone] = effects[step.effect] ?? [step.effect, ""];
  const where = [!step.message.includes(step.rule) && step.rule, step.source].filter(Boolean).join(" · ");
  return h("li", null, badge(word, tone), h("div", { class: "grow" },
    h("span", { class: "strong" }, tiers[step.tier] ?? step.tier, ": "), step.message,
    where && h("div", { class: "faint small-text wrap" }, where)));
}

function steps(list) {
  return h("ul", { class: "trace" }, list.map(oneStep));
}

// What refuses stands open, what lets it be behind a line.
function decisive(list) {
  const stop = list.filter(against), rest = list.filter((step) => !against(step));
  return [stop.length > 0 && steps(stop), h("details", null,
    h("summary", null, `${counted(rest.length, "rule")} of the service let it be`), steps(rest))];
}

function candidate(one, open) {
  const first = one.trace.find(against);
  const why = one.bookable ? "can be booked" : `not: ${first?.message ?? "the service itself refuses."}`;
  return h("details", { open }, h("summary", null, h("span", { class: "strong" },
    one.host?.displayName ?? "All hosts together"), ` ${why}`), steps(one.trace));
}

// The explanation of one start, in words.
function explanation(told, at) {
  const { verdict } = told;
  const taken = verdict.code === "slot_taken" && "This time is taken.";
  const why = verdict.violations.map((one) => one.message);
  return h("section", { class: "stack explained", "aria-label": "Why" },
    h("div", { class: "row" }, h("h3", null, formatClock(at)), verdict.bookable ? badge("can be booked", "good")
      : badge("cannot be booked", "bad")),
    !verdict.bookable && (why.length || taken) && h("ul", { class: "whys" },
      (why.length ? why : [taken]).map((text) => h("li", null, text))),
    told.hosts.map((one) => candidate(one, told.hosts.length === 1)),
    decisive(told.trace));
}

// The slots of the day by their start: [[startsAt, [slot, …]], …]
function byStart(slots) {
  const starts = new Map();
  for (const slot of slots) {
    if (!starts.has(slot.startsAt)) starts.set(slot.startsAt, []);
    starts.get(slot.startsAt).push(slot);
  }
  return [...starts];
}

function slotButton([start, slots], choose) {
  const free = slots.filter((slot) => slot.bookable).length;
  const why = slots[0].violations?.[0]?.message ?? "It is not offered.";
  const say = free ? `${free} of ${slots.length} can take it` : why;
  return h("button", { type: "button", class: free ? "slot free" : "slot", "aria-pressed": "false", title: say,
    "aria-label": `${formatClock(start)}, ${free ? "free" : `not free: ${why}`}`, data: { at: start },
    onclick: () => choose(start) }, formatClock(start));
}

// services: the active ones; filter: {host_id} or {team_id}; slug: the one to begin with.
// Returns { node, show() }: show() asks anew, after a change.
export function preview(ctx, services, filter = {}, slug = services[0]?.slug) {
  const list = h("div", { class: "stack", "aria-live": "polite" }), panel = h("div");
  let date = dateOf(ctx.zone), asked = 0, why = 0;

  async function explain(at) {
    for (const one of list.querySelectorAll(".slot")) {
      one.setAttribute("aria-pressed", String(one.dataset.at === at));
    }
    const mine = ++why;
    fill(panel, skeleton(3));
    try {
      const told = await ctx.calendar.get("/availability/explain", { service_slug: slug, at, ...filter });
      if (mine === why) fill(panel, explanation(told, at));
    } catch (fault) {
      if (fault.name !== "AbortError" && mine === why) fill(panel, problem(fault));
    }
  }

  function draw(starts) {
    const free = starts.filter(([, slots]) => slots.some((slot) => slot.bookable)).length;
    fill(list, h("p", { class: "small-text muted" }, starts.length
      ? `${sayDate(date)}: ${free} of ${starts.length} times can be booked. Choose one to see why.`
      : `${sayDate(date)}: nothing is open. Ask below about a time to see why.`),
    starts.length > 0 && h("div", { class: "slots" }, starts.map((one) => slotButton(one, explain))));
  }

  async function show() {
    const mine = ++asked;
    why += 1;
    fill(panel);
    list.setAttribute("aria-busy", "true");
    try {
      const answer = await ctx.calendar.get("/availability", { service_slug: slug, include: "unbookable",
        from: instantOf(ctx.zone, date), to: instantOf(ctx.zone, addDays(date, 1)), ...filter });
      if (mine === asked) draw(byStart(answer.slots));
    } catch (fault) {
      if (fault.name !== "AbortError" && mine === asked) fill(list, problem(fault));
    } finally {
      if (mine === asked) list.removeAttribute("aria-busy");
    }
  }

  const node = services.length === 0
    ? card("What can be booked", empty("tag", "No active service", "Hours become times when a service is offered "
      + "in them.", h("a", { class: "button", href: "#/services" }, "Services")))
    : card("What can be booked", h("div", { class: "stack" }, choosers(), list, ask(), panel));

  function choosers() {
    const day = field({ label: "Day", type: "date", value: date, required: true, onchange: (event) => go(event.target.value) });
    const go = (to) => {
      if (!to) return undefined;
      date = to;
      day.control.value = to;
      return show();
    };
    return [select({ label: "Service", value: slug, choices: services.map((one) => [one.slug, one.name]),
      onchange: (event) => {
        slug = event.target.value;
        show();
      } }),
    h("div", { class: "day-choice" }, button("", { icon: "left", title: "The day before", onclick: () => go(addDays(date, -1)) }),
      day, button("", { icon: "right", title: "The day after", onclick: () => go(addDays(date, 1)) }))];
  }

  function ask() {
    const time = field({ name: "clock", label: "Any other time", placeholder: "09:10", maxlength: 5 });
    return form([time], { action: "Why?", kind: "", foot: "ask-foot" }, (values) => {
      const clock = readClock(values.clock);
      if (!clock) throw new Error("Write the time as 09:10.");
      return explain(instantOf(ctx.zone, date, clock));
    });
  }
  return { node, show: () => services.length > 0 ? show() : undefined };
}
