// Calendar: the bookings of a day or a week, by host; made, moved, canceled and confirmed.
import { blocks } from "../calendar/blocks.js";
import { agenda } from "../calendar/agenda.js";
import { hostsOf, openBook } from "../calendar/book.js";
import { bookForm } from "../calendar/forms.js";
import { addDays, dateOf, isDate, monday, say, startOf, today, zoneAt } from "../calendar/days.js";
import { bookingDialog } from "../calendar/detail.js";
import { grid } from "../calendar/grid.js";
import { closedHours, openingHour } from "../calendar/hours.js";
import { queue, sessionDialog } from "../calendar/lists.js";
import { hostFilter, toolbar } from "../calendar/toolbar.js";
import { fill, h } from "../dom.js";
import { may } from "../session.js";
import { button, empty, notice, skeleton, toast } from "../ui.js";

const POLL = 10; // seconds

function styles() {
  const href = new URL("../calendar.css", import.meta.url).href;
  if (document.querySelector(`link[href="${href}"]`)) return null;
  return new Promise((resolve) => {
    document.head.append(h("link", { rel: "stylesheet", href, onload: resolve, onerror: resolve }));
  });
}

// --- what is looked at, as the address says it ---

function wanted(query) {
  const narrow = window.innerWidth <= 680;
  const one = (name, choices, other) => (choices.includes(query.get(name)) ? query.get(name) : other);
  return {
    date: isDate(query.get("date")) ? query.get("date") : today(),
    view: one("view", ["day", "week"], narrow ? "day" : "week"),
    as: one("as", ["grid", "list"], narrow ? "list" : "grid"),
    hosts: new Set(query.get("hosts")?.split(",").filter(Boolean) ?? []),
    canceled: query.get("canceled") === "1",
  };
}

function remember(state) {
  const query = new URLSearchParams({ date: state.date, view: state.view, as: state.as });
  if (state.hosts.size) query.set("hosts", [...state.hosts].join(","));
  if (state.canceled) query.set("canceled", "1");
  const hash = `#/calendar?${query}`;
  if (location.hash !== hash) history.pushState(null, "", hash);
}

function datesOf(state) {
  if (state.view === "day") return [state.date];
  const first = monday(state.date);
  return Array.from({ length: 7 }, (_, i) => addDays(first, i));
}

function heading(state) {
  if (state.view === "day") return say(state.date, { weekday: "short", day: "numeric", month: "short", year: "numeric" });
  const first = monday(state.date), last = addDays(first, 6);
  const same = first.slice(0, 7) === last.slice(0, 7);
  return `${say(first, same ? { day: "numeric" } : { day: "numeric", month: "short" })} – `
    + `${say(last, { day: "numeric", month: "short", year: "numeric" })}`;
}

// --- columns ---

function dayHead(date) {
  return h("span", { class: date === today() ? "cal-is-today" : null },
    h("span", { class: "faint" }, say(date, { weekday: "short" })),
    h("span", { class: "cal-number-of-day" }, say(date, { day: "numeric" })));
}

function weekColumns(state, view) {
  const host = state.hosts.size === 1 ? [...state.hosts][0] : null;
  return datesOf(state).map((date) => ({ key: date, date, label: say(date, { weekday: "long", day: "numeric",
    month: "long" }), head: dayHead(date), closed: view.closed(date, host), blocks: view.on(date) }));
}

function hostColumns(state, view) {
  const list = view.on(state.date), { book } = view;
  const busy = new Set(list.flatMap((one) => hostsOf(one, book)));
  const hosts = [...book.hosts.values()].filter((host) => state.hosts.size ? state.hosts.has(host.id)
    : host.status === "active" || busy.has(host.id));
  const columns = hosts.map((host) => ({ key: host.id, host: host.id, date: state.date, label: host.displayName,
    head: h("span", { class: "cal-host" }, h("span", { class: `dot ${view.tone(host.id)}` }),
      h("span", { class: "clip", dir: "auto" }, host.displayName)), closed: view.closed(state.date, host.id),
    blocks: list.filter((one) => hostsOf(one, book).includes(host.id)) }));
  const stray = list.filter((one) => !hostsOf(one, book).some((id) => book.hosts.has(id)));
  if (stray.length) columns.push({ key: "none", date: state.date, label: "Former hosts", head: "Former hosts",
    blocks: stray });
  return columns;
}

// What is seen of the book: by date, with colours.
function viewOf(state, book, closed) {
  const order = [...book.hosts.keys()];
  const tone = (id) => `c${order.indexOf(id) < 0 ? 6 : order.indexOf(id) % 5 + 1}`;
  const seen = [...book.shown.values()].filter((one) => state.canceled || one.status !== "canceled");
  const list = blocks(seen, book.services).filter((one) => !state.hosts.size
    || hostsOf(one, book).some((id) => state.hosts.has(id)));
  return {
    book, closed, tone, color: (block) => (block.host ? tone(block.host) : "c6"),
    on: (date) => list.filter((one) => one.start < startOf(addDays(date, 1)) && one.end > startOf(date)),
  };
}

