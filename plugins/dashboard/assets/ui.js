// What pages are made of: buttons, tables, dialogs, and how faults and waiting look.
import { fill, h, twin, unique } from "./dom.js";
import { icon } from "./icons.js";

// --- buttons ---

// kind: primary, danger, quiet or none. A handler that returns a promise shows that it works
// and cannot be started twice; what it throws is told.
export function button(label, options = {}) {
  const node = h("button", {
    type: options.type ?? "button",
    class: ["button", options.kind, options.small && "small", !label && "only-icon"]
      .filter(Boolean).join(" "),
    "aria-label": options.title, title: options.title, disabled: options.disabled ?? false,
  }, options.icon && icon(options.icon), label && h("span", null, label));
  if (options.onclick) node.addEventListener("click", () => busy(node, options.onclick));
  return node;
}

export async function busy(node, work) {
  if (node.getAttribute("aria-busy") === "true") return;
  node.setAttribute("aria-busy", "true");
  try {
    await work();
  } catch (fault) {
    if (fault.name !== "AbortError") toast(fault.message, "bad");
  } finally {
    node.removeAttribute("aria-busy");
  }
}

export function link(label, href, props = {}) {
  return h("a", { href, ...props }, label);
}

// An address that others typed: only what a browser fetches as a page becomes a link.
export function outside(text) {
  return /^https?:\/\//i.test(text)
    ? h("a", { href: text, rel: "noopener noreferrer", target: "_blank" }, text) : text;
}

// --- words ---

let region;
// A line at the foot of the page that goes by itself; screen readers hear it.
export function toast(text, tone = "good") {
  region ??= document.body.appendChild(h("div", { class: "toasts", role: "status" }));
  const node = h("div", { class: `toast ${tone}` },
    icon(tone === "bad" ? "alert" : "check"), h("span", null, text));
  const open = document.querySelector("dialog[open]");
  (open ?? document.body).append(region); // above a dialog, which is above all else
  region.append(node);
  setTimeout(() => node.remove(), tone === "bad" ? 10000 : 6000);
}

// tone: good, bad, warn, info or none
export function badge(text, tone = "") {
  return h("span", { class: `badge ${tone}` }, text);
}

// A fault as the API says it. `again` is offered as a button.
export function problem(fault, again) {
  const body = fault.body ?? {};
  return h("div", { class: "notice bad", role: "alert" }, icon("alert"),
    h("div", { class: "grow" },
      h("p", null, fault.message),
      body.violations?.length > 1 && h("ul", null,
        body.violations.map((one) => h("li", null, one.message)))),
    again && button("Try again", { small: true, onclick: again }));
}

export function notice(tone, ...children) {
  const name = { good: "check", bad: "alert", warn: "alert" }[tone] ?? "info";
  return h("div", { class: `notice ${tone}` }, icon(name), h("div", { class: "grow" }, children));
}

// Nothing there yet: what it is, and what to do next.
export function empty(name, title, text, ...actions) {
  return h("div", { class: "empty" }, h("span", { class: "empty-icon" }, icon(name, 24)),
    h("h3", null, title), h("p", null, text), actions.length > 0 && h("div", { class: "row" }, actions));
}

// counted(1, "request"): "1 request"
export function counted(n, word) {
  return `${n.toLocaleString("en")} ${word}${n === 1 ? "" : "s"}`;
}

export function skeleton(lines = 4) {
  return h("div", { class: "skeleton", role: "status", "aria-label": "Loading" },
    Array.from({ length: lines }, () => h("span")));
}

// --- copying ---

async function copied(text) {
  try {
    return await navigator.clipboard.writeText(text);
  } catch { /* plain http, or not permitted: the old way */ }
  const area = h("textarea", { class: "hidden-text", readonly: true, value: text });
  (document.querySelector("dialog[open]") ?? document.body).append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  if (!done) throw new Error("The browser does not let this page copy. Select the text and copy it.");
}

export function copyButton(text, what, options = {}) {
  const node = button(options.label ?? "", { icon: "copy", title: `Copy ${what}`, kind: options.kind,
    small: true, onclick: async () => {
      await copied(typeof text === "function" ? text() : text);
      toast(`Copied ${what}`);
    } });
  return node;
}

// A value to be copied, in one line.
export function copyable(text, what) {
  return h("span", { class: "copyable" }, h("code", null, text), copyButton(text, what));
}

// --- groups ---

export function card(title, ...children) {
  const heading = typeof title === "string" ? h("h2", null, title) : title;
  return h("section", { class: "card" }, heading && h("div", { class: "card-head" }, heading), children);
}

// [["Created", node], …]
export function facts(list) {
  return h("dl", { class: "facts" }, list.filter(Boolean).map(([name, value]) =>
    h("div", null, h("dt", null, name), h("dd", null, value ?? "—"))));
}

// columns: { title, cell(row), class, hide (title for screen readers only) }. At narrow
// widths each row becomes a block whose lines carry the titles.
export function table(caption, columns, rows, rowProps = () => ({})) {
  const body = h("tbody", { role: "rowgroup" }, rows.map((row) => h("tr", { role: "row", data: { row: row.id ?? "" }, ...rowProps(row) },
    columns.map((column, i) => h(i === 0 ? "th" : "td", {
      role: i === 0 ? "rowheader" : "cell", scope: i === 0 ? "row" : null, class: column.class,
      data: { title: column.hide ? "" : column.title },
    }, column.cell(row))))));
  return h("div", { class: "table-wrap" }, h("table", { role: "table" },
    h("caption", { class: "sr-only" }, caption),
    h("thead", { role: "rowgroup" }, h("tr", { role: "row" }, columns.map((column) =>
      h("th", { role: "columnheader", scope: "col", class: column.class },
        column.hide ? h("span", { class: "sr-only" }, column.title) : column.title)))),
    body));
}

