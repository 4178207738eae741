// API keys: generated, used, watched, rotated, revoked; and what a viewer may not.
import assert from "node:assert/strict";
import { holdTimers, pass, seen, settled } from "./browser.mjs";
import { addDays, dateOf, instantOf } from "../../plugins/dashboard/assets/days.js";

const P = "/api/platform/v1", ZONE = "America/New_York";

export async function generate(page, label, more = async () => {}) {
  await page.getByRole("button", { name: "Generate API Key" }).first().click();
  await page.getByRole("textbox", { name: "Label" }).fill(label);
  await more(page);
  await page.getByRole("button", { name: "Generate key" }).click();
  return page.locator("[data-key]").innerText();
}

export async function saved(page) {
  await page.getByRole("button", { name: "I have saved it" }).click();
  await page.locator("[data-key]").waitFor({ state: "detached" });
}

async function act(page, label, what) {
  await page.getByRole("button", { name: `Actions for ${label}` }).click();
  await page.getByRole("menuitem", { name: what }).click();
}

export async function make(server, label, more = {}) {
  return (await server.must("POST", `${P}/organizations/${server.org}/api-keys`, { label, ...more })).api_key;
}

export default function tests(it) {
  it("are generated and shown once, with how to use them", async ({ server, browser }) => {
    const page = await browser.open("admin", "#/keys");
    const key = await generate(page, "Front desk");
    assert.match(key, /^kord_live_\w{38}$/);
    for (const language of ["curl", "JavaScript", "Python"]) {
      await page.getByRole("radio", { name: language }).check();
      const text = await page.locator(".code pre").innerText();
      for (const part of ["x-kordless-key", "x-organization-id", key, server.org, server.base]) {
        assert.ok(text.includes(part), `${language} lacks ${part}: ${text}`);
      }
    }
    await page.keyboard.press("Escape");
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: "Close" }).click();
    await page.getByText("The key is never shown again").first().waitFor();
    assert.equal(await page.locator("[data-key]").innerText(), key);
    await saved(page);
    await page.getByRole("link", { name: "Front desk" }).waitFor();
    assert.ok(!(await page.content()).includes(key), "the key is still in the page");
    assert.equal((await server.byKey(key)).status, 200);
  });

  it("are copied by a button", async ({ browser }) => {
    const page = await browser.open("admin", "#/keys");
    await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
    const key = await generate(page, "Copied");
    await page.getByRole("button", { name: "Copy the key" }).click();
    await page.getByText("Copied the key").waitFor();
    assert.equal(await page.evaluate(() => navigator.clipboard.readText()), key);
    await page.getByRole("button", { name: "Copy the example" }).click();
    assert.match(await page.evaluate(() => navigator.clipboard.readText()), /^curl http/);
    await saved(page);
  });

  it("stay shown when somebody goes back, where a form goes", async ({ browser }) => {
    const page = await browser.open("admin", "#/usage");
    await page.getByRole("link", { name: "API Keys" }).first().click();
    await page.getByRole("button", { name: "Generate API Key" }).first().click();
    await page.goBack();
    await page.getByRole("heading", { name: "Usage", level: 1 }).waitFor();
    await page.getByRole("dialog").waitFor({ state: "detached" });
    await page.goForward();
    const key = await generate(page, "Gone back");
    await page.goBack();
    await page.getByText("The key is never shown again").first().waitFor();
    assert.equal(await page.locator("[data-key]").innerText(), key);
    await saved(page);
    await page.getByRole("heading", { name: "Usage", level: 1 }).waitFor();
  });

  it("are copied where the browser withholds its clipboard, too", async ({ browser }) => {
    const page = await browser.open("admin", "#/keys");
    await page.context().grantPermissions(["clipboard-read"]);
    const key = await generate(page, "Copied the old way");
    await page.evaluate(() => {
      navigator.clipboard.writeText = () => Promise.reject(new DOMException("Write permission denied.", "NotAllowedError"));
    });
    await page.getByRole("button", { name: "Copy the key" }).click();
    await page.getByText("Copied the key").waitFor();
    assert.equal(await page.evaluate(() => navigator.clipboard.readText()), key);
    await saved(page);
  });

  it("are rotated with a grace, in which both work", async ({ server, browser }) => {
    const old = await make(server, "Turning");
    const page = await browser.open("admin", "#/keys");
    await act(page, "Turning", "Rotate");
    await page.getByLabel("Grace for the old key").selectOption("86400");
    await page.getByRole("button", { name: "Rotate key" }).click();
    const key = await page.locator("[data-key]").innerText();
    await saved(page);
    assert.notEqual(key, old.key);
    for (const one of [old.key, key]) assert.equal((await server.byKey(one)).status, 200);
    const shown = (await server.must("GET", `${P}/api-keys/${old.id}`)).api_key;
    assert.ok(shown.rotated_to && Date.parse(shown.expires_at) - Date.now() > 86000e3);
  });

  it("have only the scopes, the expiry and the note that were chosen", async ({ server, browser }) => {
    const page = await browser.open("admin", "#/keys"), begun = Date.now();
    await generate(page, "Narrow", async () => {
      await page.getByRole("radio", { name: "Development" }).check();
      await page.getByRole("radio", { name: "Only these scopes" }).check();
      for (const one of await page.locator(".checks input").all()) await one.uncheck();
      await page.getByRole("button", { name: "Generate key" }).click();
      await page.getByText("Choose at least one scope").waitFor();
      await page.getByLabel("services:read").check();
      await page.getByLabel("Expires").selectOption("30");
      await page.getByLabel("Note").fill("for the kiosk");
    });
    await saved(page);
    const list = (await server.must("GET", `${P}/organizations/${server.org}/api-keys?q=Narrow`)).api_keys;
    assert.deepEqual([list[0].environment, list[0].scopes, list[0].note],
      ["development", ["services:read"], "for the kiosk"]);
    const at = Date.parse(list[0].expires_at) - 30 * 86400e3;
    assert.ok(at > begun - 1000 && at <= Date.now(), list[0].expires_at);
    await act(page, "Narrow", "Edit");
    await page.getByRole("textbox", { name: "Label" }).fill("Narrower");
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByRole("link", { name: "Narrower" }).waitFor();
  });

  it("are found by label or last 4", async ({ server, browser }) => {
    const one = await make(server, "Needle in the hay");
    const page = await browser.open("admin", "#/keys");
    for (const query of ["needle", one.key.slice(-4)]) {
      await page.getByLabel("Search by label or last 4").fill(query);
      await page.getByRole("link", { name: "Demo" }).waitFor({ state: "detached" });
      await page.getByRole("link", { name: "Needle in the hay" }).waitFor();
      await page.getByLabel("Search by label or last 4").fill("");
      await page.getByRole("link", { name: "Demo" }).waitFor();
    }
    await page.getByLabel("Search by label or last 4").fill("nothing like it");
    await page.getByText("No key fits").waitFor();
  });

  it("look well", async (world) => {
    const { server } = world;
    const narrow = await make(server, "Kiosk in the hall", { environment: "development",
      scopes: ["services:read", "availability:read"], note: "behind the plant" });
    await make(server, "Website");
    for (let i = 0; i < 25; i += 1) await server.byKey(narrow.key);
    for (let i = 0; i < 4; i += 1) await server.byKey(narrow.key, "/api/calendar/v1/bookings");
    for (let i = 0; i < 3; i += 1) await server.byKey(narrow.key, "/api/calendar/v1/services/none");
    await server.byKey(server.key);
    await new Promise((resolve) => { setTimeout(resolve, 3000); }); // until it is counted
    await seen(world, "keys", "admin", "#/keys");
    await seen(world, "key", "admin", `#/keys/${narrow.id}`, async (page) => {
      await settled(page);
      await page.getByRole("row", { name: /insufficient_scope/ }).first().waitFor();
    });
    await seen(world, "key-generate", "admin", "#/keys",
      (page) => page.getByRole("button", { name: "Generate API Key" }).first().click());
    await seen(world, "key-shown", "admin", "#/keys", (page) => generate(page, "Shown"));
    await seen(world, "key-menu", "admin", "#/keys?q=Website",
      (page) => page.getByRole("button", { name: "Actions for Website" }).click());
    await seen(world, "key-revoke", "admin", "#/keys?q=Website", async (page) => {
      await act(page, "Website", "Revoke");
      const { height } = await page.getByRole("button", { name: "Revoke key" }).boundingBox();
      assert.ok(height < 40, `the button's words are torn apart: ${height} px`);
    });
  });

  it("end with the last day that was chosen, as the organization's clocks have it", async ({ server, browser }) => {
    const made = await make(server, "To the end"), page = await browser.open("operator", "#/keys?q=To the end");
    const last = addDays(dateOf(ZONE), 9), own = async () => (await server.must("GET", `${P}/api-keys/${made.id}`)).api_key;
    await act(page, "To the end", "Edit");
    await page.getByLabel("Expires").selectOption("date");
    await page.getByLabel("Last day").first().fill(last);
    await page.getByLabel("Requests a minute").fill("7");
    await page.getByLabel("Last day").last().fill(addDays(last, -2));
    await page.getByLabel("Why").fill("a launch");
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByText("Saved").waitFor();
    const { expires_at: ends, limits } = await own();
    assert.equal(ends, instantOf(ZONE, last, "24:00"));
    assert.deepEqual(limits, { per_minute: 7, reason: "a launch", until: instantOf(ZONE, addDays(last, -2), "24:00") });
    await act(page, "To the end", "Edit");
    assert.equal(await page.getByLabel("Last day").last().inputValue(), addDays(last, -2));
    await page.getByRole("textbox", { name: "Label" }).fill("To the end of it");
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByRole("link", { name: "To the end of it" }).waitFor();
    assert.deepEqual(await own(), { ...await own(), expires_at: ends, limits });
  });

  it("are drawn anew under nobody's fingers, and leave the focus where it was", async ({ server, browser }) => {
    for (const label of ["Fresh", "Fresh paint"]) await make(server, label);
    const page = await browser.open("admin", "#/keys?q=Fresh");
    await holdTimers(page);
    const opener = page.getByRole("button", { name: "Actions for Fresh", exact: true });
    await opener.focus();
    await make(server, "Fresh air");
    await pass(page);
    await page.getByRole("link", { name: "Fresh air" }).waitFor();
    assert.equal(await page.evaluate(() => document.activeElement.ariaLabel), "Actions for Fresh");
    await opener.hover();
    await page.mouse.down();
    await make(server, "Fresh fish");
    await Promise.all([page.waitForResponse(/api-keys/), pass(page)]);
    await page.evaluate(() => fetch("/healthz")); // what came before is worked off
    await page.mouse.up();
    await page.getByRole("menuitem", { name: "Edit" }).click();
    await page.getByRole("dialog", { name: "Edit key" }).waitFor();
    assert.equal(await page.getByRole("link", { name: "Fresh fish" }).count(), 0);
    await page.keyboard.press("Escape");
    await page.getByRole("link", { name: "Fresh fish" }).waitFor();
  });

  it("beyond a page are shown on demand", async ({ server, browser }) => {
    for (let i = 0; i < 55; i += 1) await make(server, `many ${i}`);
    const page = await browser.open("admin", "#/keys?q=many");
    await holdTimers(page);
    await page.getByRole("link", { name: "many 54" }).waitFor();
    assert.equal(await page.getByRole("rowheader").count(), 50);
    await page.getByRole("button", { name: "Show more" }).click();
    await page.getByRole("link", { name: "many 0", exact: true }).waitFor();
    assert.equal(await page.getByRole("rowheader").count(), 55);
    await make(server, "many more");
    await pass(page);
    await page.getByRole("link", { name: "many more" }).waitFor();
    assert.equal(await page.getByRole("rowheader").count(), 56, "a refresh shows as many");
  });

  it("cannot be revoked by a viewer, in the page or past it", async ({ server, browser }) => {
    const one = await make(server, "Not yours");
    const page = await browser.open("viewer", "#/keys");
    await page.getByText("This page takes the role admin, and yours is viewer").waitFor();
    const answer = await page.evaluate(async (id) => {
      const { csrf } = await (await fetch("/api/platform/v1/session")).json();
      const response = await fetch(`/api/platform/v1/api-keys/${id}/revoke`,
        { method: "POST", headers: { "X-Kordless-CSRF": csrf } });
      return [response.status, (await response.json()).code];
    }, one.id);
    assert.deepEqual(answer, [403, "insufficient_role"]);
    page.expected.push(403);
    assert.equal((await server.byKey(one.key)).status, 200);
  });

  it("are managed with the keyboard alone", async ({ server, browser }) => {
    await make(server, "Keyboard");
    const page = await browser.open("admin", "#/keys?q=Keyboard");
    const opener = page.getByRole("button", { name: "Actions for Keyboard" });
    await opener.focus();
    await page.keyboard.press("Enter");
    await page.keyboard.press("Escape");
    await page.keyboard.press("Enter"); // back where it was opened
    await page.keyboard.press("End");
    await page.keyboard.press("Enter");
    const dialog = page.getByRole("dialog", { name: "Revoke API key" });
    await dialog.waitFor();
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "detached" });
    const open = () => page.evaluate(() => document.querySelectorAll(":popover-open").length);
    assert.equal(await open(), 0);
    const took = await page.evaluate((node) => { // before anything else can happen
      node.click();
      return document.activeElement.role;
    }, await opener.elementHandle());
    assert.equal(took, "menuitem");
    await opener.click();
    assert.equal(await open(), 0, "a second click closes the menu");
  });
}
