// The calendar: what is booked is seen, made, moved, canceled and confirmed; by two desks at
// once, and only looked at by viewers.
import assert from "node:assert/strict";
import { eventually, seen, settled } from "./browser.mjs";
import { block, booked, C, calendar, clock, DAY, later, now, pick, said, slots } from "./desk.mjs";

export default function tests(it) {
  it("books a free slot, moves it and cancels it", async ({ server, browser }) => {
    const page = await browser.open("admin", calendar());
    await page.getByRole("button", { name: "New booking" }).click();
    await page.getByText("30 min · $45.00").waitFor();
    const free = await slots(server, "consultation");
    const starts = [...new Set(free.map((one) => clock(one.startsAt)))];
    await page.locator(".free-time").first().waitFor();
    assert.deepEqual(await page.locator(".free-time span").allInnerTexts(), starts, "only what can be booked");
    await pick(page, starts[4]);
    await page.getByLabel("Customer").fill("Grace Hopper");
    await page.getByLabel("Email").fill("grace@example.com");
    await page.getByLabel("Notes").fill("Prefers tea.");
    await page.getByRole("button", { name: "Book", exact: true }).click();
    await page.getByRole("heading", { name: "Grace Hopper" }).waitFor();
    const ics = await page.getByRole("link", { name: "Calendar file" }).getAttribute("href");
    assert.match((await (await fetch(server.base + ics)).text()), /BEGIN:VEVENT/);
    const { body } = await server.as("admin", "GET", `${C}/bookings?contact=grace@example.com`);
    const [one] = body.bookings;
    assert.deepEqual([clock(one.start_at), one.notes, one.status, body.bookings.length],
      [starts[4], "Prefers tea.", "confirmed", 1]);

    await page.getByRole("button", { name: "Move", exact: true }).click();
    const moving = page.getByRole("dialog", { name: "Move booking" });
    await pick(moving, starts[9]);
    await moving.getByRole("button", { name: "Move", exact: true }).click();
    await page.getByText("Moved", { exact: true }).waitFor();
    assert.equal(clock((await now(server, one.id)).start_at), starts[9]);
    await page.getByText("History").click();
    await page.getByText(new RegExp(`Moved from ${said(DAY)}, ${starts[4]}`)).waitFor();

    await page.getByRole("button", { name: "Cancel booking" }).click();
    const sure = page.getByRole("dialog", { name: "Cancel booking" });
    await sure.getByLabel("Reason").fill("We are ill.");
    await sure.getByRole("button", { name: "Cancel booking" }).click();
    await page.getByText("We are ill.").waitFor();
    const last = await now(server, one.id);
    assert.deepEqual([last.status, last.cancel_reason], ["canceled", "We are ill."]);
    await page.keyboard.press("Escape");
    assert.equal(await block(page, "Grace Hopper").count(), 0, "canceled ones are hidden");
    await page.getByRole("button", { name: "All hosts" }).click();
    await page.getByLabel("Canceled bookings, too").check();
    await block(page, "Grace Hopper").waitFor();
    assert.deepEqual(await slots(server, "consultation"), free, "all is free again, holds too");
  });

  it("says the rules' own sentences", async ({ server, browser }) => {
    const page = await browser.open("admin", calendar());
    await page.getByRole("button", { name: "New booking" }).click();
    await pick(page, clock((await slots(server, "consultation"))[0].startsAt));
    await page.getByLabel("Customer").fill("Nobody");
    await page.getByRole("button", { name: "Book", exact: true }).click();
    page.expected.push(400);
    await page.getByRole("alert").getByText(/email.*phone/).waitFor();
    const notice = (minutes) => server.as("admin", "PATCH", `${C}/services/consultation`,
      { minimum_notice_minutes: minutes });
    assert.equal((await notice(60 * 24 * 300)).status, 200);
    await page.getByLabel("Email").fill("nobody@example.com");
    await page.getByRole("button", { name: "Book", exact: true }).click();
    page.expected.push(422);
    try {
      await page.getByRole("alert").getByText("booked at least 432000 minutes ahead").waitFor();
    } finally {
      await notice(60);
    }
  });

  it("lets no desk overwrite another", async ({ server, browser }) => {
    const one = await booked(server, (await slots(server, "consultation"))[3], "Alan Kay");
    const [first, second] = [await browser.open("admin", calendar()), await browser.open("owner", calendar())];
    for (const page of [first, second]) await block(page, "Alan Kay").click();
    await first.getByLabel("Notes").fill("From the first desk.");
    await first.getByRole("button", { name: "Save notes" }).click();
    await first.getByText("Saved").waitFor();
    await second.getByLabel("Notes").fill("From the second desk.");
    await second.getByRole("button", { name: "Save notes" }).click();
    second.expected.push(412);
    await second.getByText("Somebody changed this booking meanwhile").waitFor();
    assert.equal((await now(server, one.id)).notes, "From the first desk.");
    assert.equal(await second.getByLabel("Notes").inputValue(), "From the second desk.", "what was typed stays");
    await second.getByRole("button", { name: "Save notes" }).click();
    await second.getByText("Saved").waitFor();
    assert.equal((await now(server, one.id)).notes, "From the second desk.");
    await server.as("admin", "POST", `${C}/bookings/${one.id}/cancel`);
  });

  it("confirms what waits, and shows those of a session as one", async ({ server, browser }) => {
    await server.as("admin", "PATCH", `${C}/services/group-class`, { approval: "required" });
    const page = await browser.open("admin", calendar());
    await page.locator(".cal-grid").waitFor();
    const slot = (await slots(server, "group-class"))[0];
    const one = await booked(server, slot, "Barbara Liskov", { service: "group-class", party_size: 3 });
    const two = await booked(server, slot, "Donald Knuth", { service: "group-class" });
    const class_ = block(page, "Group class");
    await class_.filter({ hasText: "4/8" }).waitFor(); // by itself: the page asks for what is new
    assert.match(await class_.innerText(), /Group class\s*4\/8/);
    assert.match(await class_.innerText(), /2 to confirm/);
    await page.getByRole("button", { name: "To confirm 2" }).click();
    await page.getByRole("button", { name: "Confirm Barbara Liskov" }).click();
    await page.getByText("Confirmed", { exact: true }).waitFor();
    assert.equal((await now(server, one.id)).status, "confirmed");
    let answer;
    await page.route("**/confirm", (route) => { answer = () => route.continue(); });
    await page.getByRole("button", { name: /^Donald Knuth/ }).click();
    await page.getByRole("button", { name: "Confirm booking" }).click();
    await eventually(() => answer);
    await page.keyboard.press("Escape"); // before the answer
    await answer();
    await page.getByText("All decided").waitFor();
    assert.equal((await now(server, two.id)).status, "confirmed");
    await page.keyboard.press("Escape");
    await class_.click();
    await page.getByText("4 of 8 taken").waitFor();
  });

  it("asks no further for days that were left", async ({ browser }) => {
    const page = await browser.open("admin", calendar());
    await settled(page);
    await page.route("**/bookings?*", async (route) => { // the day after has no end
      const from = new URL(route.request().url()).searchParams.get("from") ?? "";
      if (from.startsWith(later(DAY, -1))) await route.fulfill({ json: { bookings: [], next_cursor: "more" } });
      else await route.continue();
    });
    const endless = page.waitForResponse(/cursor=more/);
    await page.getByRole("button", { name: "The day after" }).click();
    await endless;
    await page.getByRole("button", { name: "Today" }).click();
    await settled(page);
    assert.ok(!(await page.url()).includes(later(DAY, 1)));
  });

  it("is printed whole, with its date", async ({ browser }) => {
    const page = await browser.open("admin", calendar(DAY, "view=week&as=grid"));
    await settled(page);
    await page.emulateMedia({ media: "print" });
    const [grid, body] = await page.evaluate(() => [".cal-grid", ".cal-body"].map((one) =>
      document.querySelector(one).getBoundingClientRect().height));
    assert.ok(grid >= body, `${grid} of ${body} px`);
    assert.ok(await page.locator(".cal-title").isVisible());
    await page.getByRole("button", { name: "Today" }).waitFor({ state: "hidden" });
  });

  it("is only looked at by viewers", async ({ server, browser }) => {
    await booked(server, (await slots(server, "consultation"))[5], "Edsger Dijkstra", { notes: "Writes by hand." });
    const page = await browser.open("viewer", calendar());
    await block(page, "Edsger Dijkstra").click();
    await page.getByText("Writes by hand.").waitFor();
    for (const name of ["New booking", "Move", "Cancel booking", "Save notes", "Confirm booking"]) {
      assert.equal(await page.getByRole("button", { name }).count(), 0, name);
    }
  });

  it("moves from booking to booking by keys", async ({ server, browser }) => {
    const own = await slots(server, "consultation", later(DAY, 1));
    const [host, other] = [...new Set(own.map((one) => one.hostId))];
    const of = (id) => own.filter((one) => one.hostId === id);
    await booked(server, of(host)[1], "First");
    await booked(server, of(host)[4], "Second");
    await booked(server, of(other)[4], "Beside");
    const page = await browser.open("admin", calendar(later(DAY, 1)));
    await block(page, "First").focus();
    await page.keyboard.press("ArrowDown");
    assert.match(await page.evaluate(() => document.activeElement.textContent), /^Second/);
    const right = await page.evaluate(() => document.activeElement.closest(".cal-column").nextElementSibling !== null);
    for (const key of ["ArrowRight", "ArrowLeft"]) {
      await page.keyboard.press(key);
      if (await page.evaluate(() => /^Beside/.test(document.activeElement.textContent))) break;
    }
    assert.match(await page.evaluate(() => document.activeElement.textContent), /^Beside/, `right: ${right}`);
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Beside" }).waitFor();
    await page.keyboard.press("Escape");
    await eventually(() => page.evaluate(() => /^Beside/.test(document.activeElement.textContent)), "focus comes back");
  });

  it("has days of 23 and 25 hours", async ({ browser }) => {
    const page = await browser.open("viewer", calendar("2031-03-09"));
    const rows = async () => {
      await page.locator(".cal-hour").first().waitFor();
      return page.locator(".cal-hour span").allInnerTexts();
    };
    const spring = await rows();
    assert.deepEqual([spring.length, spring.slice(0, 4)], [23, ["00:00", "01:00", "03:00", "04:00"]]);
    await page.goto(page.url().replace("2031-03-09", "2031-11-02"));
    await page.getByText(/Sun,? 2 Nov 2031/).waitFor();
    const autumn = await rows();
    assert.equal(autumn.length, 25);
    assert.match(autumn[1], /^01:00\s*(EDT|GMT-4)/);
    assert.match(autumn[2], /^01:00\s*(EST|GMT-5)/);
    await page.getByRole("radio", { name: "Week" }).check({ force: true });
    await page.locator(".cal-missing").first().waitFor({ state: "attached" });
    assert.equal(await page.locator(".cal-missing").count(), 6, "the other days have that hour once");
  });

  it("shows names and notes as the text they are", async ({ server, browser }) => {
    const own = await slots(server, "consultation", later(DAY, 7));
    const names = ["<img src=x onerror=alert(1)>", "\u202Egnirts\u202C שלום", "👩🏽‍💻 & <b>bold</b>", "W".repeat(200)];
    for (const [i, name] of names.entries()) {
      await booked(server, own[i * 4], name, { notes: "<script>alert(1)</script> ".repeat(75) });
    }
    for (const as of ["grid", "list"]) {
      const page = await browser.open("admin", calendar(later(DAY, 7), `view=day&as=${as}`), "narrow");
      for (const name of names) {
        await block(page, name).waitFor();
        await block(page, name).evaluate((node) => node.click());
        assert.equal(await page.getByRole("dialog").getByRole("heading").innerText(), name);
        assert.match(await page.getByLabel("Notes").inputValue(), /^<script>alert/);
        await page.keyboard.press("Escape");
      }
      assert.equal(await page.locator("main img, main b").count(), 0);
      assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth));
    }
  });

  it("looks well", async (world) => {
    const { server } = world;
    await server.as("admin", "PATCH", `${C}/services/group-class`, { approval: "required" });
    const free = await slots(server, "consultation");
    const hosts = [...new Set(free.map((one) => one.hostId))];
    for (const [i, name] of ["Grace Hopper", "Edsger Dijkstra", "Barbara Liskov", "Alan Kay", "Ada Lovelace",
      "Donald Knuth"].entries()) {
      const own = (await slots(server, "consultation", later(DAY, i % 3))).filter((one) => one.hostId === hosts[i % 3]);
      await booked(server, own[2 + i * 2], name, { notes: "Prefers tea." });
    }
    const [class_] = (await slots(server, "group-class", later(DAY, 1))).slice(2);
    await booked(server, class_, "Katherine Johnson", { service: "group-class", party_size: 2 });
    await seen(world, "calendar-week", "admin", calendar(DAY, "view=week&as=grid"), async (page) => {
      const middles = await page.locator(".cal-forms .button, .cal-forms .segmented").evaluateAll((all) => all.map((one) => {
        const { top, bottom } = one.getBoundingClientRect();
        return Math.round(top + bottom);
      }));
      assert.equal(new Set(middles).size, 1, "what stands in a line has one middle");
    });
    await seen(world, "calendar-day", "admin", calendar(later(DAY, 1)), async (page) => {
      const left = (selector) => page.locator(selector).evaluateAll((all) => all.map((one) =>
        Math.round(one.getBoundingClientRect().left)));
      assert.deepEqual(await left(".cal-head"), await left(".cal-column"), "each head stands above its column");
      assert.ok(await page.locator(".cal-closed").first().isVisible(), "closed hours are shaded");
    });
    await seen(world, "calendar-queue", "admin", calendar(DAY), (page) =>
      page.getByRole("button", { name: /To confirm/ }).click());
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
