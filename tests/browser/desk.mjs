// A working day of the demo, its free times, and bookings on it; for tests of the calendar.
import assert from "node:assert/strict";

export const C = "/api/calendar/v1";
export const ZONE = "America/New_York";

// A working day some weeks ahead, so that no hour of the run matters: "2026-12-15".
function workday(ahead = 14) {
  const day = new Date(Date.now() + ahead * 86400e3);
  while (day.getUTCDay() !== 2) day.setUTCDate(day.getUTCDate() + 1); // a Tuesday
  return day.toISOString().slice(0, 10);
}
export const DAY = workday();
export const later = (date, n) => new Date(Date.parse(date) + n * 86400e3).toISOString().slice(0, 10);
export const clock = (at) => new Intl.DateTimeFormat("en-GB", { timeZone: ZONE, hour: "2-digit", minute: "2-digit",
  hourCycle: "h23" }).format(new Date(at));

export async function slots(server, service, date = DAY, host) {
  const answer = await server.as("admin", "GET", `${C}/availability?service_slug=${service}`
    + `&from=${date}T05:00:00Z&to=${later(date, 1)}T05:00:00Z${host ? `&host_id=${host}` : ""}`);
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  return answer.body.slots;
}

export async function booked(server, slot, name, more = {}) {
  const { service = "consultation", ...rest } = more;
  const answer = await server.as("admin", "POST", `${C}/bookings`, { service_slug: service,
    starts_at: slot.startsAt, ends_at: slot.endsAt, host_id: slot.hostId ?? undefined, timezone: ZONE,
    contact: { name, email: "someone@example.com" }, ...rest });
  assert.equal(answer.status, 201, JSON.stringify(answer.body));
  return answer.body.booking;
}
export const now = async (server, id) => (await server.as("admin", "GET", `${C}/bookings/${id}`)).body.booking;
export const calendar = (date = DAY, more = "view=day&as=grid") => `#/calendar?date=${date}&${more}`;
export const block = (page, name) => page.locator(".cal-block").filter({ hasText: name });

// "Tue 15 Dec", or with a comma: not all releases of Intl agree.
export const said = (date) => new Intl.DateTimeFormat("en-GB", { timeZone: "UTC", weekday: "short", day: "numeric",
  month: "short" }).format(new Date(date)).replace(/,? /, ",? ");

// One of the free times a form offers.
export async function pick(scope, time) {
  await scope.locator(".free-time").filter({ hasText: time }).first().click();
}
