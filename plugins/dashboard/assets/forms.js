// Forms: a label for every field, the hint below it, and what the API refuses above the
// button, in its own words.
import { fill, h, unique } from "./dom.js";
import { busy, button, problem } from "./ui.js";

// How a field looks around any control: { label, hint, optional }
function around(options, control) {
  const hint = options.hint && h("p", { class: "hint", id: unique("hint") }, options.hint);
  if (hint) control.setAttribute("aria-describedby", hint.id);
  control.id ||= unique("field");
  const node = h("div", { class: "field" },
    h("label", { for: control.id }, options.label,
      options.optional && h("span", { class: "faint" }, " optional")),
    control, hint);
  node.control = control;
  return node;
}

// options: name, label, type, value, hint, required, optional, maxlength, autocomplete, rows …
export function field(options) {
  const { label, hint, optional, rows, ...props } = options;
  const control = rows
    ? h("textarea", { rows, ...props })
    : h("input", { type: "text", ...props });
  if (!props.autocomplete) control.setAttribute("autocomplete", "off");
  return around({ label, hint, optional }, control);
}

// choices: [[value, label], …], or [title, choices] for some under a title
export function select(options) {
  const { label, hint, choices, value, optional, ...props } = options;
  const shown = (list) => list.map(([one, text]) => Array.isArray(text)
    ? h("optgroup", { label: one }, shown(text)) : h("option", { value: one, selected: one === value }, text));
  return around({ label, hint, optional }, h("select", props, shown(choices)));
}

export function checkbox(options) {
  const { label, hint, ...props } = options;
  const control = h("input", { type: "checkbox", id: unique("check"), ...props });
  const text = hint && h("span", { class: "hint", id: unique("hint") }, hint);
  if (text) control.setAttribute("aria-describedby", text.id);
  const node = h("div", { class: "check" }, control, h("label", { for: control.id }, label, text));
  node.control = control;
  return node;
}

// A few choices, all visible: [[value, label, hint], …]
export function radios(options) {
  return h("fieldset", { class: "field radios" }, h("legend", null, options.label),
    options.choices.map(([value, label, hint]) => {
      const id = unique("radio");
      return h("div", { class: "check" },
        h("input", { type: "radio", id, name: options.name, value, checked: value === options.value,
          onchange: () => options.onchange?.(value) }),
        h("label", { for: id }, label, hint && h("span", { class: "hint" }, hint)));
    }));
}

export function group(legend, ...children) {
  return h("fieldset", { class: "field" }, h("legend", null, legend), children);
}

// options: action (the button's word), kind, cancel(). submit(values, form) gets what the
// fields hold by name; what it throws is shown and the focus stays.
export function form(children, options, submit) {
  const said = h("div", { class: "said" });
  const go = button(options.action, { type: "submit", kind: options.kind ?? "primary",
    disabled: options.disabled });
  const node = h("form", { class: "stack", autocomplete: "off", method: "post" }, children, said,
    h("div", { class: options.foot ?? "dialog-foot" },
      options.cancel && button("Cancel", { onclick: options.cancel }), go));
  node.addEventListener("submit", (event) => {
    event.preventDefault();
    busy(go, async () => {
      fill(said);
      try {
        await submit(Object.fromEntries(new FormData(node)), node);
      } catch (fault) {
        if (fault.name !== "AbortError") fill(said, problem(fault));
      }
    });
  });
  return node;
}

// An empty field clears: what the API calls null.
export function orNull(text) {
  const trimmed = text?.trim();
  return trimmed ? trimmed : null;
}

// A public name made of a name: "Bella's Barber" -> "bella-s-barber".
export function slugOf(name) {
  return name.toLowerCase().normalize("NFKD").replace(/[^a-z0-9]+/g, "-").replace(/^-+|-+$/g, "").slice(0, 63);
}
