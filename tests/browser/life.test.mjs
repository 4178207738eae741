// A key's whole life. No time passes for the server meanwhile, so that what is counted by the
// minute stays counted, however long the page takes.
import assert from "node:assert/strict";
import { until } from "./browser.mjs";
import { generate, saved } from "./keys.test.mjs";

export default function tests(it) {
  it("is used, and the page sees it; revoked, and requests fail", async ({ server, browser }) => {
    await server.member("admin");
    await server.freeze();
    const page = await browser.open("admin", "#/keys");
    const key = await generate(page, "Whole life");
    await saved(page);
    const row = page.getByRole("row", { name: /Whole life/ });
    await row.getByText("never", { exact: true }).waitFor();
    await page.getByRole("link", { name: "Whole life" }).click();
    await page.getByText("No requests in this time").waitFor();
    for (let i = 0; i < 3; i += 1) assert.equal((await server.byKey(key)).status, 200);
    await page.getByText(/(just now|ago) from 127\.0\.0\.1/).waitFor();
    await until(page, () => /: 3 requests/.test(document.querySelector("canvas")?.ariaLabel ?? ""));
    await server.byKey(key, "/api/calendar/v1/services/none");
    await until(page, () => /: 4 requests.*4xx client's fault: 1/.test(document.querySelector("canvas").ariaLabel));
    await page.getByRole("meter", { name: "Key, a minute" }).waitFor();
    assert.match(await page.getByRole("meter", { name: "Key, a minute" }).getAttribute("aria-valuetext"),
      /^4 of 100 in the last minute, 96 left$/);
    await page.getByRole("button", { name: "Revoke" }).click();
    const dialog = page.getByRole("dialog", { name: "Revoke API key" });
    assert.match(await dialog.innerText(), new RegExp(`“Whole life”, the key ending in ${key.slice(-4)}`));
    await dialog.getByLabel("Reason").fill("Lost laptop");
    await dialog.getByRole("button", { name: `Revoke key …${key.slice(-4)}` }).click();
    await page.getByText("by admin@example.com: Lost laptop").waitFor();
    const refused = await server.byKey(key);
    assert.deepEqual([refused.status, refused.body.code], [401, "revoked_api_key"]);
    await page.getByRole("row", { name: /revoked_api_key/ }).waitFor();
    await page.getByText("Somebody at this address still sends a key that was revoked").waitFor();
    assert.equal(await page.getByRole("button", { name: "Revoke" }).count(), 0);
  });
}
