// Policies: what runs, what the disk has instead, what the last reload said, what was decided.
import assert from "node:assert/strict";
import { seen, settled } from "./browser.mjs";
import { addDays, dateOf } from "../../plugins/dashboard/assets/days.js";

const P = "/api/platform/v1", C = "/api/calendar/v1";
const rules = `local booking = {}
function booking.offer(request)
  local refused = {}
  for i = 1, request.n do
    if request.party_size > 2 then refused[i] = { code = "x_large", message = "<b>Call us</b> \u202eבית 🎄" } end
  end
  return refused
end
return booking
`;

export default function tests(it) {
  it("show the scripts that run, with hash and generation", async ({ server, browser }) => {
    const live = await server.must("GET", `${P}/scripts`);
    const page = await browser.open("operator", "#/policies");
    await page.getByText("What runs is what is on disk.").waitFor();
    await page.getByText(live.hash, { exact: true }).waitFor();
    for (const one of live.scripts) {
      await page.getByRole("radio", { name: one.name.replace("scripts/", "") }).check();
      await page.getByText(one.hash, { exact: true }).first().waitFor();
      assert.equal((await page.locator(".numbered").textContent()).trimEnd(), one.text.trimEnd().replaceAll("\u202e", "<U+202E>"), one.name);
    }
    await page.getByText("None since the server started.").waitFor();
  });

  it("warn when the disk differs, and say what is wrong there by file and line", async ({ server, browser }) => {
    server.script("booking.lua", (text) => `${text}\noops oops\n`);
    const page = await browser.open("operator", "#/policies");
    await page.getByText("The disk differs from what runs: 1 file.").waitFor();
    await page.getByRole("button", { name: "Check the disk" }).click();
    await page.getByText("A reload would be refused").waitFor();
    await page.getByRole("dialog").getByText(/booking\.lua:\d+:/).first().waitFor();
    page.expected.push(422);
    server.expected.push("reload_fault", "reload_refused");
    assert.equal((await server.ask("POST", `${P}/reload`)).status, 422);
    await page.reload();
    await page.getByText("Nothing was changed by it").waitFor();
    await page.locator(".card .faults").getByText(/booking\.lua:\d+:/).first().waitFor();
  });

  it("go live by a reload, and what they decide is listed", async ({ server, browser }) => {
    server.script("booking.lua", () => rules);
    const page = await browser.open("operator", "#/policies");
    await page.getByRole("button", { name: "Check the disk" }).click();
    await page.getByText("What a reload would change").waitFor();
    await page.getByRole("button", { name: "Reload …" }).click();
    await page.getByRole("button", { name: "Make it live" }).click();
    await page.getByText("went live").waitFor();
    await page.getByText("What runs is what is on disk.").waitFor();
    const day = addDays(dateOf("UTC"), 7);
    const asked = await server.byKey(server.key, `${C}/availability?service_slug=group-class&partySize=3`
      + `&from=${day}T00:00:00Z&to=${addDays(day, 3)}T00:00:00Z`);
    assert.deepEqual([asked.status, asked.body.slots], [200, []]);
    await page.reload();
    await page.getByRole("cell", { name: "refused" }).first().waitFor();
    await page.getByText(/\d+ times: x_large: <b>Call us<\/b> /).waitFor();
    await page.getByText("Inputs").first().click();
    await page.getByText('"party_size": 3').first().waitFor();
  });

  it("are for operators alone", async ({ server, browser }) => {
    const page = await browser.open("owner", "#/policies");
    await page.getByText("Not for your role").waitFor();
    assert.equal(await page.getByRole("link", { name: "Policies" }).count(), 0);
    assert.equal((await server.as("owner", "GET", `${P}/scripts`)).status, 403);
  });

  it("look well", async (world) => {
    world.server.script("quota.lua", (text) => `${text}\n-- an edit\n`);
    await seen(world, "policies", "operator", "#/policies", settled);
  });
}
