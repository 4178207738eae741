// API keys: generated, used, watched, rotated, revoked; and what a viewer may not.
import assert from "node:assert/strict";
import { seen, settled } from "./browser.mjs";

const P = "/api/platform/v1";

async function generate(page, label, more = async () => {}) {
  await page.getByRole("button", { name: "Generate API Key" }).first().click();
  await page.getByRole("textbox", { name: "Label" }).fill(label);
  await more(page);
  await page.getByRole("button", { name: "Generate key" }).click();
  return page.locator("[data-key]").innerText();
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
    await page.getByRole("button", { name: "I have saved it" }).click();
    await page.getByRole("rowheader", { name: "Front desk" }).waitFor();
    assert.ok(!(await page.content()).includes(key), "the key is still in the page");
    assert.equal((await server.byKey(key)).status, 200);
  });

  it("look well", async (world) => {
    await seen(world, "keys", "admin", "#/keys");
    await seen(world, "key-generate", "admin", "#/keys",
      (page) => page.getByRole("button", { name: "Generate API Key" }).first().click());
  });
}
