// Elements in the making. Text becomes text nodes and nothing else: there is no way from a
// string to markup in this dashboard.

const SVG = "http://www.w3.org/2000/svg";
const properties = new Set(["value", "checked", "disabled", "hidden", "open", "selected",
  "indeterminate", "readOnly", "required", "multiple"]);

function set(node, name, value) {
  if (value === undefined || value === null || value === false && !properties.has(name)) return;
  if (typeof value === "function") node.addEventListener(name.replace(/^on/, ""), value);
  else if (name === "data") Object.assign(node.dataset, value);
  else if (properties.has(name)) node[name] = value;
  else node.setAttribute(name, value === true ? "" : value);
}

// h("p", { class: "muted" }, "text", node, [more], condition && node)
export function h(tag, props, ...children) {
  const node = document.createElement(tag);
  add(node, children);
  for (const [name, value] of Object.entries(props ?? {})) set(node, name, value);
  return node;
}

export function svg(tag, props, ...children) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(props ?? {})) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

function add(node, children) {
  for (const child of children) {
    if (child === null || child === undefined || child === false) continue;
    if (Array.isArray(child)) add(node, child);
    else node.append(child instanceof Node ? child : String(child));
  }
}

// In place of all that was in it.
export function fill(node, ...children) {
  node.replaceChildren();
  add(node, children);
  return node;
}

function called(node) {
  const label = node.getAttribute("aria-label") ?? node.labels?.[0]?.textContent ?? node.textContent;
  return [node.closest("[data-row]")?.dataset.row, node.href, label].join("\n");
}

// What is there in place of a node that was drawn anew.
export function twin(node, inside = document, name = called(node)) {
  return [...inside.querySelectorAll(node.tagName)].find((one) => called(one) === name);
}

// Fills, and leaves the focus where it was.
export function refill(node, ...children) {
  const focus = node.contains(document.activeElement) && document.activeElement, name = focus && called(focus);
  fill(node, ...children);
  if (focus) twin(focus, node, name)?.focus({ preventScroll: true });
}

// A name in a sentence: whichever way it runs, what follows stays where it is.
export const isolated = (name) => `\u2068${name}\u2069`;

let last = 0;
// An id for labels and the like.
export function unique(prefix) {
  last += 1;
  return `${prefix}-${last}`;
}
