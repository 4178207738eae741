// Hours: edited in the week, by date and by closures; and the times that come of them, with why.
import assert from "node:assert/strict";
import { seen, settled } from "./browser.mjs";
import { addDays, dateOf, instantOf, readClock } from "../../plugins/dashboard/assets/days.js";

const C = "/api/calendar/v1", ZONE = "America/New_York";

// A Tuesday, two to three weeks ahead.
function tuesday() {
  let date = addDays(dateOf(ZONE), 14);
  while (new Date(`${date}T00:00:00Z`).getUTCDay() !== 2) date = addDays(date, 1);
  return date;
}

// Chooses the day, and waits for its times.
async function look(page, date = tuesday()) {
  await settled(page);
  await page.getByLabel("Day", { exact: true }).fill(date);
  await settled(page);
}

const slots = (page) => page.locator(".slot.free").allInnerTexts();
const schedule = async (server, owner) => (await server.as("admin", "GET", `${C}/schedules/${owner}`)).body.schedule;

async function hostNamed(server, name) {
  const { hosts } = (await server.as("admin", "GET", `${C}/hosts`)).body;
  return hosts.find((one) => one.displayName === name);
}

async function save(page) {
  await page.getByRole("button", { name: "Save hours" }).click();
  await settled(page);
}

export default function tests(it) {
  it("read times as people write them, and days as the zone has them", () => {
    const read = { 9: "09:00", "930": "09:30", "9:05": "09:05", "24": "24:00", "24:00": "24:00", "25": null,
      "24:01": null, "12:60": null, "": null, "9am": null };
    for (const [text, clock] of Object.entries(read)) assert.equal(readClock(text), clock, text);
    const instants = [["America/New_York", "2026-12-01", "09:00", "2026-12-01T14:00:00Z"],
      ["America/New_York", "2027-03-14", "02:30", "2027-03-14T07:30:00Z"], // left out: an hour later
      ["America/New_York", "2027-11-07", "01:30", "2027-11-07T05:30:00Z"], // twice: the first
      ["Pacific/Kiritimati", "2026-12-01", "00:00", "2026-11-30T10:00:00Z"],
      ["Asia/Kathmandu", "2026-12-01", "24:00", "2026-12-01T18:15:00Z"]];
    for (const [zone, date, clock, at] of instants) assert.equal(instantOf(zone, date, clock), at, `${zone} ${date}`);
    assert.equal(dateOf("Pacific/Kiritimati", "2026-11-30T10:00:00Z"), "2026-12-01");
  });

  it("are edited, and the slots change", async ({ server, browser }) => {
    const page = await browser.open("admin", "#/hours");
    await look(page);
    assert.deepEqual([(await slots(page))[0], (await slots(page)).at(-1)], ["09:00", "19:30"]);
    const day = page.getByRole("group", { name: "Tuesday" });
    await day.getByLabel("Tuesday, from (1)").fill("10");
    await day.getByLabel("Tuesday, to (1)").fill("12");
    await day.getByRole("button", { name: "Add hours to Tuesday" }).click();
    await day.getByLabel("Tuesday, to (2)").fill("1430");
    await page.getByText("Not saved yet").waitFor();
    await save(page);
    assert.deepEqual(await slots(page), ["10:00", "10:30", "11:00", "11:30", "13:00", "13:30", "14:00"]);
    assert.deepEqual((await schedule(server, `organization/${server.org}`)).weekly.tue,
      [["10:00", "12:00"], ["13:00", "14:30"]]);
  });

  it("are copied to other days, and told when they are none", async ({ server, browser }) => {
    const page = await browser.open("admin", "#/hours");
    await settled(page);
    await page.getByRole("button", { name: "Copy Tuesday to other days" }).click();
    await page.getByRole("checkbox", { name: "Sunday" }).check();
    await page.getByRole("button", { name: "Copy", exact: true }).click();
    await page.getByRole("button", { name: /Remove Saturday/ }).click();
    await page.getByLabel("Monday, from (1)").fill("27:00");
    await page.getByRole("button", { name: "Save hours" }).click();
    await page.getByRole("alert").getByText("“27:00” is no time").waitFor();
    await page.getByLabel("Monday, from (1)").fill("12:30");
    await page.getByLabel("Monday, to (1)").fill("13:30");
    await page.getByRole("button", { name: "Save hours" }).click();
    await page.getByRole("alert").getByText("weekly.mon[2] overlaps weekly.mon[1]").waitFor();
    page.expected.push(400);
    await page.getByLabel("Monday, from (1)").fill("08:00");
    await page.getByLabel("Monday, to (1)").fill("10:00");
    await save(page);
    const { weekly } = await schedule(server, `organization/${server.org}`);
    assert.deepEqual([weekly.mon[0], weekly.sat, weekly.sun], [["08:00", "10:00"], [], weekly.tue]);
  });

  it("run past midnight and to 24:00", async ({ server, browser }) => {
    const ada = await hostNamed(server, "Ada Moreno");
    const page = await browser.open("admin", `#/hours?of=host:${ada.id}`);
    await settled(page);
    const day = page.getByRole("group", { name: "Friday" });
    await day.getByLabel("Friday, to (1)").fill("24:00");
    await day.getByLabel("Friday, from (1)").fill("18:00");
    await day.getByRole("button", { name: "Remove Friday 13:00–17:00" }).click();
    await page.getByRole("group", { name: "Saturday" }).getByRole("button", { name: "Add hours to Saturday" }).click();
    await page.getByLabel("Saturday, from (1)").fill("22");
    await page.getByLabel("Saturday, to (1)").fill("2");
    await page.getByRole("group", { name: "Saturday" }).getByText("next day").waitFor();
    await save(page);
    const { weekly } = await schedule(server, `host/${ada.id}`);
    assert.deepEqual([weekly.fri, weekly.sat], [[["18:00", "24:00"]], [["22:00", "02:00"]]]);
  });

  it("say why a time is not offered", async ({ browser }) => {
    const page = await browser.open("admin", "#/hours");
    await look(page);
    await page.locator(".slot.free").first().click();
    const why = page.getByRole("region", { name: "Why" });
    await why.getByText("can be booked", { exact: true }).waitFor();
    await page.getByLabel("Any other time").fill("12:30");
    await page.getByRole("button", { name: "Why?" }).click();
    await why.getByText("cannot be booked").waitFor();
    await why.getByText("Ada Moreno").click();
    await why.getByText("10:00–12:00, 13:00–14:30 (America/New_York)").first().waitFor();
    await page.getByLabel("Any other time").fill("soon");
    await page.getByRole("button", { name: "Why?" }).click();
    await page.getByText("Write the time as 09:10.").waitFor();
  });

  it("differ on a date, and end with closures", async ({ server, browser }) => {
    const date = tuesday();
    const page = await browser.open("admin", "#/hours");
    await page.getByRole("button", { name: "Add a date" }).click();
    await page.getByLabel("Date", { exact: true }).fill(date);
    await page.getByLabel("The day, from (1)").fill("9");
    await page.getByLabel("The day, to (1)").fill("10");
    await page.getByRole("button", { name: "Save date" }).click();
    await page.getByRole("cell", { name: "09:00–10:00" }).waitFor();
    await look(page, date);
    assert.deepEqual(await slots(page), ["09:00", "09:30"]);
    await page.getByRole("button", { name: "Close days" }).click();
    await page.getByLabel("First day").fill(date);
    await page.getByLabel("Reason").fill("<b>Stocktaking</b> \u202eبيت 🎄");
    await page.getByRole("button", { name: "Close", exact: true }).last().click();
    await page.getByRole("cell", { name: "<b>Stocktaking</b> \u202eبيت 🎄" }).waitFor();
    await page.getByText("0 of 2 times can be booked").waitFor();
    await page.locator(".slot").first().click();
    await page.locator(".explained summary").filter({ hasText: "The organization is closed: <b>Stocktaking</b>" })
      .first().waitFor(); // of a host who is there: which of them comes first is chance
    await page.getByRole("button", { name: /^Open .* again$/ }).click();
    await page.getByRole("button", { name: "Open again" }).click();
    await page.getByText("No closed days ahead").waitFor();
    await page.getByText("2 of 2 times can be booked").waitFor();
    const own = await schedule(server, `organization/${server.org}`);
    assert.deepEqual(own.overrides.find((one) => one.date === date).hours, [["09:00", "10:00"]]);
    assert.equal(own.weekly.tue.length, 2, "the week is as it was");
  });

  it("are set and removed where there are none", async ({ server, browser }) => {
    const services = (await server.as("admin", "GET", `${C}/services`)).body.services;
    const own = services.find((one) => one.slug === "consultation");
    const page = await browser.open("admin", "#/hours");
    await page.getByLabel("Whose hours").selectOption({ label: "Consultation" });
    await page.getByRole("button", { name: "Set hours" }).click();
    await page.getByRole("group", { name: "Monday" }).getByLabel("Monday, to (2)").waitFor();
    assert.deepEqual((await schedule(server, `service/${own.id}`)).weekly.sun, []);
    await page.getByRole("button", { name: "Remove hours" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Remove hours" }).click();
    await page.getByText("No hours of its own").waitFor();
    page.expected.push(404, 404);
  });

  it("are left unsaved only when asked", async ({ server, browser }) => {
    const page = await browser.open("admin", "#/hours");
    await settled(page);
    await page.getByRole("button", { name: /Remove Monday/ }).first().click();
    await page.getByLabel("Whose hours").selectOption({ label: "Ben Okafor" });
    await page.getByRole("dialog").getByRole("button", { name: "Cancel" }).click();
    assert.match(await page.getByLabel("Whose hours").inputValue(), /^organization:/);
    await page.getByText("Not saved yet").waitFor();
    await page.getByLabel("Whose hours").selectOption({ label: "Ben Okafor" });
    await page.getByRole("dialog").getByRole("button", { name: "Leave" }).click();
    await page.getByText("This host is booked only").waitFor();
    assert.equal((await schedule(server, `organization/${server.org}`)).weekly.mon.length, 2);
  });

  it("are only looked at by viewers", async ({ browser }) => {
    const page = await browser.open("viewer", "#/hours");
    await page.getByText("Your role is viewer").waitFor();
    await settled(page);
    assert.ok(await page.getByRole("button", { name: "Save hours" }).isDisabled());
    assert.ok(await page.getByLabel("Monday, from (1)").isDisabled());
    for (const name of [/Add hours/, "Remove hours", "Close days", "Add a date"]) {
      assert.equal(await page.getByRole("button", { name }).count(), 0, String(name));
    }
  });

  it("look well", async (world) => {
    await seen(world, "hours", "admin", "#/hours", async (page) => {
      await look(page, addDays(tuesday(), 1));
      await page.locator(".slot").first().click();
      await settled(page);
    });
    await seen(world, "hours-copy", "admin", "#/hours",
      (page) => page.getByRole("button", { name: "Copy Monday to other days" }).click());
  });
}
