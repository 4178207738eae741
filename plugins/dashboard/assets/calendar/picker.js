// A day and its free starts to choose from: only what can be booked is offered.
import { fill, h, unique } from "../dom.js";
import { field } from "../forms.js";
import { formatClock } from "../time.js";
import { button, notice, problem } from "../ui.js";
import { addDays, dateOf, dayOf, isDate, say, startOf, today } from "./days.js";

const iso = (at) => new Date(at).toISOString();
const LONG = { weekday: "long", day: "numeric", month: "long" };

// One start for all hosts where anybody will do.
function starts(slots) {
  const list = new Map();
  for (const slot of slots) {
    const known = list.get(slot.startsAt);
    if (!known || slot.availableCapacity > known.availableCapacity) list.set(slot.startsAt, slot);
  }
  return [...list.values()];
}

// options: date, at (an instant to choose if it is free), ask(from, to) -> slots, picked(slot).
// Returns { node, slot(), load(), show(date, startsAt), say(…nodes) }
export function picker(options) {
  let date = options.date, wanted = options.at ? iso(options.at).replace(".000Z", "Z") : null;
  let slot = null, asked = 0;
  const name = unique("slot"), said = h("div", { class: "said" });
  const times = h("div", { class: "picker-times", "aria-live": "polite" });
  const dateField = field({ label: "Day", type: "date", value: date, required: true, min: today(),
    onchange: (event) => isDate(event.target.value) && show(event.target.value) });
  const move = (days, title, icon) => button("", { icon, title, onclick: () => show(addDays(date, days)) });

  function choose(one) {
    slot = one;
    fill(said);
    options.picked(one);
  }
  function choice(one) {
    const left = one.capacity > 1 && h("small", null, `${one.availableCapacity} left`);
    return h("label", { class: "free-time" }, h("input", { type: "radio", name, value: one.startsAt, required: true,
      checked: one === slot, onchange: () => choose(one) }),
    h("span", { class: "num" }, formatClock(one.startsAt), left));
  }
  // The next free start in four weeks: asked for at once, or in parts where it is too many slots.
  async function soon() {
    const first = addDays(date, 1) > today() ? addDays(date, 1) : today(), end = addDays(first, 28);
    for (let day = first, size = 28; day < end;) {
      const from = Math.max(startOf(day), Date.now());
      try {
        const [found] = await options.ask(iso(from), iso(startOf(addDays(day, size))));
        if (found) return found;
        day = addDays(day, size);
      } catch (fault) {
        if (fault.status !== 400 || size === 1) throw fault;
        size = Math.floor(size / 4); // a week, a day
      }
    }
    return null;
  }
  async function offerNext(mine) {
    const next = await soon(), day = next && dateOf(next.startsAt);
    if (mine !== asked) return;
    fill(times, notice("info", h("p", null, `No free time on ${say(date, LONG)}.`),
      day ? h("p", null, button(`Next free: ${say(day, LONG)}, ${formatClock(next.startsAt)}`,
        { small: true, onclick: () => show(day, next.startsAt) }))
        : h("p", null, "None in the four weeks after it either: look at hours, closures and hosts.")));
  }
  async function load() {
    const mine = ++asked, day = dayOf(date);
    slot = null;
    options.picked(null);
    times.setAttribute("aria-busy", "true");
    try {
      const list = starts(await options.ask(iso(day.start), iso(day.end)));
      if (mine !== asked) return;
      const found = list.find((one) => one.startsAt === wanted);
      if (found) choose(found);
      if (list.length === 0) await offerNext(mine);
      else fill(times, h("fieldset", { class: "free-times" },
        h("legend", { class: "sr-only" }, `Free times on ${say(date, LONG)}`), list.map(choice)));
    } catch (fault) {
      if (mine === asked && fault.name !== "AbortError") fill(times, problem(fault, load));
    } finally {
      if (mine === asked) times.removeAttribute("aria-busy");
    }
  }
  function show(to, startsAt) {
    date = to;
    wanted = startsAt ?? wanted;
    dateField.control.value = to;
    return load();
  }
  return {
    slot: () => slot, load, show, date: () => date,
    say: (...nodes) => fill(said, nodes),
    node: h("div", { class: "stack picker" }, h("div", { class: "picker-day" },
      move(-1, "The day before", "left"), dateField, move(1, "The day after", "right")), times, said),
  };
}

// Somebody else was faster: what is free nearby, to take with one click.
export function taken(fault, hosts, pick) {
  const list = fault.body.alternatives ?? [];
  return h("div", { class: "notice warn", role: "alert" }, h("div", { class: "grow stack" },
    h("p", null, list.length ? fault.message : "This time was free and is taken now. Choose another."),
    list.length > 0 && h("div", { class: "row" }, list.map((one) => button(
      `${say(dateOf(one.startsAt))}, ${formatClock(one.startsAt)}${one.hostId && hosts.has(one.hostId)
        ? ` · ${hosts.get(one.hostId).displayName}` : ""}`,
      { small: true, onclick: () => pick(one) })))));
}
