// Several bookings at once: those of a session, and those that wait to be confirmed.
import { fill, h } from "../dom.js";
import { may } from "../session.js";
import { button, dialog, empty, meter, toast } from "../ui.js";
import { clockSpan, standing, statusBadge } from "./block.js";
import { people } from "./blocks.js";
import { hostName } from "./book.js";
import { dateOf, say } from "./days.js";

function line(booking, text, open, ...more) {
  return h("li", { class: "cal-person" }, h("button", { type: "button", class: "pick", onclick: open },
    h("strong", { dir: "auto" }, booking.contact.name), h("span", { class: "muted small-text" }, text)), more);
}

// read() gives the block as it is now; add(), if given, books another place.
export function sessionDialog(read, book, open, add) {
  const first = read();
  const node = h("div", { class: "stack" });
  let self;
  const draw = () => {
    const block = read();
    const list = block.bookings.filter((one) => one.status !== "canceled");
    fill(node, h("p", { class: "muted" }, `${say(dateOf(first.start), { weekday: "long", day: "numeric",
      month: "long" })}, ${clockSpan(first)} · ${hostName(first.bookings[0], book)}`),
    meter("Places", people({ bookings: list }), first.capacity,
      `${people({ bookings: list })} of ${first.capacity} taken`),
    h("ul", { class: "stack picks" }, list.map((one) => line(one,
      [`${one.party_size} ${one.party_size === 1 ? "place" : "places"}`, one.contact.email ?? one.contact.phone]
        .filter(Boolean).join(" · "), () => open(one, { changed: draw, closed: draw }),
      standing(one) !== "confirmed" && statusBadge(one)))),
    add && first.start > Date.now() && people({ bookings: list }) < first.capacity
      && h("div", { class: "dialog-foot" }, button("Book a place", { icon: "plus", onclick: () => {
        self.close(true);
        add();
      } })));
  };
  draw();
  self = dialog(first.title, node);
  return self;
}

// confirm(booking) accepts one; reread(id) after somebody else was faster.
export function queue(book, open, confirm, reread) {
  const node = h("div", { class: "stack" });
  const draw = () => {
    const list = [...book.pending.values()].sort((a, b) => Date.parse(a.start_at) - Date.parse(b.start_at));
    fill(node, list.length === 0 ? empty("check", "All decided", "New ones that wait for you appear here.")
      : [h("p", { class: "muted" }, "These hold their time until you confirm or cancel them."),
        h("ul", { class: "stack picks" }, list.map((one) => line(one,
          `${say(dateOf(one.start_at))}, ${clockSpan({ start: Date.parse(one.start_at), end: Date.parse(one.end_at) })}`
            + ` · ${one.service_name} · ${hostName(one, book)}`, () => open(one, { changed: draw, closed: draw }),
          may("admin") && button("Confirm", { small: true, kind: "primary",
            title: `Confirm ${one.contact.name}`, onclick: () => accept(one) }))))]);
  };
  async function accept(booking) {
    try {
      await confirm(booking);
      toast("Confirmed");
    } catch (fault) {
      if (fault.status !== 412 && fault.status !== 422) throw fault;
      await reread(booking.id);
      toast("Somebody changed this booking meanwhile. The list is new.", "bad");
    }
    draw();
  }
  draw();
  return dialog("To confirm", node, { wide: true });
}
