// The calendar: what is booked is seen, made, moved, canceled and confirmed; by two desks at
// once, and only looked at by viewers.
import assert from "node:assert/strict";
import { accessible, seen, settled } from "./browser.mjs";

const C = "/api/calendar/v1";
const ZONE = "America/New_York";

// A working day some weeks ahead, so that no hour of the run matters: "2026-12-15".
function workday(ahead = 14) {
  const day = new Date(Date.now() + ahead * 86400e3);
  while (day.getUTCDay() !== 2) day.setUTCDate(day.getUTCDate() + 1); // a Tuesday
  return day.toISOString().slice(0, 10);
}
const DAY = workday();
const later = (date, n) => new Date(Date.parse(date) + n * 86400e3).toISOString().slice(0, 10);
const clock = (at) => new Intl.DateTimeFormat("en-GB", { timeZone: ZONE, hour: "2-digit", minute: "2-digit",
  hourCycle: "h23" }).format(new Date(at));

async function slots(server, service, date = DAY, host) {
  const answer = await server.as("admin", "GET", `${C}/availability?service_slug=${service}`
    + `&from=${date}T05:00:00Z&to=${later(date, 1)}T05:00:00Z${host ? `&host_id=${host}` : ""}`);
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  return answer.body.slots;
}

async function booked(server, slot, name, more = {}) {
  const { service = "consultation", ...rest } = more;
  const answer = await server.as("admin", "POST", `${C}/bookings`, { service_slug: service,
    starts_at: slot.startsAt, ends_at: slot.endsAt, host_id: slot.hostId ?? undefined, timezone: ZONE,
    contact: { name, email: "someone@example.com" }, ...rest });
  assert.equal(answer.status, 201, JSON.stringify(answer.body));
  return answer.body.booking;
}
const now = async (server, id) => (await server.as("admin", "GET", `${C}/bookings/${id}`)).body.booking;
const calendar = (date = DAY, more = "view=day&as=grid") => `#/calendar?date=${date}&${more}`;
const block = (page, name) => page.locator(".cal-block").filter({ hasText: name });

export default function tests(it) {
  it("looks well", async (world) => {
    const { server } = world;
    const free = await slots(server, "consultation");
    const hosts = [...new Set(free.map((one) => one.hostId))];
    for (const [i, name] of ["Grace Hopper", "Edsger Dijkstra", "Barbara Liskov", "Alan Kay", "Ada Lovelace",
      "Donald Knuth"].entries()) {
      const own = (await slots(server, "consultation", later(DAY, i % 3))).filter((one) => one.hostId === hosts[i % 3]);
      await booked(server, own[2 + i * 2], name, { notes: "Prefers tea." });
    }
    await seen(world, "calendar-week", "admin", calendar(DAY, "view=week&as=grid"));
    await seen(world, "calendar-day", "admin", calendar(DAY));
    await seen(world, "calendar-list", "admin", calendar(DAY, "view=day&as=list"));
    await seen(world, "calendar-new", "admin", calendar(DAY), async (page) => {
      await page.getByRole("button", { name: "New booking" }).click();
      await page.locator(".free-time").first().click();
      await page.waitForTimeout(600);
      await settled(page);
    });
    await seen(world, "calendar-booking", "admin", calendar(DAY, "view=day&as=list"), async (page) => {
      await block(page, "Grace Hopper").click();
      await page.getByText("Confirmation number").waitFor();
    });
  });
}
