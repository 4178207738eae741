// Services, hosts and teams: made and offered, changed, archived; and what a viewer may not.
import assert from "node:assert/strict";
import { eventually, seen, settled } from "./browser.mjs";
import { addDays, dateOf } from "../../plugins/dashboard/assets/days.js";

const C = "/api/calendar/v1";
const NAUGHTY = '<img src=x onerror=alert(1)> "\u202eבית" 🎄';

const get = async (server, path) => (await server.as("admin", "GET", C + path)).body;
const service = async (server, slug) => (await get(server, `/services/${slug}`)).service;
const offered = async (server) => (await server.byKey(server.key, `${C}/public/org/acme-salon`)).body.services
  .map((one) => one.slug);

async function freeSlot(server, slug) {
  const from = addDays(dateOf("UTC"), 7);
  const { slots } = await get(server, `/availability?service_slug=${slug}&from=${from}T00:00:00Z&to=${addDays(from, 7)}T00:00:00Z`);
  return slots[0];
}

async function book(server, slug) {
  const slot = await freeSlot(server, slug);
  const answer = await server.as("admin", "POST", `${C}/bookings`, { service_slug: slug, starts_at: slot.startsAt,
    ends_at: slot.endsAt, timezone: "America/New_York", host_id: slot.hostId,
    contact: { name: "Ada", email: "ada@example.com" } });
  assert.equal(answer.status, 201, JSON.stringify(answer.body));
  return { ...answer.body.booking, host_id: slot.hostId };
}

