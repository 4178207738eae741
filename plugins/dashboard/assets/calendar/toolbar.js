// Above the calendar: which days, in which form, of whom.
import { fill, h } from "../dom.js";
import { icon } from "../icons.js";
import { button, segmented } from "../ui.js";
import { addDays, isDate, monday, today } from "./days.js";

// The title is the date, and the way to another one.
function dateTitle(options) {
  const text = h("span", { "aria-live": "polite" });
  const input = h("input", { type: "date", "aria-label": "Go to date", required: true,
    onchange: (event) => isDate(event.target.value) && options.change({ date: event.target.value }) });
  return { input, text, node: h("div", { class: "cal-date" }, h("h2", { class: "cal-title" }, text), icon("down", 14), input) };
}

// options: change(to) -> promise, filter (a node). draw(title, zone, legend) says what is shown.
export function toolbar(state, options) {
  const title = dateTitle(options), about = h("div", { class: "cal-about" });
  const step = (by) => addDays(state.view === "week" ? monday(state.date) : state.date,
    by * (state.view === "week" ? 7 : 1));
  const before = button("", { icon: "left", title: "Before", onclick: () => options.change({ date: step(-1) }) });
  const after = button("", { icon: "right", title: "After", onclick: () => options.change({ date: step(1) }) });
  const name = (node, text) => {
    node.setAttribute("aria-label", text);
    node.title = text;
  };
  return {
    node: h("div", { class: "cal-bar" },
      h("div", { class: "row" }, button("Today", { onclick: () => options.change({ date: today() }) }),
        h("span", { class: "cal-steps" }, before, after), title.node),
      h("div", { class: "row cal-forms" }, options.filter,
        segmented("Days", [["day", "Day"], ["week", "Week"]], state.view, (view) => options.change({ view })),
        segmented("Form", [["grid", "Grid"], ["list", "List"]], state.as, (as) => options.change({ as }))),
      about),
    draw: (text, place, legend) => {
      if (title.text.textContent !== text) fill(title.text, text);
      fill(about, h("span", { class: "faint" }, `Times in ${place}`), legend);
      title.input.value = state.date;
      name(before, `The ${state.view} before`);
      name(after, `The ${state.view} after`);
    },
  };
}

// Whose bookings: a list of hosts with their colours, behind a button.
export function hostFilter(book, state, change) {
  const hosts = [...book.hosts.values()];
  const list = h("div", { class: "menu cal-hosts", popover: "auto", role: "group", "aria-label": "Hosts" });
  const words = () => (state.hosts.size === 0 ? "All hosts" : state.hosts.size === 1
    ? book.hosts.get([...state.hosts][0])?.displayName ?? "1 host" : `${state.hosts.size} hosts`);
  const label = h("span", { class: "clip" });
  const opener = h("button", { type: "button", class: "button cal-opener", "aria-haspopup": "true",
    "aria-expanded": "false", onclick: () => {
      if (!list.togglePopover()) return;
      const at = opener.getBoundingClientRect();
      list.style.top = `${at.bottom + 4}px`;
      list.style.left = `${Math.max(8, Math.min(at.left, window.innerWidth - list.offsetWidth - 8))}px`;
      list.querySelector("input")?.focus();
    } }, label, icon("down", 14));
  list.addEventListener("toggle", (event) => opener.setAttribute("aria-expanded", String(event.newState === "open")));
  const one = (host, i) => h("label", null, h("input", { type: "checkbox", value: host.id,
    checked: state.hosts.has(host.id), onchange: (event) => {
      if (event.target.checked) state.hosts.add(host.id);
      else state.hosts.delete(host.id);
      change({});
    } }), h("span", { class: `dot c${i % 5 + 1}` }), h("span", { class: "clip", dir: "auto" }, host.displayName),
  host.status !== "active" && h("span", { class: "faint" }, "inactive"));
  const draw = () => fill(label, words());
  const canceled = h("label", { class: "cal-canceled" }, h("input", { type: "checkbox", checked: state.canceled,
    onchange: (event) => change({ canceled: event.target.checked }) }), "Canceled bookings, too");
  fill(list, hosts.map(one), h("button", { type: "button", onclick: () => {
    state.hosts.clear();
    for (const box of list.querySelectorAll("input")) box.checked = false;
    list.hidePopover();
    change({});
  } }, "All hosts"), canceled);
  return { node: h("span", { class: "menu-holder" }, opener, list), draw };
}
