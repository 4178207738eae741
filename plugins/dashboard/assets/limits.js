// The limits of a service: what is booked of it in a day, week and month.
import { h } from "./dom.js";

const kinds = [["per_day", "Bookings a day"], ["per_week", "Bookings a week"], ["per_month", "Bookings a month"],
  ["minutes_per_day", "Minutes a day"], ["minutes_per_week", "Minutes a week"], ["minutes_per_month", "Minutes a month"]];
const whose = [["", "All of them"], ["per_host", "Of one host"], ["per_contact", "Of one customer"]];

// { node, read() }: null where none is set.
export function limitFields(limits) {
  const inputs = new Map();
  const cell = (scope, [name, label], title) => {
    const node = h("input", { type: "number", min: 1, max: name.startsWith("minutes") ? 1000000 : 10000, step: 1,
      placeholder: "any", "aria-label": `${label}: ${title}`,
      value: (scope ? limits?.[scope] : limits)?.[name] ?? "" });
    inputs.set(`${scope} ${name}`, node);
    return node;
  };
  const node = h("div", { class: "limits" }, h("p", { class: "muted small-text" },
    "What is beyond them is not offered. Empty: any number."), whose.map(([scope, title]) =>
    h("fieldset", null, h("legend", null, title), h("div", { class: "limit-row" }, kinds.map((kind) =>
      h("label", null, h("span", { class: "hint" }, kind[1]), cell(scope, kind, title)))))));
  const of = (scope) => Object.fromEntries(kinds.map(([name]) => {
    const { value } = inputs.get(`${scope} ${name}`);
    return [name, value === "" ? null : Number(value)];
  }));
  const some = (list) => Object.values(list).some((value) => value !== null);
  return { node, read() {
    const all = of("");
    for (const scope of ["per_host", "per_contact"]) all[scope] = some(of(scope)) ? of(scope) : null;
    return some(all) ? all : null;
  } };
}
