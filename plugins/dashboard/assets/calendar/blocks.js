// What stands on the calendar: a block for each booking, one for all of a session; and who
// has to make room for whom.

// One block for those who come to the same session of a service for several.
export function blocks(bookings, services) {
  const list = [], sessions = new Map();
  for (const booking of bookings) {
    const service = services.get(booking.service_slug);
    const capacity = service?.calendarSettings.max_parallel_bookings ?? 1;
    const one = { start: Date.parse(booking.start_at), end: Date.parse(booking.end_at), host: booking.host_id,
      team: booking.team_id, service: booking.service_slug, title: booking.service_name, capacity,
      bookings: [booking], key: booking.id };
    if (capacity === 1 || booking.status === "canceled") {
      list.push(one);
      continue;
    }
    one.session = true;
    one.key = [one.service, one.start, one.end, one.host ?? one.team].join(" ");
    const known = sessions.get(one.key);
    if (known) known.bookings.push(booking);
    else list.push(one);
    if (!known) sessions.set(one.key, one);
  }
  return list.sort((a, b) => a.start - b.start || b.end - a.end || (a.key < b.key ? -1 : 1));
}

export function people(block) {
  return block.bookings.reduce((sum, one) => sum + one.party_size, 0);
}

// The state that the whole block shows.
export function state(block) {
  const all = new Set(block.bookings.map((one) => one.status));
  if (all.has("pending")) return "pending";
  return all.has("confirmed") ? "confirmed" : "canceled";
}

// Gives each of `list` ({ from, to } in rows, in order) its lane and the number of lanes that
// its neighbours need, so that none covers another.
export function lanes(list) {
  let cluster = [], ends = [], until = -1;
  const close = () => {
    for (const one of cluster) one.lanes = ends.length;
    cluster = [];
    ends = [];
  };
  for (const one of list) {
    if (one.from >= until) close();
    const free = ends.findIndex((end) => end <= one.from);
    one.lane = free < 0 ? ends.length : free;
    ends[one.lane] = one.to;
    cluster.push(one);
    until = Math.max(cluster.length === 1 ? one.to : until, one.to);
  }
  close();
  return list;
}
