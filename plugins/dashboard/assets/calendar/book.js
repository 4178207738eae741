// The bookings that the calendar shows, the catalogue they speak of, and what is new.
import { all } from "../api.js";

const LONGEST = 2 * 86400e3; // no service lasts longer, so what began earlier is over
const iso = (at) => new Date(at).toISOString();

function byId(list, name = "id") {
  return new Map(list.map((one) => [one[name], one]));
}

export async function openBook(ctx) {
  const [hosts, services, teams] = await Promise.all(["hosts", "services", "teams"].map((name) =>
    all(ctx.calendar.get, `/${name}`, name)));
  const book = {
    hosts: byId(hosts.list.sort((a, b) => a.displayName.localeCompare(b.displayName))), services: byId(services.list.sort((a, b) => a.name.localeCompare(b.name)), "slug"), teams: byId(teams.list),
    shown: new Map(), pending: new Map(), from: 0, to: 0, since: 0, cut: false,
  };
  return { ...methods(ctx, book), book };
}

function methods(ctx, book) {
  // Where a booking belongs; true if that is news.
  function put(booking) {
    const start = Date.parse(booking.start_at), end = Date.parse(booking.end_at);
    const old = book.shown.get(booking.id) ?? book.pending.get(booking.id);
    book.since = Math.max(book.since, Date.parse(booking.updated_at));
    if (old && old.version > booking.version) return false;
    if (start < book.to && end > book.from) book.shown.set(booking.id, booking);
    else book.shown.delete(booking.id);
    if (booking.status === "pending" && end > Date.now()) book.pending.set(booking.id, booking);
    else book.pending.delete(booking.id);
    return old?.version !== booking.version;
  }

  let loads = 0;
  async function load(from, to, quiet) {
    const mine = ++loads;
    const read = (path, query) => (mine === loads ? ctx.calendar.get(path, query, { quiet }) : { bookings: [] });
    const [range, waiting] = await Promise.all([
      all(read, "/bookings", "bookings", { from: iso(from - LONGEST), to: iso(to) }, 3000),
      all(read, "/bookings", "bookings", { from: iso(Date.now() - LONGEST), status: "pending" }, 500)]);
    if (mine !== loads) return; // somebody looks elsewhere by now
    Object.assign(book, { from, to, cut: range.more, shown: new Map(), pending: new Map() });
    for (const one of [...range.list, ...waiting.list]) put(one);
  }

  // What changed since, wherever it lies: of the last day at most.
  async function news() {
    const since = Math.max(book.since, Date.now() - 86400e3);
    const read = (path, query) => ctx.calendar.get(path, query, { quiet: true });
    const { list, more } = await all(read, "/bookings", "bookings", { updated_since: iso(since) }, 500);
    const changed = list.map(put).some(Boolean);
    if (more) await load(book.from, book.to, true);
    return changed || more;
  }

  return { put, load, news, read: async (id) => {
    const { booking } = await ctx.calendar.get(`/bookings/${id}`);
    put(booking);
    return booking;
  } };
}

// Who gives a booking: a host, or for a collective one all of a team.
export function hostsOf(one, book) {
  if (one.host) return [one.host];
  return book.teams.get(one.team)?.members.map((member) => member.host_id) ?? [];
}

export function hostName(booking, book) {
  if (booking.host_id) return book.hosts.get(booking.host_id)?.displayName ?? "A former host";
  return book.teams.get(booking.team_id)?.name ?? "Nobody";
}

export function money(price, currency) {
  if (price === null || price === undefined) return null;
  if (price === 0) return "Free";
  if (!currency) return String(price);
  return new Intl.NumberFormat("en", { style: "currency", currency }).format(price);
}
