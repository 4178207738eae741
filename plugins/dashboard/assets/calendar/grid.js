// Columns of hours: the days of a week, or a day's hosts. What overlaps stands side by side;
// arrows move from booking to booking.
import { h } from "../dom.js";
import { blockButton } from "./block.js";
import { lanes } from "./blocks.js";
import { axis, dateOf } from "./days.js";

const MOST = 4; // lanes of a week's day that can still be read

function rowHeight(services) {
  const shortest = Math.min(60, ...[...services.values()].filter((one) => one.status === "active")
    .map((one) => one.duration));
  return Math.max(52, Math.min(120, Math.round(30 * 60 / Math.max(shortest, 5))));
}

function gutter(scale) {
  return h("div", { class: "cal-gutter", "aria-hidden": "true" }, scale.rows.map((row) =>
    h("div", { class: "cal-hour" }, h("span", null, row.label, row.zone && h("small", null, row.zone)))));
}

// Rows that the clock of this day leaves out, and the hours that are closed.
function shades(scale, column) {
  const missing = scale.rows.map((row, i) => [row, i]).filter(([row]) => !scale.has(column.date, row))
    .map(([, i]) => area("cal-missing", i, i + 1));
  const closed = (column.closed ?? []).map(([from, to]) =>
    area("cal-closed", scale.at(column.date, from), scale.at(column.date, to)));
  return [closed, missing];
}

function area(name, from, to) {
  const node = h("div", { class: name, "aria-hidden": "true" });
  node.style.setProperty("--from", from);
  node.style.setProperty("--span", to - from);
  return node;
}

function placed(block, scale, date) {
  const from = scale.at(date, block.start);
  return { block, from, to: Math.max(scale.at(date, block.end), from + 0.25) };
}

function item(one, options) {
  const node = h("li", { class: "cal-place" }, blockButton(one.block, { ...options,
    open: () => options.open(one.block), color: options.color(one.block),
    room: Math.max(1, Math.floor(((one.to - one.from) * options.height - 8) / 17)) }));
  node.style.setProperty("--from", one.from);
  node.style.setProperty("--span", one.to - one.from);
  node.style.setProperty("--lane", one.lane);
  node.style.setProperty("--lanes", Math.min(one.lanes, MOST));
  return node;
}

// What has no room any more: how many, in the last lane of their hour.
function rest(hidden, column, options) {
  const groups = [];
  for (const one of hidden) {
    const last = groups.at(-1);
    if (last && one.from < last.to) Object.assign(last, { to: Math.max(last.to, one.to), n: last.n + 1 });
    else groups.push({ from: one.from, to: one.to, n: 1 });
  }
  return groups.map((group) => {
    const node = h("li", { class: "cal-place cal-rest" }, h("button", { type: "button", tabindex: -1,
      data: { key: `more ${column.key} ${group.from}` }, onclick: () => options.more(column) }, `+${group.n}`,
    h("span", { class: "sr-only" }, ` more ${column.label}`)));
    node.style.setProperty("--from", group.from);
    node.style.setProperty("--span", group.to - group.from);
    node.style.setProperty("--lane", MOST - 1);
    node.style.setProperty("--lanes", MOST);
    return node;
  });
}

function columnNode(column, scale, options) {
  const list = lanes(column.blocks.map((block) => placed(block, scale, column.date)));
  const crowded = (one) => one.lanes > MOST && one.lane >= MOST - 1;
  const node = h("div", { class: "cal-column", data: { column: column.key, date: column.date } },
    shades(scale, column), h("ol", { "aria-label": `${column.label}: ${list.length || "no"} `
      + `${list.length === 1 ? "booking" : "bookings"}` },
    list.filter((one) => !crowded(one)).map((one) => item(one, options)),
    rest(list.filter(crowded), column, options)));
  if (options.book) node.addEventListener("click", (event) => {
    if (event.target.closest("button") || !options.start) return;
    const at = (event.clientY - node.getBoundingClientRect().top) / node.offsetHeight * scale.rows.length;
    if (at >= 0 && at < scale.rows.length) options.start(column, scale.instant(column.date, Math.floor(at * 4) / 4));
  });
  return node;
}

// The line of now, where today is shown; again each minute.
function nowLine(node, scale) {
  const now = Date.now(), date = dateOf(now);
  for (const old of node.querySelectorAll(".cal-now")) old.remove();
  if (!scale.days.has(date)) return;
  for (const column of node.querySelectorAll(`.cal-column[data-date="${date}"]`)) {
    column.append(area("cal-now", scale.at(date, now), scale.at(date, now)));
  }
}

// --- moving by keys ---

function nearest(from, all, key) {
  const at = from.getBoundingClientRect(), column = from.closest(".cal-column");
  const sideways = { ArrowLeft: -1, ArrowRight: 1 }[key];
  if (!sideways) {
    const own = all.filter((one) => one.closest(".cal-column") === column);
    return own[own.indexOf(from) + (key === "ArrowDown" ? 1 : -1)];
  }
  for (let next = step(column, sideways); next; next = step(next, sideways)) {
    const there = all.filter((one) => one.closest(".cal-column") === next);
    const away = (one) => Math.abs(one.getBoundingClientRect().top - at.top);
    if (there.length) return there.reduce((best, one) => (away(one) < away(best) ? one : best));
  }
  return undefined;
}
const step = (column, by) => (by > 0 ? column.nextElementSibling : column.previousElementSibling
  ?.matches(".cal-column") ? column.previousElementSibling : null);

function rove(node, first) {
  const all = () => [...node.querySelectorAll(".cal-place > button")];
  const make = (one) => {
    for (const other of all()) other.tabIndex = -1;
    if (one) one.tabIndex = 0;
  };
  make(first && all().includes(first) ? first : all()[0]);
  node.addEventListener("focusin", (event) => event.target.closest(".cal-place") && make(event.target));
  node.addEventListener("keydown", (event) => {
    if (!/^Arrow/.test(event.key) || !event.target.closest(".cal-place")) return;
    const to = nearest(event.target, all(), event.key);
    event.preventDefault();
    to?.focus();
    to?.scrollIntoView({ block: "nearest", inline: "nearest" });
  });
}

// options: columns [{ key, date, label, head, blocks, closed }], book, color(block), withHost,
// open(block), start(column, instant), more(column), label, focus (a key)
export function grid(options) {
  const scale = axis([...new Set(options.columns.map((one) => one.date))]);
  const height = rowHeight(options.book.services);
  const body = h("div", { class: "cal-body" }, gutter(scale),
    options.columns.map((column) => columnNode(column, scale, { ...options, height })));
  const node = h("div", { class: `cal-grid${options.start ? " can-start" : ""}`, tabindex: 0, role: "group",
    "aria-label": options.label },
  h("div", { class: "cal-heads" }, h("div", { class: "cal-corner" }), options.columns.map((one) =>
    h("div", { class: "cal-head" }, one.head))), body);
  node.style.setProperty("--row", `${height}px`);
  node.style.setProperty("--rows", scale.rows.length);
  node.style.setProperty("--columns", options.columns.length);
  nowLine(node, scale);
  rove(node);
  return {
    node, now: () => nowLine(node, scale),
    // Shows the hours from `hour` on.
    scrollTo: (hour) => {
      const row = scale.rows.findIndex((one) => one.hour >= hour);
      node.scrollTop = Math.max(0, (row < 0 ? 0 : row) * height - 12);
    },
  };
}