export default function tests(it) {
  it("a service is made, with all that it takes, and offered", async ({ server, browser }) => {
    const page = await browser.open("admin", "#/services");
    await page.getByRole("link", { name: "New service" }).click();
    await page.getByLabel("Name", { exact: true }).fill("Deep Massage");
    assert.equal(await page.getByLabel("Slug").inputValue(), "deep-massage");
    await page.getByLabel("Price").fill("80,5");
    await page.getByRole("button", { name: "Make service" }).click();
    await page.getByText("currency is required with a price").waitFor();
    page.expected.push(400);
    await page.getByLabel("Currency").fill("usd");
    await page.getByLabel("Duration").fill("45");
    await page.getByLabel("A start every").fill("15");
    await page.getByLabel("Buffer after").fill("10");
    await page.getByLabel("Needs approval").check();
    await page.getByLabel("Notice", { exact: true }).fill("120");
    await page.getByLabel("Cancellation notice").fill("48");
    await page.getByLabel("Bookings a day: Of one host").fill("4");
    await page.getByLabel("Add to its hosts").selectOption({ label: "Ben Okafor" });
    await page.getByLabel("Add to its hosts").selectOption({ label: "Ada Moreno" });
    await page.getByRole("button", { name: "Move Ada Moreno up" }).click();
    await page.getByLabel("Place", { exact: true }).selectOption("onsite");
    await page.getByLabel("Details").fill("Room 3");
    await page.getByLabel("For your programs").fill('{"colour": "green", "shelf": 4}');
    await page.getByRole("button", { name: "Make service" }).click();
    await page.getByRole("heading", { name: "Deep Massage", level: 1 }).waitFor();
    const made = await service(server, "deep-massage");
    const { hosts } = await get(server, "/hosts");
    const named = made.host_ids.map((id) => hosts.find((one) => one.id === id).displayName);
    assert.deepEqual([made.price, made.currency, made.duration, made.approval, made.minimum_notice_minutes,
      made.limits.per_host.per_day, named, made.metadata], [80.5, "USD", 45, "required", 120, 4,
      ["Ada Moreno", "Ben Okafor"], { colour: "green", shelf: 4 }]);
    const own = made.calendarSettings;
    assert.deepEqual([own.slot_interval_minutes, own.buffer_after, own.location, own.cancellation_policy.noticeHours],
      [15, 10, { type: "onsite", value: "Room 3" }, 48]);
    assert.ok((await offered(server)).includes("deep-massage"));
    assert.ok(await freeSlot(server, "deep-massage"), "it has times");
  });

  it("a service changes in what was changed, and nothing else", async ({ server, browser }) => {
    const before = await service(server, "deep-massage");
    const page = await browser.open("admin", `#/services/${before.id}`);
    await settled(page);
    await server.as("admin", "PATCH", `${C}/services/${before.id}`, { category: "meanwhile" });
    await page.getByLabel("Buffer before").fill("5");
    await page.getByLabel("Bookings a day: Of one host").fill("");
    await page.getByLabel("For your programs").fill('{"shelf": 4}');
    await page.getByRole("button", { name: "Save service" }).click();
    await eventually(async () => (await service(server, "deep-massage")).calendarSettings.buffer_before === 5);
    const after = await service(server, "deep-massage");
    const still = { updated_at: 0, version: 0 };
    assert.deepEqual({ ...after, ...still }, { ...before, ...still, category: "meanwhile", limits: null,
      metadata: { shelf: 4 }, calendarSettings: { ...before.calendarSettings, buffer_before: 5 } });
  });

  it("a service is archived: not offered any more, its bookings stay, and restored", async ({ server, browser }) => {
    const booking = await book(server, "deep-massage");
    const page = await browser.open("admin", "#/services");
    await page.getByRole("link", { name: "Deep Massage" }).click();
    await page.getByRole("button", { name: "Archive" }).click();
    await page.getByText("Bookings that were made stay").waitFor();
    await page.getByRole("button", { name: "Archive service" }).click();
    await page.getByRole("rowheader", { name: "Consultation" }).waitFor();
    assert.equal(await page.getByText("Deep Massage").count(), 0);
    assert.ok(!(await offered(server)).includes("deep-massage"));
    assert.equal((await get(server, `/bookings/${booking.id}`)).booking.status, "pending");
    await page.getByRole("radio", { name: "Archived" }).check();
    await page.getByRole("link", { name: "Deep Massage" }).click();
    await page.getByText("It is archived").waitFor();
    assert.ok(await page.getByLabel("Duration").isDisabled());
    await page.getByRole("button", { name: "Restore" }).click();
    await page.getByRole("button", { name: "Archive" }).waitFor();
    assert.ok((await offered(server)).includes("deep-massage"));
  });

  it("a host and a team are made, and a service is theirs", async ({ server, browser }) => {
    const page = await browser.open("admin", "#/hosts");
    await page.getByRole("button", { name: "New host" }).click();
    await page.getByLabel("Name", { exact: true }).fill("Dora Quist");
    await page.getByLabel("Email").fill("dora@example.com");
    await page.getByRole("button", { name: "Make host" }).click();
    await page.getByRole("link", { name: "Dora Quist" }).waitFor();
    await page.getByRole("button", { name: "New team" }).click();
    await page.getByLabel("Name", { exact: true }).fill("Night shift");
    await page.getByRole("button", { name: "Make team" }).click();
    await page.getByText("Add at least one host").waitFor();
    await page.getByLabel("Add to members").selectOption({ label: "Dora Quist" });
    await page.getByLabel("Role of Dora Quist").fill("lead");
    await page.getByLabel("Weight of Dora Quist").fill("3");
    await page.getByLabel("Add to members").selectOption({ label: "Ben Okafor" });
    await page.getByLabel("Priority of Ben Okafor").fill("2");
    await page.getByRole("button", { name: "Make team" }).click();
    await page.getByText("lead · priority 1 · weight 3").waitFor();
    const team = (await get(server, "/teams")).teams.find((one) => one.name === "Night shift");
    assert.deepEqual(team.members.map(({ host_id, ...rest }) => rest), [{ role: "lead", weight: 3, priority: 1 },
      { role: "member", weight: 1, priority: 2 }]);
    const own = await service(server, "deep-massage");
    await page.goto(`${server.base}/#/services/${own.id}`);
    await page.getByLabel("Given by").selectOption("team");
    await page.getByLabel("Team", { exact: true }).selectOption({ label: "Night shift" });
    await page.getByRole("button", { name: "Save service" }).click();
    await eventually(async () => (await service(server, "deep-massage")).team_id === team.id);
    const slot = await freeSlot(server, "deep-massage");
    assert.deepEqual([slot.team.name, slot.host.displayName], ["Night shift", "Dora Quist"]);
  });

  it("a host with bookings ahead stays, and it is said how many", async ({ server, browser }) => {
    const booking = await book(server, "consultation");
    const { host } = await get(server, `/hosts/${booking.host_id}`);
    const page = await browser.open("admin", "#/hosts");
    await page.getByRole("button", { name: `Actions for ${host.displayName}` }).click();
    await page.getByRole("menuitem", { name: "Remove" }).click();
    await page.getByRole("button", { name: "Remove host" }).click();
    await page.getByText("This host has 1 booking that is not over").waitFor();
    page.expected.push(422);
    await page.getByRole("button", { name: "Cancel" }).click();
    await page.getByRole("button", { name: `Actions for ${host.displayName}` }).click();
    await page.getByRole("menuitem", { name: "Edit" }).click();
    await page.getByLabel("State").selectOption("inactive");
    await page.getByRole("button", { name: "Save host" }).click();
    await page.locator(".badge").getByText("inactive").waitFor();
    await server.as("admin", "PATCH", `${C}/hosts/${host.id}`, { status: "active" });
    await page.goto(`${server.base}/#/hosts`);
    const teams = (await get(server, "/teams")).teams;
    await page.getByRole("button", { name: "Actions for Night shift" }).click();
    await page.getByRole("menuitem", { name: "Remove" }).click();
    await page.getByRole("button", { name: "Remove team" }).click();
    await page.getByText("This team gives service Deep Massage").waitFor();
    page.expected.push(422);
    assert.equal((await get(server, "/teams")).teams.length, teams.length);
  });

  it("time off takes a host's times away, names what falls into it, and goes", async ({ server, browser }) => {
    const booking = await book(server, "consultation");
    const day = dateOf("America/New_York", booking.start_at);
    const page = await browser.open("admin", `#/hosts/${booking.host_id}`);
    await page.getByRole("button", { name: "Add time off" }).click();
    await page.getByLabel("From", { exact: true }).fill(day);
    await page.getByLabel("Until", { exact: true }).fill(addDays(day, 1));
    await page.getByLabel("Note").fill(NAUGHTY);
    await page.getByRole("button", { name: "Save time off" }).click();
    await page.getByText(/bookings? falls? into it/).waitFor();
    await page.getByRole("button", { name: "Understood" }).click();
    await page.getByRole("cell", { name: NAUGHTY }).waitFor();
    const query = `/availability?service_slug=consultation&host_id=${booking.host_id}&from=${day}T05:00:00Z`
      + `&to=${addDays(day, 1)}T05:00:00Z`;
    assert.deepEqual((await get(server, query)).slots, []);
    await page.getByRole("button", { name: /^Remove .*2/ }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Remove", exact: true }).click();
    await page.getByText("None ahead").waitFor();
    assert.ok((await get(server, query)).slots.length > 0);
  });

  it("odd names are text, however long", async ({ server, browser }) => {
    const long = "ö".repeat(199) + "!";
    for (const [name, slug] of [[NAUGHTY, "odd"], [long, "long"]]) {
      const made = await server.as("admin", "POST", `${C}/services`, { name, slug, duration: 30, description: NAUGHTY,
        category: "<i>c</i>", calendarSettings: { timezone: "UTC", location: { type: "custom", value: NAUGHTY } } });
      assert.equal(made.status, 201, JSON.stringify(made.body));
      assert.equal((await server.as("admin", "POST", `${C}/hosts`, { displayName: name, timezone: "UTC" })).status, 201);
    }
    const page = await browser.open("admin", "#/services", "narrow");
    for (const [path, heading] of [["services", NAUGHTY], ["services", long], ["hosts", NAUGHTY], ["hosts", long]]) {
      await page.goto(`${server.base}/#/${path}`);
      await page.getByRole("link", { name: heading }).click();
      await page.getByRole("heading", { name: heading, level: 1 }).waitFor();
      await settled(page);
      assert.equal(await page.locator("main img, main i").count(), 0);
      assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth), `${path} is too wide`);
    }
    await page.goto(`${server.base}/#/hours`);
    await page.getByLabel("Service", { exact: true }).selectOption({ label: NAUGHTY });
  });

  it("viewers look, and change nothing", async ({ server, browser }) => {
    const page = await browser.open("viewer", "#/services");
    await page.getByText("Your role is viewer").waitFor();
    assert.equal(await page.getByRole("link", { name: "New service" }).count(), 0);
    await page.getByRole("link", { name: "Consultation" }).click();
    await page.getByRole("heading", { name: "Consultation", level: 1 }).waitFor();
    assert.ok(await page.getByLabel("Duration").isDisabled());
    assert.ok(await page.getByRole("button", { name: "Save service" }).isDisabled());
    assert.equal(await page.getByRole("button", { name: "Archive" }).count(), 0);
    await page.goto(`${server.base}/#/hosts`);
    await page.getByRole("button", { name: "Actions for Ada Moreno" }).click();
    assert.deepEqual(await page.getByRole("menuitem").allInnerTexts().then((all) => all.filter(Boolean).sort()),
      ["Hours", "Time off"]);
    assert.equal((await server.as("viewer", "DELETE", `${C}/services/consultation`)).status, 403);
  });

  it("look well", async (world) => {
    const own = await service(world.server, "deep-massage");
    const ada = (await get(world.server, "/hosts")).hosts.find((one) => one.displayName === "Ada Moreno");
    await seen(world, "services", "admin", "#/services");
    await seen(world, "service", "admin", `#/services/${own.id}`);
    await seen(world, "hosts", "admin", "#/hosts");
    await seen(world, "host", "admin", `#/hosts/${ada.id}`);
    await seen(world, "team", "admin", "#/hosts", async (page) => {
      await page.getByRole("button", { name: "Actions for Studio" }).click();
      await page.getByRole("menuitem", { name: "Edit" }).click();
    });
  });
}