// Whose colour is whose, where no column says it.
function legend(state, view) {
  const hosts = [...view.book.hosts.values()].filter((host) => host.status === "active"
    && (state.hosts.size === 0 || state.hosts.has(host.id)));
  if (state.view === "day" && state.as === "grid" || hosts.length < 2 || hosts.length > 12) return null;
  return h("ul", { class: "legend" }, hosts.map((host) => h("li", null, h("span", { class: `dot ${view.tone(host.id)}` }),
    h("span", { class: "clip", dir: "auto" }, host.displayName))));
}

function nothing() {
  return empty("calendar", "Nobody to book yet", "A calendar has a column for each host, and services to be "
    + "booked. Make a service and a host first; bookings appear here by themselves.");
}

export async function page(ctx) {
  const [{ book, ...desk }, hours] = await Promise.all([openBook(ctx), closedHours(ctx), styles()]);
  const state = wanted(ctx.query);
  const node = h("div", { class: "cal" }), main = h("div", { class: "cal-main" }, skeleton());
  const waiting = button("To confirm", { icon: "clock", onclick: () => showQueue() });
  const filter = hostFilter(book, state, change);
  let drawn = null, asked = 0;

  const range = () => {
    const dates = datesOf(state);
    return [startOf(dates[0]), startOf(addDays(dates.at(-1), 1))];
  };
  // What has to be known before it is drawn.
  const ready = () => {
    const [from, until] = range();
    const ofHosts = state.as === "grid" && (state.view === "day" || state.hosts.size === 1);
    return Promise.all([(from !== book.from || until !== book.to) && desk.load(from, until), ofHosts && hours.load()]);
  };
  // --- dialogs ---
  const open = (booking, { changed, ...more } = {}) => bookingDialog(ctx, booking, { book, put: desk.put,
    read: desk.read, ...more, changed: () => {
      draw();
      changed?.();
    } });
  const openBlock = (block) => (block.session
    ? sessionDialog(() => blocks([...book.shown.values()], book.services).find((one) => one.key === block.key)
      ?? { ...block, bookings: [] }, book, open, may("admin") && (() => start({ service: block.service,
      date: dateOf(block.start), at: block.start, host: block.host })))
    : open(block.bookings[0]));
  const showQueue = () => queue(book, open, (booking) => ctx.calendar.post(`/bookings/${booking.id}/confirm`,
    undefined, { match: booking.version }).then((answer) => {
    desk.put(answer.booking);
    draw();
  }), async (id) => {
    await desk.read(id);
    draw();
  });
  const start = (preset = {}) => bookForm(ctx, book, { date: state.date < today() ? today() : state.date, ...preset },
    (booking, ics) => {
      desk.put(booking);
      draw();
      open(booking, { ics });
    });
  // --- drawing ---
  function drawGrid(view) {
    const columns = state.view === "day" ? hostColumns(state, view) : weekColumns(state, view);
    const made = grid({ columns, book, color: view.color, withHost: state.view === "week", open: openBlock,
      label: `${heading(state)}. Arrow keys move from booking to booking.`,
      more: (column) => change({ view: "day", date: column.date }),
      start: may("admin") && ((column, at) => at > Date.now() - 3600e3
        && start({ date: column.date, at, host: column.host })) });
    const top = drawn?.key === columns.map((one) => one.key).join() ? drawn.node.scrollTop : null;
    fill(main, made.node);
    if (top === null) made.scrollTo(openingHour(columns));
    else made.node.scrollTop = top;
    drawn = { ...made, key: columns.map((one) => one.key).join() };
  }
  function draw() {
    const focus = node.contains(document.activeElement) && document.activeElement.dataset.key;
    const view = viewOf(state, book, hours.closed);
    bar.draw(heading(state), zoneAt(startOf(state.date) + 12 * 3600e3), legend(state, view));
    filter.draw();
    fill(waiting, waiting.firstChild, h("span", null, "To confirm"), h("span", { class: "cal-badge" }, book.pending.size));
    waiting.hidden = book.pending.size === 0;
    if (state.as === "grid") drawGrid(view);
    else {
      drawn = null;
      fill(main, agenda(datesOf(state).map((date) => ({ date, today: date === today(), blocks: view.on(date) })),
        { book, color: view.color, open: openBlock }));
    }
    if (book.cut) main.prepend(notice("warn", h("p", null, "There are more bookings than can be shown: choose a day.")));
    if (focus) main.querySelector(`[data-key="${CSS.escape(focus)}"]`)?.focus({ preventScroll: true });
  }
  async function change(to) {
    Object.assign(state, to);
    remember(state);
    const mine = ++asked;
    try {
      await ready();
      if (mine === asked) draw();
    } catch (fault) {
      if (fault.name !== "AbortError") toast(fault.message, "bad");
    }
  }
  const bar = toolbar(state, { change, filter: filter.node, book });

  if (book.hosts.size === 0 && book.services.size === 0) return nothing();
  if (ctx.query.get("booking")) {
    const booking = await desk.read(ctx.query.get("booking"));
    state.date = dateOf(booking.start_at);
    setTimeout(() => open(booking), 0);
  }
  await ready();
  ctx.actions(waiting, may("admin") && button("New booking", { kind: "primary", icon: "plus",
    disabled: ![...book.services.values()].some((one) => one.status === "active"), onclick: () => start() }));
  ctx.every(POLL, async () => (await desk.news()) && draw());
  ctx.every(60, () => drawn?.now());
  fill(node, bar.node, main);
  setTimeout(draw, 0); // what scrolls has to stand in the page
  return node;
}