// A bar from 0 to `limit`; `text` says it in words. Full is bad, unless it is a `part` of a whole.
export function meter(label, used, limit, text, part = false) {
  const share = limit > 0 ? Math.min(used / limit, 1) : 0;
  const tone = part || share < 0.7 ? "" : share < 0.9 ? "warn" : "bad";
  const fillNode = h("span", { class: tone });
  fillNode.style.inlineSize = `${Math.max(share * 100, used > 0 ? 1 : 0)}%`;
  return h("div", { class: "meter" },
    h("div", { class: "meter-head" }, h("span", null, label), h("span", { class: "muted" }, text)),
    h("div", { class: "meter-bar", role: "meter", "aria-label": label, "aria-valuemin": 0,
      "aria-valuemax": limit, "aria-valuenow": Math.min(used, limit), "aria-valuetext": text }, fillNode));
}

// One of a few: options are [value, label]; a group of radio buttons.
export function segmented(label, options, value, onchange) {
  const name = unique("choice");
  return h("fieldset", { class: "segmented" }, h("legend", { class: "sr-only" }, label),
    options.map(([one, text]) => h("label", null,
      h("input", { type: "radio", name, value: one, checked: one === value,
        onchange: () => onchange(one) }), h("span", null, text))));
}

// --- menus ---

// items: { label, icon, onclick, danger, href } or null. Opens over everything; arrows move.
// The browser opens it and moves the focus into it while it handles the key or the click, so
// that the next key, however fast, is the menu's.
export function menu(title, items, opener) {
  const list = h("div", { class: "menu", role: "menu", popover: "auto", "aria-label": title });
  const toggle = opener ?? button("", { icon: "dots", kind: "quiet", small: true, title });
  toggle.setAttribute("aria-haspopup", "menu");
  toggle.setAttribute("aria-expanded", "false");
  fill(list, items.filter(Boolean).map((item) => h(item.href ? "a" : "button", {
    role: "menuitem", tabindex: -1, class: item.danger ? "danger" : null, href: item.href,
    type: item.href ? null : "button",
    onclick: () => { list.hidePopover(); if (item.onclick) busy(toggle, item.onclick); },
  }, item.icon && icon(item.icon), item.label)));
  const entries = [...list.children];
  entries[0].setAttribute("autofocus", "");
  toggle.popoverTargetElement = list;
  list.addEventListener("toggle", (event) => {
    const open = event.newState === "open";
    toggle.setAttribute("aria-expanded", String(open));
    if (open) place(list, toggle);
  });
  list.addEventListener("keydown", (event) => move(event, entries));
  return h("span", { class: "menu-holder" }, toggle, list);
}

function place(list, toggle) {
  const at = toggle.getBoundingClientRect();
  const below = at.bottom + 4 + list.offsetHeight < window.innerHeight || at.top < list.offsetHeight;
  list.style.top = `${below ? at.bottom + 4 : at.top - 4 - list.offsetHeight}px`;
  list.style.left = `${Math.max(8, Math.min(at.right - list.offsetWidth,
    window.innerWidth - list.offsetWidth - 8))}px`;
}

function move(event, entries) {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  const at = entries.indexOf(document.activeElement);
  const next = event.key === "Home" ? 0 : event.key === "End" ? entries.length - 1
    : step ? (at + step + entries.length) % entries.length : -1;
  if (next < 0) return;
  event.preventDefault();
  entries[next].focus();
}

// --- dialogs ---

// Shows `content` over the page until it is closed. keep(): why it may not close yet, or null.
// Returns { node, close }; `closed` is called after.
export function dialog(title, content, options = {}) {
  const id = unique("dialog");
  const opener = document.activeElement;
  const body = h("div", { class: "dialog-body" });
  const closer = button("", { icon: "close", kind: "quiet", small: true, title: "Close",
    onclick: () => close() });
  const node = h("dialog", { class: options.wide ? "wide" : null, "aria-labelledby": id },
    h("div", { class: "dialog-head" }, h("h2", { id }, title), closer), body);
  function close(sure) {
    const why = sure ? null : options.keep?.();
    if (why) return toast(why, "bad");
    return node.close();
  }
  node.addEventListener("cancel", (event) => {
    event.preventDefault();
    close();
  });
  // Chrome lets a second Escape through whatever the page says to the first.
  node.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || document.querySelector(":popover-open")) return;
    event.preventDefault();
    close();
  });
  node.addEventListener("close", () => {
    if (region) document.body.append(region);
    node.remove();
    options.closed?.();
    if (opener) (opener.isConnected ? opener : twin(opener))?.focus();
  });
  const self = { node, body, close, title: (text) => fill(node.querySelector("h2"), text) };
  fill(body, typeof content === "function" ? content(self) : content);
  document.body.append(node);
  node.showModal();
  body.querySelector("[autofocus], input, select, textarea")?.focus();
  return self;
}

// Asks, then does. words: { title, text, action, danger, more (nodes) }; run() may throw.
export function confirm(words, run) {
  return dialog(words.title, (self) => {
    const said = h("div");
    const go = button(words.action, { kind: words.danger ? "danger" : "primary", onclick: async () => {
      fill(said);
      try {
        await run();
        self.close(true);
      } catch (fault) {
        fill(said, problem(fault));
      }
    } });
    return [h("div", { class: "stack" }, words.text, words.more, said),
      h("div", { class: "dialog-foot" }, button("Cancel", { onclick: () => self.close(true) }), go)];
  });
}
