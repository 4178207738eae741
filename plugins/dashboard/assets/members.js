// Choosing hosts in an order: those of a service, and the members of a team.
import { fill, h } from "./dom.js";
import { select } from "./forms.js";
import { button } from "./ui.js";

// list: [{ id, … }]; extra(one): more controls of a row. { node, rows() }.
function ordered(title, hint, hosts, list, extra) {
  const node = h("div", { class: "stack" });
  const names = new Map(hosts.map((one) => [one.id, one.displayName]));
  let rows = list;
  const name = (one) => names.get(one.id) ?? one.id;
  function row(one, i) {
    const up = button("", { icon: "up", kind: "quiet", small: true, title: `Move ${name(one)} up`, disabled: i === 0,
      onclick: () => draw(rows.map((each, at) => at === i - 1 ? one : at === i ? rows[i - 1] : each)) });
    const drop = button("", { icon: "close", kind: "quiet", small: true, title: `Remove ${name(one)}`,
      onclick: () => draw(rows.filter((each) => each !== one)) });
    return h("li", { class: "picked" }, h("span", { class: "strong grow clamp" }, name(one)), extra(one, name(one)),
      h("span", { class: "tools" }, up, drop));
  }
  function draw(next) {
    rows = next;
    const left = hosts.filter((host) => !rows.some((one) => one.id === host.id));
    const add = left.length > 0 && select({ label: `Add to ${title.toLowerCase()}`, value: "", choices: [["", "Choose a host"],
      ...left.map((host) => [host.id, host.displayName])],
    onchange: (event) => event.target.value && draw([...rows, { id: event.target.value }]) });
    fill(node, h("div", null, h("h3", null, title), h("p", { class: "hint" }, rows.length ? hint : "Nobody yet.")),
    h("ul", { class: "picked-list" }, rows.map(row)), add);
  }
  draw(rows);
  return { node, rows: () => rows };
}

export function hostPicker(hosts, ids) {
  const list = ordered("Its hosts", "The first is asked first.", hosts, ids.map((id) => ({ id })), () => null);
  return { node: list.node, read: () => list.rows().map((one) => one.id) };
}

// members: as the API has them. Weight and priority say who is asked, and how often.
export function memberPicker(hosts, members) {
  const input = (one, name, label, who, more) => {
    const node = h("input", { value: one[name], "aria-label": `${label} of ${who}`, required: true, autocomplete: "off",
      oninput: () => { one[name] = node.value; }, ...more });
    return h("label", null, h("span", { class: "hint" }, label), node);
  };
  const hint = "Priority 1 is asked before 2. Among equals a weight of 2 gets twice the bookings of 1.";
  const list = ordered("Members", hint, hosts, members.map(({ host_id, ...one }) => ({ id: host_id, ...one })), (one, who) => {
    one.role ??= "member";
    one.weight ??= 1;
    one.priority ??= 1;
    return h("div", { class: "member" }, input(one, "role", "Role", who, { maxlength: 80 }),
      input(one, "weight", "Weight", who, { type: "number", min: 1, max: 1000 }),
      input(one, "priority", "Priority", who, { type: "number", min: 1, max: 1000 }));
  });
  return { node: list.node, read: () => list.rows().map((one) => ({ host_id: one.id, role: one.role,
    weight: Number(one.weight), priority: Number(one.priority) })) };
}
