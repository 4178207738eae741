// How a block looks, on the grid and in a list; and what is said of it.
import { h } from "../dom.js";
import { formatClock } from "../time.js";
import { badge } from "../ui.js";
import { people, state } from "./blocks.js";
import { hostName } from "./book.js";

const words = { pending: "to confirm", canceled: "canceled", completed: "completed", no_show: "no-show" };
const tones = { pending: "warn", canceled: "", completed: "good", no_show: "bad", confirmed: "info" };

// What became of it, in the words of the desk.
export function standing(booking) {
  return booking.status === "confirmed" ? booking.outcome ?? "confirmed" : booking.status;
}
export function statusBadge(booking) {
  const is = standing(booking);
  return badge(words[is] ?? is, tones[is]);
}

export function clockSpan(block) {
  return `${formatClock(block.start)}–${formatClock(block.end)}`;
}

export function title(block) {
  return block.session ? block.title : block.bookings[0].contact.name;
}

function count(block) {
  return `${people(block)}/${block.capacity}`;
}

function waiting(block) {
  return block.bookings.filter((one) => one.status === "pending").length;
}

// "2 to confirm", "no-show", or nothing where all is as it should be.
function mark(block) {
  if (block.session) return waiting(block) ? `${waiting(block)} to confirm` : null;
  return words[standing(block.bookings[0])] ?? null;
}

// In what the block is unlike others: classes for the style sheet.
export function classes(block, color) {
  const is = block.session ? state(block) : standing(block.bookings[0]);
  return ["cal-block", color, is, block.session && "session"].filter(Boolean).join(" ");
}

// A button for the grid, with as many lines as there is room for. Its whole text, with what
// has no room, is what a screen reader says.
export function blockButton(block, { book, color, withHost, open, room }) {
  const host = hostName(block.bookings[0], book);
  const rest = block.session ? `${count(block)} places` : block.title;
  const line = (text, dir) => h("span", { class: dir ? "cal-line" : "cal-line num", dir }, text);
  const name = h("span", { class: "cal-line" }, h("strong", { dir: "auto" }, title(block)),
    room < 2 && !withHost && h("span", { class: "cal-from num" }, formatClock(block.start)),
    room < 2 && mark(block) && h("span", { class: "cal-mark" }, mark(block)));
  const marked = room >= 2 && mark(block) && h("span", { class: "cal-mark" }, mark(block));
  const times = line(clockSpan(block)), what = line(rest, "auto");
  const lines = [...block.session ? [what, marked, times] : [marked, times, what], line(host, "auto")].filter(Boolean);
  for (const one of lines.slice(withHost ? room - 1 : Math.min(room - 1, lines.length - 1))) {
    one.className = "sr-only";
  }
  return h("button", { type: "button", class: classes(block, color), data: { key: block.key },
    title: `${clockSpan(block)} ${title(block)} · ${rest} · ${host}`, tabindex: -1, onclick: open },
  name, lines);
}

// A line of a day's list.
export function blockLine(block, { book, color, open }) {
  const host = hostName(block.bookings[0], book);
  return h("button", { type: "button", class: `cal-entry ${classes(block, color)}`, data: { key: block.key },
    onclick: open },
  h("span", { class: "cal-when num" }, h("span", null, formatClock(block.start)),
    h("span", { class: "faint" }, formatClock(block.end))),
  h("span", { class: "cal-what" }, h("strong", { dir: "auto" }, title(block)),
    h("span", { class: "muted", dir: "auto" }, block.session ? `${count(block)} places · ${host}`
      : `${block.title} · ${host}`)),
  block.session ? waiting(block) > 0 && badge(mark(block), "warn")
    : standing(block.bookings[0]) !== "confirmed" && statusBadge(block.bookings[0]));
}
