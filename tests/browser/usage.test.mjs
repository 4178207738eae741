// Usage: sums, quotas, who uses the day, the file for spreadsheets, and that it moves.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { seen, settled, until } from "./browser.mjs";

const P = "/api/platform/v1";

async function make(server, label) {
  return (await server.must("POST", `${P}/organizations/${server.org}/api-keys`, { label })).api_key;
}

async function counted(server, least) {
  for (let i = 0; i < 300; i += 1) {
    const { usage } = await server.must("GET", `${P}/organizations/${server.org}/usage`);
    if (usage.totals.requests >= least) return;
    await new Promise((resolve) => { setTimeout(resolve, 200); });
  }
  throw new Error(`fewer than ${least} requests are counted`);
}

export default function tests(it) {
  it("says what to do where there was none", async ({ browser, server }) => {
    const made = await server.must("POST", `${P}/organizations`, { slug: "quiet", name: "Quiet" });
    const page = await browser.open("operator", "#/usage");
    await page.getByRole("button", { name: /^Organization:/ }).click();
    await page.getByRole("button", { name: /Quiet/ }).click();
    await page.getByText("No requests in this time").waitFor();
    await page.getByText("No API keys yet").waitFor();
    assert.ok(made.organization.id);
    page.expected.push(404); // it has no hours, and so no zone
  });

  it("sums by key, route and status, and moves by itself", async ({ server, browser }) => {
    const busy = await make(server, "=SUM(A1:A9)"), calm = await make(server, "Calm");
    await server.freeze();
    for (let i = 0; i < 101; i += 1) await server.byKey(busy.key);
    for (let i = 0; i < 9; i += 1) await server.byKey(calm.key, "/api/calendar/v1/services/none");
    await counted(server, 110);
    const page = await browser.open("admin", "#/usage");
    const chart = page.locator("canvas");
    await until(page, () => /SUM.*: 101, .*Calm.*: 9/.test(document.querySelector("canvas")?.ariaLabel));
    await page.getByRole("radio", { name: "By route" }).check();
    await until(page, () => document.querySelector("canvas").ariaLabel.includes("/services/{"));
    await page.getByRole("radio", { name: "By status" }).check();
    await until(page, () => document.querySelector("canvas").ariaLabel.includes("refused: 1"));
    assert.match(await chart.getAttribute("aria-label"), /4xx client's fault: 9/);
    const day = page.getByRole("meter", { name: /SUM/ });
    assert.match(await day.getAttribute("aria-valuetext"), /^100 requests, 9\d %$/);
    assert.match(await page.getByRole("meter", { name: "Key, a minute" }).getAttribute("aria-valuetext"),
      /^100 of 100 in the last minute, none left for/);
    const before = Number(await page.locator(".tile dd").first().innerText());
    await server.byKey(calm.key);
    await until(page, (was) => Number(document.querySelector(".tile dd").innerText) > was, before);
    await page.getByText("Show as a table").click();
    await page.getByRole("columnheader", { name: "refused" }).waitFor();
  });

  it("are taken along as CSV, in which nothing is a formula", async ({ browser }) => {
    const page = await browser.open("admin", "#/usage");
    const [file] = await Promise.all([page.waitForEvent("download"),
      page.getByRole("button", { name: "Export CSV" }).click()]);
    const lines = readFileSync(await file.path(), "utf8").replace("\ufeff", "").split("\r\n");
    assert.equal(file.suggestedFilename(), "usage-acme-salon-by-key.csv");
    assert.equal(lines[0], "time_utc,time_in_zone,step,key,label,last4,requests,refused");
    const formula = lines.find((line) => line.includes("SUM"));
    assert.match(formula, /,'=SUM\(A1:A9\),\w{4},101,1$/);
    assert.match(formula, /\(America\/New_York\)/);
    const cell = await page.evaluate(async () => {
      const path = document.querySelector('script[type="module"]').src.replace("app.js", "csv.js");
      const { cell } = await import(path);
      return ["+1", "-1", "@x", "=1", "\t=1", "a,b", 'say "x"', "plain"].map(cell);
    });
    assert.deepEqual(cell, ["'+1", "'-1", "'@x", "'=1", "'\t=1", '"a,b"', '"say ""x"""', "plain"]);
  });

  it("looks well", async (world) => {
    await seen(world, "usage", "admin", "#/usage");
    await seen(world, "usage-status", "admin", "#/usage", async (page) => {
      await page.getByRole("radio", { name: "1 hour" }).check();
      await page.getByRole("radio", { name: "By status" }).check();
      await until(page, () => document.querySelector("canvas").ariaLabel.includes("2xx"));
    });
  });

  it("have the busiest key's quotas, however many keys came after it", async ({ server, browser }) => {
    for (let i = 0; i < 101; i += 1) await make(server, `Later ${i}`);
    const page = await browser.open("admin", "#/usage"), key = page.getByLabel("Key", { exact: true });
    const chosen = () => key.evaluate((one) => one.selectedOptions[0].text);
    const minute = () => page.getByRole("meter", { name: "Key, a minute" }).getAttribute("aria-valuetext");
    await settled(page);
    assert.match(await chosen(), /SUM/);
    assert.match(await minute(), /^100 of 100/);
    await key.selectOption({ index: 1 });
    await page.getByRole("meter", { name: "Key, a minute" }).and(page.locator('[aria-valuetext^="10 of 100"]')).waitFor();
    assert.match(await chosen(), /Calm/);
  });
}
