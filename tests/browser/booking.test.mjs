// The form in which a booking is made: it holds what is picked, says when that is gone, and
// looks for the next free time.
import assert from "node:assert/strict";
import { eventually, holdTimers, pass } from "./browser.mjs";
import { booked, C, calendar, clock, DAY, later, pick, slots, ZONE } from "./desk.mjs";

export default function tests(it) {
  it("holds what is picked, and offers other times where somebody was faster", async ({ server, browser }) => {
    const [first, second] = [await browser.open("admin", calendar()), await browser.open("owner", calendar())];
    const host = (await slots(server, "consultation"))[0].host;
    const before = (await slots(server, "consultation", DAY, host.id)).map((one) => clock(one.startsAt));
    for (const page of [first, second]) {
      await page.getByRole("button", { name: "New booking" }).click();
      await page.getByLabel("Host", { exact: true }).selectOption(host.id);
      await page.locator(".free-time").first().waitFor();
    }
    await pick(first, before[2]);
    await eventually(async () => !(await slots(server, "consultation", DAY, host.id))
      .some((one) => clock(one.startsAt) === before[2]), "the hold takes the slot");
    await pick(second, before[2]);
    second.expected.push(409);
    await second.getByRole("alert").getByText("This time was free and is taken now").waitFor();
    const other = second.getByRole("alert").getByRole("button").first();
    const words = await other.innerText();
    await other.click();
    await second.locator(".free-time input:checked").waitFor({ state: "attached" });
    assert.ok(words.includes(await second.locator(".free-time input:checked + span").innerText()), words);
    await second.keyboard.press("Escape");
    await first.keyboard.press("Escape");
    await eventually(async () => (await slots(server, "consultation", DAY, host.id)).length === before.length,
      "closed forms give back what they held");
  });

  it("says when a time that was picked is not held any more", async ({ server, browser }) => {
    const page = await browser.open("admin", calendar());
    await holdTimers(page);
    const host = (await slots(server, "consultation"))[0].host, own = () => slots(server, "consultation", DAY, host.id);
    const before = await own(), there = async () => (await own()).some((one) => one.startsAt === before[2].startsAt);
    await page.getByRole("button", { name: "New booking" }).click();
    await page.getByLabel("Host", { exact: true }).selectOption(host.id);
    const taken = () => page.waitForResponse((one) => one.url().endsWith("/holds") && one.status() === 201);
    await Promise.all([taken(), pick(page, clock(before[2].startsAt))]);
    assert.ok(!await there());
    await page.context().setOffline(true);
    await pass(page);
    const told = page.getByRole("alert").filter({ hasText: "This time is not held for you." });
    await told.waitFor();
    await page.context().setOffline(false);
    const [answer] = await Promise.all([taken(), told.getByRole("button", { name: "Try again" }).click()]);
    await told.waitFor({ state: "detached" });
    const { hold } = await answer.json();
    assert.equal((await server.as("admin", "DELETE", `${C}/holds/${hold.id}`)).status, 204);
    const other = await booked(server, before[2], "Faster");
    await pass(page);
    page.expected.push(404, 409);
    await page.getByRole("alert").getByText("This time was free and is taken now").waitFor();
    await server.as("admin", "POST", `${C}/bookings/${other.id}/cancel`);
  });

  it("looks for the next free time in parts where a month has too many", async ({ server, browser }) => {
    const { hosts } = (await server.as("admin", "GET", `${C}/hosts`)).body;
    const sunday = later(DAY, 5);
    for (const [slug, minutes, refused] of [["weekly", 3, 1], ["daily", 1, 2]]) {
      const made = await server.as("admin", "POST", `${C}/services`, { name: `A ${slug}`, slug, duration: 5,
        host_ids: hosts.map((one) => one.id), calendarSettings: { slot_interval_minutes: minutes, timezone: ZONE } });
      assert.equal(made.status, 201, JSON.stringify(made.body));
      const page = await browser.open("admin", calendar(sunday));
      await page.getByRole("button", { name: "New booking" }).click();
      await page.getByLabel("Service").selectOption(slug);
      await page.getByRole("button", { name: /^Next free/ }).click();
      await page.locator(".free-time input:checked").waitFor({ state: "attached" });
      assert.equal(await page.locator(".picker-day input").inputValue(), later(DAY, 6));
      page.expected.push(...Array(refused).fill(400));
      await page.keyboard.press("Escape");
      assert.equal((await server.as("admin", "DELETE", `${C}/services/${slug}`)).status < 300, true);
    }
  });

  it("shades the hours of each host in the view of a day", async ({ server, browser }) => {
    const { hosts } = (await server.as("admin", "GET", `${C}/hosts`)).body, path = `${C}/schedules/host/${hosts[0].id}`;
    const before = (await server.as("admin", "GET", path)).body.schedule;
    assert.equal((await server.as("admin", "PUT", path, { timezone: "Europe/Berlin", weekly: { tue: [["18:00", "19:00"]] } }))
      .status, 200); // at noon in New York
    const page = await browser.open("admin", calendar());
    const shades = () => page.locator(`[data-column="${hosts[0].id}"] .cal-closed`).evaluateAll((all) =>
      all.map((one) => [one.style.getPropertyValue("--from"), one.style.getPropertyValue("--span")].map(Number)));
    await page.locator(".cal-closed").first().waitFor();
    assert.deepEqual(await shades(), [[0, 12], [13, 11]]);
    assert.ok((await page.locator(`[data-column="${hosts[1].id}"] .cal-closed`).count()) > 0);
    await server.as("admin", "PUT", path, before);
  });

  it("asks for nothing that a host without hours does not have", async ({ server, browser }) => {
    const { host } = (await server.as("admin", "POST", `${C}/hosts`, { displayName: "Any time", timezone: "UTC" })).body;
    const page = await browser.open("admin", calendar());
    await page.locator(`[data-column="${host.id}"]`).waitFor();
    await server.as("admin", "DELETE", `${C}/hosts/${host.id}`);
  });
}
