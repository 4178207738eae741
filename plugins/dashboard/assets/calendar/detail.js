// One booking: what it is, and what the desk may do with it. Each change is made to the
// version that was shown; if somebody was faster it is not made, and this is shown anew.
import { fill, h } from "../dom.js";
import { field, orNull } from "../forms.js";
import { may } from "../session.js";
import { formatClock, formatRelative, when } from "../time.js";
import { button, confirm, copyable, dialog, facts, notice, outside, problem, segmented, toast } from "../ui.js";
import { hostName, money } from "./book.js";
import { clockSpan, statusBadge } from "./block.js";
import { dateOf, say, zoneAt } from "./days.js";
import { moveForm } from "./forms.js";

const LONG = { weekday: "long", day: "numeric", month: "long", year: "numeric" };
const STALE = "Somebody changed this booking meanwhile, so nothing was changed here. This is how it stands now.";

function mail(text) {
  return text && h("a", { href: `mailto:${encodeURIComponent(text).replace("%40", "@")}` }, text);
}
function phone(text) {
  return text && h("a", { href: `tel:${text.replace(/[^0-9+]/g, "")}` }, text);
}

function matters(booking, book) {
  return facts([
    ["Service", booking.service_name],
    ["Host", hostName(booking, book)],
    ["Customer", h("span", { dir: "auto" }, booking.contact.name)],
    ["Email", mail(booking.contact.email)],
    ["Phone", phone(booking.contact.phone)],
    booking.party_size > 1 && ["Party size", String(booking.party_size)],
    ["Price", money(booking.price, booking.currency)],
    booking.location?.value && ["Place", outside(booking.location.value)],
    booking.cancel_reason && ["Reason", h("span", { dir: "auto" }, booking.cancel_reason)],
    ["Booked", when(booking.created_at, formatRelative)],
    booking.version > 1 && ["Last changed", when(booking.updated_at, formatRelative)],
  ]);
}

const acts = { created: "Booked", moved: "Moved", canceled: "Canceled", confirmed: "Confirmed", updated: "Noted" };

// "Moved from Tue 1 Dec, 09:00"
function act(row) {
  const word = acts[row.action.split(".").at(-1)] ?? row.action, from = row.detail?.from?.start_at;
  return from ? `${word} from ${say(dateOf(from))}, ${formatClock(from)}` : word;
}

function history(ctx, booking) {
  const list = h("ol", { class: "cal-history" }), node = h("details", null, h("summary", null, "History"), list);
  node.addEventListener("toggle", async () => {
    if (!node.open) return;
    try {
      const { audit } = await ctx.platform.get(`/organizations/${ctx.org.id}/audit`, { object: booking.id });
      fill(list, audit.map((row) => h("li", null, when(row.at), " · ", act(row),
        h("span", { class: "muted" }, ` by ${row.actor}`))));
    } catch (fault) {
      if (fault.name !== "AbortError") fill(list, problem(fault));
    }
  });
  return node;
}

// options: book, read(id), put(booking), changed() after each change, ics, stale (the first
// words). Returns the dialog.
export function bookingDialog(ctx, booking, options) {
  const { book } = options, path = `/bookings/${booking.id}`;
  const node = h("div", { class: "stack" });
  let self, typed = null, warning = options.warning ?? null;

  function keep(answer) {
    booking = answer.booking;
    typed = null;
    options.put(booking);
    options.changed();
    draw();
  }
  // What a change throws, unless somebody was faster: then this shows what they did.
  async function change(work, after) {
    warning = null;
    try {
      keep(await work());
      after?.();
    } catch (fault) {
      if (fault.status !== 412) throw fault;
      booking = await options.read(booking.id);
      warning = STALE;
      options.changed();
      draw();
      node.querySelector(".notice").focus();
    }
  }
  const write = (method, tail, body, word) => change(() =>
    ctx.calendar[method](path + tail, body, { match: booking.version }), () => toast(word));

  function cancel() {
    const reason = field({ label: "Reason", optional: true, rows: 2, maxlength: 2000, dir: "auto",
      hint: "Kept with the booking." });
    confirm({ title: "Cancel booking", danger: true, action: "Cancel booking", more: reason,
      text: h("p", null, "Cancel the booking of ", h("strong", { dir: "auto" }, booking.contact.name),
        ` on ${say(dateOf(booking.start_at), LONG)}, ${clockSpan(span())}? Its time becomes free, and this is final.`),
    }, () => write("post", "/cancel", { reason: orNull(reason.control.value) ?? undefined }, "Canceled"));
  }
  const span = () => ({ start: Date.parse(booking.start_at), end: Date.parse(booking.end_at) });

  function notes() {
    const locked = !may("admin");
    const text = field({ label: "Notes", rows: 3, maxlength: 2000, value: typed ?? booking.notes ?? "", dir: "auto",
      readonly: locked, oninput: (event) => {
        typed = event.target.value;
        save.hidden = typed === (booking.notes ?? "");
      } });
    const save = button("Save notes", { small: true, onclick: () =>
      write("patch", "", { notes: orNull(text.control.value) }, "Saved") });
    save.hidden = typed === null || typed === (booking.notes ?? "");
    if (locked) return booking.notes && facts([["Notes", h("span", { dir: "auto" }, booking.notes)]]);
    return h("div", { class: "cal-notes" }, text, save);
  }
  function outcome() {
    if (booking.status !== "confirmed" || span().start > Date.now()) return null;
    const names = { completed: "Completed", no_show: "No-show" };
    if (!may("admin")) return booking.outcome && facts([["Outcome", names[booking.outcome]]]);
    return h("div", { class: "row" }, h("span", { class: "strong" }, "Outcome"),
      segmented("Outcome", [["", "Open"], ["completed", "Completed"], ["no_show", "No-show"]],
        booking.outcome ?? "", (value) => write("patch", "", { outcome: value || null }, "Saved").catch((fault) => {
          toast(fault.message, "bad");
          draw();
        })));
  }
  function foot() {
    if (!may("admin") || booking.status === "canceled") return null;
    return h("div", { class: "dialog-foot" },
      button("Cancel booking", { icon: "ban", onclick: cancel }),
      button("Move", { icon: "calendar", onclick: () => moveForm(ctx, book, booking, change) }),
      booking.status === "pending" && button("Confirm booking", { kind: "primary", icon: "check",
        onclick: () => write("post", "/confirm", undefined, "Confirmed") }));
  }
  function draw() {
    fill(node,
      warning && h("div", { class: "notice warn", role: "alert", tabindex: -1 }, h("p", null, warning)),
      h("div", { class: "row spread" }, h("div", null,
        h("p", { class: "cal-time num", tabindex: -1, autofocus: true }, clockSpan(span())),
        h("p", { class: "muted" }, `${say(dateOf(booking.start_at), LONG)} · ${zoneAt(span().start)}`)),
      statusBadge(booking)),
      matters(booking, book), notes(), outcome(),
      h("div", { class: "cal-number" }, h("span", { class: "faint" }, "Confirmation number"),
        copyable(booking.confirmation_number, "the confirmation number")),
      options.ics && notice("good", h("p", null, "Booked. ", h("a", { href: new URL(options.ics).pathname,
        download: "booking.ics" }, "Calendar file (.ics)"), " for the customer.")),
      may("admin") && history(ctx, booking), foot());
  }
  draw();
  self = dialog(booking.contact.name, node, { closed: options.closed });
  self.node.querySelector("h2").dir = "auto";
  return self;
}
