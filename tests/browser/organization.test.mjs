// The organization: its id, what customers see of it, its zone; and whose matters operators
// look after.
import assert from "node:assert/strict";
import { seen, settled } from "./browser.mjs";

export default function tests(it) {
  it("shows its id and changes its name and branding", async ({ server, browser }) => {
    const page = await browser.open("admin", "#/organization");
    await page.getByText(server.org, { exact: true }).waitFor();
    await page.getByLabel("Name", { exact: true }).fill("Acme & Daughters");
    await page.getByLabel("Primary colour").fill("#aa3366");
    await page.getByRole("button", { name: "Save profile" }).click();
    await page.locator(".org-name").getByText("Acme & Daughters").waitFor();
    const own = (await server.as("admin", "GET", "/api/calendar/v1/organization")).body.organization;
    assert.deepEqual([own.name, own.branding.primaryColor], ["Acme & Daughters", "#aa3366"]);
  });

  it("says times in its zone, and in another when that changes", async ({ server, browser }) => {
    const path = `/api/calendar/v1/schedules/organization/${server.org}`;
    const before = (await server.as("admin", "GET", path)).body.schedule;
    const page = await browser.open("admin", "#/organization");
    await page.getByText("Times are in America/New York").waitFor();
    await page.getByLabel("Zone of the organization").selectOption("Europe/Berlin");
    await page.getByRole("button", { name: "Save zone" }).click();
    await page.getByText("Times are in Europe/Berlin").waitFor();
    const after = (await server.as("admin", "GET", path)).body.schedule;
    assert.deepEqual({ ...after, version: 0 }, { ...before, version: 0, timezone: "Europe/Berlin" });
  });

  it("is only looked at by viewers", async ({ browser }) => {
    const page = await browser.open("viewer", "#/organization");
    await page.getByRole("heading", { name: "Organization", level: 1 }).waitFor();
    await page.getByText("Your role is viewer").waitFor();
    assert.ok(await page.getByRole("button", { name: "Save profile" }).isDisabled());
    assert.equal(await page.getByRole("button", { name: /Suspend/ }).count(), 0);
    assert.equal(await page.getByRole("link", { name: "API Keys" }).count(), 0);
  });

  it("is made and chosen by operators", async ({ server, browser }) => {
    const page = await browser.open("operator", "#/organizations");
    await page.getByRole("button", { name: "New organization" }).click();
    await page.getByRole("textbox", { name: "Name" }).fill("Bella's Barber Shop");
    assert.equal(await page.getByRole("textbox", { name: "Slug" }).inputValue(), "bella-s-barber-shop");
    await page.getByRole("button", { name: "Make organization" }).click();
    await page.getByText("No API keys yet").waitFor();
    page.expected.push(404); // it has no hours, and so no zone
    await page.getByRole("button", { name: /Organization: Bella's Barber Shop/ }).click();
    await page.getByRole("button", { name: /acme-salon/ }).click();
    await page.getByRole("rowheader", { name: "Demo" }).waitFor();
    assert.ok((await server.ask("GET", "/api/platform/v1/organizations/bella-s-barber-shop")).status === 200);
  });

  it("looks well", async (world) => {
    await seen(world, "organization", "owner", "#/organization");
    await seen(world, "organizations", "operator", "#/organizations", settled);
  });
}
