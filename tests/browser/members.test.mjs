// Members: invited by a link, changed, signed out, removed; and what stands of it in the audit.
import assert from "node:assert/strict";
import { seen, settled } from "./browser.mjs";
import { password } from "./server.mjs";

async function act(page, email, what) {
  await page.getByRole("button", { name: `Actions for ${email}` }).click();
  await page.getByRole("menuitem", { name: what }).click();
}

export default function tests(it) {
  it("are invited by an owner, with a link that lets them in", async ({ server, browser }) => {
    const page = await browser.open("owner", "#/members");
    await page.getByRole("button", { name: "Invite member" }).click();
    await page.getByLabel("Email").fill("bob@example.com");
    await page.getByLabel("Name").fill("Bob");
    await page.getByRole("radio", { name: "Admin" }).check();
    await page.getByRole("button", { name: "Make set-up link" }).click();
    const link = await page.locator("[data-link]").innerText();
    assert.ok(link.startsWith(`${server.base}/#setup=kord_link_`), link);
    await page.getByRole("button", { name: "Done" }).click();
    await page.getByRole("row", { name: /Bob.*admin.*invited/ }).waitFor();
    const other = await browser.open(null, link.slice(server.base.length + 1));
    await other.getByLabel("New password").fill(password);
    await other.getByRole("button", { name: "Save and sign in" }).click();
    await other.getByRole("button", { name: "Account: Bob" }).waitFor();
  });

  it("change roles, and the last owner stays", async ({ browser }) => {
    const page = await browser.open("owner", "#/members");
    await act(page, "bob@example.com", "Edit");
    await page.getByRole("radio", { name: "Viewer" }).check();
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByRole("row", { name: /Bob.*viewer/ }).waitFor();
    await act(page, "owner@example.com", "Edit");
    await page.getByRole("radio", { name: "Viewer" }).check();
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByText("An organization keeps an active owner").waitFor();
    page.expected.push(409);
  });

  it("are signed out and removed", async ({ server, browser }) => {
    const gone = await server.join("gone@example.com", "viewer");
    const page = await browser.open("owner", "#/members");
    await act(page, "gone@example.com", "Sign out everywhere");
    await page.getByRole("button", { name: "End sessions" }).click();
    await page.getByText("Done", { exact: true }).waitFor();
    const asked = await server.ask("GET", "/api/platform/v1/session", undefined,
      { Cookie: `kordless_session=${gone.session}` });
    assert.equal(asked.status, 401);
    await act(page, "gone@example.com", "Remove");
    await page.getByRole("button", { name: "Remove gone@example.com" }).click();
    await page.getByRole("row", { name: /gone@example/ }).waitFor({ state: "detached" });
  });

  it("are only looked at by admins, operators by operators", async ({ browser }) => {
    const page = await browser.open("admin", "#/members");
    await page.getByText("an owner manages members").waitFor();
    assert.equal(await page.getByRole("button", { name: /Actions for|Invite/ }).count(), 0);
    const operator = await browser.open("operator", "#/members");
    await operator.getByRole("heading", { name: "Operators of this server" }).waitFor();
    await operator.getByRole("row", { name: /operator@example.com/ }).waitFor();
  });

  it("stand in the audit, which can be narrowed", async ({ browser }) => {
    const page = await browser.open("admin", "#/audit");
    await page.getByRole("row", { name: /owner@example.com.*member.create/ }).first().waitFor();
    await page.getByLabel("Only this action").fill("member.remove");
    await page.getByLabel("Only this action").press("Enter");
    await page.getByRole("row", { name: /member.create/ }).first().waitFor({ state: "detached" });
    await page.getByRole("row", { name: /member.remove/ }).waitFor();
    assert.equal(await page.getByRole("rowheader").count(), 1);
    await page.getByLabel("Only of this id").fill("mem_none");
    await page.getByLabel("Only of this id").press("Enter");
    await page.getByText("Nothing fits").waitFor();
  });

  it("look well", async (world) => {
    await seen(world, "members", "operator", "#/members", settled);
    await seen(world, "member-invite", "owner", "#/members",
      (page) => page.getByRole("button", { name: "Invite member" }).click());
    await seen(world, "audit", "operator", "#/audit", settled);
  });
}
