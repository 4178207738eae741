// The editor of hours: windows of a day, and seven days of them.
import { readClock } from "./days.js";
import { fill, h } from "./dom.js";
import { checkbox, form } from "./forms.js";
import { button, dialog } from "./ui.js";

export const days = [["mon", "Monday"], ["tue", "Tuesday"], ["wed", "Wednesday"], ["thu", "Thursday"],
  ["fri", "Friday"], ["sat", "Saturday"], ["sun", "Sunday"]];

const MOST = 8; // windows of a day

// [["09:00", "12:00"], …] in words.
export function sayWindows(list) {
  if (!list?.length) return "Closed";
  return list.map(([a, b]) => `${a}–${b}${b <= a ? " next day" : ""}`).join(", ");
}

// A time of a day, forgiving while typed; value() throws what is wrong with it.
function clockField(label, value, options) {
  const node = h("input", { type: "text", class: "clock num", value, maxlength: 5, inputmode: "numeric",
    autocomplete: "off", "aria-label": label, disabled: options.locked, oninput: options.onchange,
    onchange: () => {
      const clock = readClock(node.value);
      if (clock) node.value = clock;
      node.setAttribute("aria-invalid", String(!clock));
      options.onchange();
    } });
  const read = () => {
    const clock = readClock(node.value);
    if (clock) return clock;
    node.setAttribute("aria-invalid", "true");
    node.focus();
    throw new Error(`${label}: “${node.value}” is no time. Write it as 09:30; 24:00 ends the day.`);
  };
  return { node, read, peek: () => readClock(node.value) };
}

// Where one more window may begin: an hour after the last.
function next(list) {
  const last = list.at(-1)?.[1];
  const hour = last ? Math.min(Number(last.slice(0, 2)) + 1, 23) : 9;
  const until = last ? Math.min(hour + 4, 24) : 17;
  return [hour, until].map((one) => `${String(one).padStart(2, "0")}:00`);
}

// Windows of the day called `name`: { node, read(), write(list), add() }.
export function windowsEditor(name, list, options) {
  const node = h("div", { class: "windows" });
  let rows = [];

  function row([from, to], i) {
    const over = h("span", { class: "faint small-text" });
    const changed = () => {
      const [x, y] = [a.peek(), b.peek()];
      over.textContent = x && y && y <= x ? "next day" : "";
      options.onchange();
    };
    const a = clockField(`${name}, from (${i + 1})`, from, { ...options, onchange: changed });
    const b = clockField(`${name}, to (${i + 1})`, to, { ...options, onchange: changed });
    over.textContent = to <= from ? "next day" : "";
    const drop = options.locked ? null : button("", { icon: "close", kind: "quiet", small: true,
      title: `Remove ${name} ${from}–${to}`, onclick: () => {
        draw(peek().filter((_, at) => at !== i));
        options.onchange();
      } });
    return { a, b, node: h("div", { class: "window" }, a.node, h("span", { "aria-hidden": "true" }, "–"), b.node,
      over, drop) };
  }
  function draw(windows) {
    rows = windows.map(row);
    fill(node, rows.length ? rows.map((one) => one.node) : h("span", { class: "muted closed" }, "Closed"));
  }
  const peek = () => rows.map((one) => [one.a.node.value, one.b.node.value]);
  draw(list);
  return {
    node,
    read: () => rows.map((one) => [one.a.read(), one.b.read()]),
    peek,
    write: (windows) => {
      draw(windows);
      options.onchange();
    },
    add() {
      if (rows.length >= MOST) throw new Error(`A day has at most ${MOST} windows.`);
      draw([...peek(), next(peek())]);
      rows.at(-1).a.node.focus();
      options.onchange();
    },
  };
}

// Asks to which days this one's hours are copied, and tells them.
function copyDay(day, name, done) {
  const workday = !["sat", "sun"].includes(day);
  dialog(`Copy ${name} to …`, (self) => form([
    h("div", { class: "checks" }, days.filter(([one]) => one !== day).map(([one, label]) => checkbox({
      name: "day", value: one, label, checked: workday && !["sat", "sun"].includes(one) }))),
  ], { action: "Copy", cancel: () => self.close() }, (_, node) => {
    done([...node.querySelectorAll("input:checked")].map((one) => one.value));
    self.close();
  }));
}

// Seven days: { node, read(), dirty() }. options: locked, onchange.
export function weekEditor(weekly, options) {
  const editors = {};
  const rows = days.map(([day, name]) => {
    const editor = windowsEditor(name, weekly[day] ?? [], options);
    editors[day] = editor;
    return h("div", { class: "day", role: "group", "aria-label": name }, h("span", { class: "strong" }, name),
      editor.node, !options.locked && h("span", { class: "row day-tools" },
        button("", { icon: "plus", kind: "quiet", small: true, title: `Add hours to ${name}`, onclick: () => editor.add() }),
        button("", { icon: "copy", kind: "quiet", small: true, title: `Copy ${name} to other days`,
          onclick: () => copyDay(day, name, (list) => list.forEach((one) => editors[one].write(editor.peek()))) })));
  });
  const all = (how) => Object.fromEntries(days.map(([day]) => [day, editors[day][how]()]));
  const before = JSON.stringify(all("peek"));
  return { node: h("div", { class: "week" }, rows), read: () => all("read"),
    dirty: () => JSON.stringify(all("peek")) !== before };
}
