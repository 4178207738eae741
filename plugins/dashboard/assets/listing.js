// Lists that a search narrows and that grow on demand.
import { h, fill, refill } from "./dom.js";
import { icon } from "./icons.js";
import { button, problem, skeleton } from "./ui.js";

// Tells what is searched for once the typing rests.
export function searchField(label, maxlength, onchange, value = "") {
  let timer;
  return h("div", { class: "search" }, icon("search"), h("input", { type: "search", value, maxlength,
    "aria-label": label, placeholder: label, autocomplete: "off", spellcheck: "false",
    oninput: (event) => {
      clearTimeout(timer);
      timer = setTimeout(() => onchange(event.target.value.trim()), 250);
    } }));
}

// read(cursor, options) -> [rows, the next cursor]; draw(rows) -> what is shown of them.
// { node, show() from the beginning, again() what is shown, as it is now }
export function listing(read, draw) {
  const node = h("div", { class: "stack" });
  let asked = 0, busy = 0, shown = 0;

  async function take(mine, rows, cursor, least, options) {
    let next = cursor, list = rows;
    do {
      const [more, after] = await read(next, options);
      list = [...list, ...more];
      next = after;
    } while (next && list.length < least);
    if (mine !== asked) return;
    shown = list.length;
    refill(node, draw(list), next && h("div", { class: "row" }, button("Show more", { onclick: () =>
      wanted(++asked, list, next) })));
  }
  async function wanted(...which) {
    busy += 1;
    await take(...which, 0).finally(() => { busy -= 1; });
  }
  async function show() {
    const mine = ++asked;
    fill(node, skeleton());
    try {
      await wanted(mine, [], undefined);
    } catch (fault) {
      if (fault.name !== "AbortError" && mine === asked) fill(node, problem(fault, show));
    }
  }
  const again = async (options) => busy > 0 || take(++asked, [], undefined, shown, options);
  return { node, show, again };
}
