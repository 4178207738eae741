// The frame around all pages: its menu, its theme, its way back, and what has no page.
import assert from "node:assert/strict";
import { accessible, holdTimers, pass, settled, until } from "./browser.mjs";

export default function tests(it) {
  it("has a menu that opens on a narrow screen and goes when a page is chosen", async ({ browser }) => {
    const page = await browser.open("admin", "#/keys", "narrow");
    await settled(page);
    const link = page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Usage" });
    assert.equal(await link.count(), 0, "a closed menu is not there for anybody");
    await page.getByRole("button", { name: "Open the menu" }).click();
    await link.waitFor();
    assert.ok(await page.evaluate(() => Boolean(document.activeElement.closest("#menu"))), "the menu has the focus");
    await accessible(page, "the open menu");
    await page.keyboard.press("Escape");
    await link.waitFor({ state: "hidden" });
    await page.getByRole("button", { name: "Open the menu" }).click();
    await link.click();
    await page.getByRole("heading", { name: "Usage", level: 1 }).waitFor();
    await link.waitFor({ state: "hidden" });
  });

  it("keeps the theme that was chosen", async ({ browser }) => {
    const page = await browser.open("admin", "#/usage");
    const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const light = await ground();
    await page.getByRole("radio", { name: "Dark" }).check();
    // Chromium repaints a changed colour scheme a little later.
    const is = (colour) => getComputedStyle(document.body).backgroundColor === colour;
    const not = (colour) => getComputedStyle(document.body).backgroundColor !== colour;
    await until(page, not, light);
    await page.reload();
    await settled(page);
    await until(page, not, light);
    await page.getByRole("radio", { name: "System" }).check();
    await until(page, is, light);
  });

  it("goes back and forward, marks where it is, and puts the focus on the page", async ({ browser }) => {
    const page = await browser.open("admin", "#/keys");
    await page.getByRole("link", { name: "Members" }).click();
    await page.getByRole("heading", { name: "Members", level: 1 }).waitFor();
    assert.equal(await page.getByRole("link", { name: "Members" }).getAttribute("aria-current"), "page");
    assert.equal(await page.title(), "Members · Kordless");
    await until(page, () => document.activeElement.id === "main");
    await page.goBack();
    await page.getByRole("heading", { name: "API Keys" }).waitFor();
    await page.goForward();
    await page.getByRole("heading", { name: "Members", level: 1 }).waitFor();
    await page.reload();
    await page.keyboard.press("Tab");
    await page.getByRole("link", { name: "Skip to the content" }).press("Enter");
    assert.equal(await page.evaluate(() => document.activeElement.id), "main");
  });

  it("says what it does not have, and what the API refuses", async ({ browser }) => {
    const page = await browser.open("admin", "#/nowhere");
    await page.getByText("There is no such page").waitFor();
    await page.goto(`${page.url().split("#")[0]}#/keys/key_none`);
    await page.getByRole("alert").getByText("There is no such object").waitFor();
    await page.getByRole("alert").getByRole("button", { name: "Try again" }).waitFor();
    page.expected.push(400, 400, ...Array(6).fill(404)); // at most: some end unasked
  });

  it("says so when the server cannot be reached, and goes on when it can", async ({ browser }) => {
    const page = await browser.open("admin", "#/members");
    await settled(page);
    await page.context().setOffline(true);
    await page.getByRole("link", { name: "Audit" }).click();
    await page.getByText("cannot be").waitFor();
    await page.context().setOffline(false);
    await page.getByRole("button", { name: "Try again" }).click();
    await page.getByRole("columnheader", { name: "When" }).waitFor();
  });

  it("asks again by itself when the server says that it may", async ({ browser }) => {
    const page = await browser.open("admin", "#/keys");
    await holdTimers(page);
    await page.route(/api-keys/, (route) => route.fulfill({ status: 429, json: { detail: "Wait." },
      headers: { "Retry-After": "77" } }));
    page.expected.push(429);
    await pass(page);
    await until(page, () => window.waits.includes(77000));
  });

  it("stops asking an hour after the last touch, and goes on with the next", async ({ browser }) => {
    const page = await browser.open("admin", "#/keys");
    await holdTimers(page);
    let asked = 0;
    page.on("request", (one) => { asked += Number(one.url().includes("api-keys")); });
    await page.evaluate(() => {
      const { now } = Date;
      Date.now = () => now() + 2 * 3600e3;
    });
    await pass(page);
    await page.keyboard.press("Shift");
    assert.equal(asked, 0);
    const answered = page.waitForResponse(/api-keys/);
    await pass(page);
    await answered;
  });

  it("is printed as a page, without what one clicks", async ({ browser }) => {
    const page = await browser.open("admin", "#/keys", { colorScheme: "dark", viewport: { width: 1000, height: 800 } });
    await settled(page);
    await page.emulateMedia({ media: "print" });
    await page.getByRole("navigation", { name: "Main" }).waitFor({ state: "hidden" });
    await page.getByRole("button", { name: "Generate API Key" }).waitFor({ state: "hidden" });
    assert.equal(await page.evaluate(() => getComputedStyle(document.documentElement).colorScheme), "light");
  });

  it("does not say that somebody is signed out who is not", async ({ server, browser }) => {
    const page = await browser.open("viewer", "#/organization");
    await settled(page);
    await page.context().setOffline(true);
    await page.getByRole("button", { name: "Account:" }).click();
    await page.getByRole("menuitem", { name: "Sign out" }).click();
    await page.getByText("cannot be").first().waitFor();
    assert.equal(await page.getByRole("heading", { name: "Sign in" }).count(), 0);
    assert.equal((await server.as("viewer", "GET", "/api/platform/v1/session")).status, 200);
    await page.context().setOffline(false);
  });
}
