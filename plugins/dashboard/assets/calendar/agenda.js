// Days as lists: what a narrow screen shows, and what reads best aloud.
import { h } from "../dom.js";
import { blockLine } from "./block.js";
import { say } from "./days.js";

const LONG = { weekday: "long", day: "numeric", month: "long" };

function day(one, options, single) {
  const free = !single && h("p", { class: "faint cal-none" }, "No bookings.");
  return h("section", { class: "cal-day" },
    h("h3", { class: one.today ? "cal-is-today" : null }, single ? `${one.blocks.length || "No"} ${one.blocks.length === 1 ? "booking" : "bookings"}` : say(one.date, LONG),
      one.today && !single && h("span", { class: "badge info" }, "Today")),
    one.blocks.length === 0 ? free : h("ul", { class: "cal-list" }, one.blocks.map((block) =>
      h("li", null, blockLine(block, { ...options, color: options.color(block),
        open: () => options.open(block) })))));
}

// days: [{ date, today, blocks }]
export function agenda(days, options) {
  return h("div", { class: "cal-agenda card" }, days.map((one) => day(one, options, days.length === 1)));
}
