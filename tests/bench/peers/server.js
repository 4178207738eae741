// The question of GET /availability, answered as a young company would write it: Fastify,
// better-sqlite3, Luxon, a table of bookings with an index, a loop over hosts, days and
// slots. It reads the same database file. argv: file, port, API key, organization.
"use strict";
const { createHash } = require("crypto");
const Database = require("better-sqlite3");
const fastify = require("fastify")({ logger: false });
const { DateTime } = require("luxon");

const [file, port, apiKey, organizationId] = process.argv.slice(2);
const db = new Database(file, { readonly: true });
const hash = (text) => createHash("sha256").update(text).digest("hex");
const keys = new Map([[hash(apiKey), organizationId]]);
const counts = new Map(); // requests by key and minute

const serviceBySlug = db.prepare(
  "SELECT * FROM service WHERE organization_id = ? AND slug = ? AND status = 'active'");
const hostsOf = db.prepare(`SELECT h.id, h.display_name FROM service_host s
  JOIN host h ON h.id = s.host_id WHERE s.service_id = ? AND h.status = 'active' ORDER BY h.id`);
const scheduleOf = db.prepare("SELECT timezone, weekly FROM schedule WHERE owner_id = ?");
const bookingsOf = db.prepare(`SELECT start_at, end_at FROM booking WHERE host_id = ?
  AND start_at > ? AND start_at < ? AND status <> 'canceled' ORDER BY start_at`);

const WEEKDAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

function readSchedule(ownerId) {
  const row = scheduleOf.get(ownerId);
  return row && { zone: row.timezone, weekly: JSON.parse(row.weekly) };
}

// The hours of a day that both schedules have, as [start, end] in milliseconds.
function windowsOn(day, organization, host) {
  const weekday = WEEKDAYS[day.weekday - 1];
  const at = (text) => {
    const [hour, minute] = text.split(":").map(Number);
    return day.set({ hour, minute }).toMillis();
  };
  const windows = [];
  for (const [a, b] of organization.weekly[weekday] || []) {
    for (const [c, d] of host.weekly[weekday] || []) {
      const start = Math.max(at(a), at(c));
      const end = Math.min(at(b), at(d));
      if (start < end) windows.push([start, end]);
    }
  }
  return windows;
}

function slotsOfHost(service, organization, host, from, to) {
  const schedule = readSchedule(host.id);
  const length = service.duration_minutes * 60000;
  const step = service.slot_interval_minutes * 60000;
  const bookings = bookingsOf.all(host.id, from / 1000 - 172800, to / 1000 + 86400)
    .map((b) => [b.start_at * 1000, b.end_at * 1000]);
  const found = [];
  let next = 0; // the first booking that may still be in the way
  let day = DateTime.fromMillis(from, { zone: schedule.zone }).startOf("day");
  for (; day.toMillis() < to; day = day.plus({ days: 1 })) {
    for (const [open, close] of windowsOn(day, organization, schedule)) {
      for (let start = open; start + length <= close; start += step) {
        if (start < from || start >= to) continue;
        while (next < bookings.length && bookings[next][1] <= start) next++;
        if (next < bookings.length && bookings[next][0] < start + length) continue;
        found.push({ start, host });
      }
    }
  }
  return found;
}

const iso = (ms) =>
  DateTime.fromMillis(ms, { zone: "utc" }).toISO({ suppressMilliseconds: true });

function availability(query) {
  const service = serviceBySlug.get(organizationId, query.service_slug);
  if (!service) return null;
  const organization = readSchedule(organizationId);
  const from = Math.max(DateTime.fromISO(query.from).toMillis(), Date.now());
  const to = DateTime.fromISO(query.to).toMillis();
  const slots = hostsOf.all(service.id)
    .flatMap((host) => slotsOfHost(service, organization, host, from, to))
    .sort((x, y) => x.start - y.start || (x.host.id < y.host.id ? -1 : 1));
  return slots.map(({ start, host }) => ({
    startsAt: iso(start),
    endsAt: iso(start + service.duration_minutes * 60000),
    capacity: 1,
    availableCapacity: 1,
    serviceId: service.key,
    hostId: host.id,
    teamId: null,
    timezone: query.timezone || service.timezone,
    host: { id: host.id, displayName: host.display_name },
    team: null,
  }));
}

fastify.addHook("onRequest", async (request, reply) => {
  const key = hash(request.headers["x-kordless-key"] || "");
  if (!keys.has(key)) return reply.code(401).send({ detail: "unknown key", status: 401 });
  const window = key + Math.floor(Date.now() / 60000);
  const used = (counts.get(window) || 0) + 1;
  counts.set(window, used);
  reply.header("X-RateLimit-Remaining", 1000000 - used);
});

fastify.get("/api/calendar/v1/public/availability", {
  schema: { querystring: { type: "object", required: ["service_slug", "from", "to"],
    properties: { service_slug: { type: "string" }, from: { type: "string" },
      to: { type: "string" }, timezone: { type: "string" } } } },
}, async (request, reply) => {
  const slots = availability(request.query);
  return slots ? { slots } : reply.code(404).send({ detail: "no such service", status: 404 });
});

fastify.listen({ host: "127.0.0.1", port: Number(port) }).then((at) => console.log("listening on " + at));
