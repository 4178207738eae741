// From the first start to a person who is signed in; and who is not let in.
import assert from "node:assert/strict";
import { accessible, seen, settled, until } from "./browser.mjs";
import { password } from "./server.mjs";

export default function tests(it) {
  it("the operator token makes the first operator, who signs out and in again", async ({ server, browser }) => {
    const page = await browser.open(null);
    await page.getByRole("link", { name: "Set it up with the operator token" }).click();
    await page.getByLabel("Operator token").fill(server.token);
    await page.getByLabel("Your email").fill("First@Example.com");
    await page.getByLabel("Your name").fill("Ada");
    await page.getByLabel("New password").fill("first@example.com");
    await page.getByRole("button", { name: "Make me the operator" }).click();
    await page.getByText("password must not be the email address").waitFor();
    await page.getByLabel("New password").fill(password);
    await page.getByRole("button", { name: "Make me the operator" }).click();
    await page.getByRole("button", { name: "Account: Ada" }).click();
    await page.getByRole("menuitem", { name: "Sign out" }).click();
    await page.getByRole("heading", { name: "Sign in" }).waitFor();
    await page.getByLabel("Email").fill("first@example.com");
    await page.getByLabel("Password").fill(password);
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("heading", { name: "Usage" }).waitFor();
    page.expected.push(422);
    const cookies = await page.context().cookies();
    assert.deepEqual(cookies.map((one) => [one.name, one.httpOnly, one.sameSite]),
      [["kordless_session", true, "Strict"]]);
  });

  it("a wrong token is refused in the server's words", async ({ browser }) => {
    const page = await browser.open(null, "#/first-run");
    await page.getByLabel("Operator token").fill("kord_oper_wrong");
    await page.getByLabel("Your email").fill("other@example.com");
    await page.getByLabel("New password").fill(password);
    await page.getByRole("button", { name: "Make me the operator" }).click();
    await page.getByRole("alert").getByText("no token of an operator").waitFor();
    page.expected.push(401);
  });

  it("a set-up link works once", async ({ server, browser }) => {
    const made = await server.must("POST", `/api/platform/v1/organizations/${server.org}/members`,
      { email: "new@example.com", role: "viewer" });
    const link = made.setup_url.split("/#")[1];
    const page = await browser.open(null, `#${link}`);
    await page.getByLabel("Your name").fill("New");
    await page.getByLabel("New password").fill(password);
    await page.getByRole("button", { name: "Save and sign in" }).click();
    await page.getByRole("button", { name: "Account: New" }).waitFor();
    assert.ok(!(await page.evaluate(() => location.href)).includes("setup"));
    const again = await browser.open(null, `#${link}`);
    await again.getByLabel("New password").fill(password);
    await again.getByRole("button", { name: "Save and sign in" }).click();
    await again.getByText("This set-up link was used").waitFor();
    again.expected.push(401);
  });

  it("a session that ended leads to the sign-in and back", async ({ server, browser }) => {
    const person = await server.join("ends@example.com", "admin");
    const page = await browser.open(person, "#/keys");
    await settled(page);
    await server.ask("DELETE", "/api/platform/v1/session", undefined, {
      Cookie: `kordless_session=${person.session}`, "X-Kordless-CSRF": person.csrf });
    await page.getByLabel("Search by label or last 4").fill("demo");
    await page.getByText("Your session has ended").waitFor();
    page.expected.push(401);
    await page.getByLabel("Email").fill("ends@example.com");
    await page.getByLabel("Password").fill(password);
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("heading", { name: "API Keys" }).waitFor();
  });

  it("what was typed when the session ended is there after signing in again", async ({ server, browser }) => {
    const person = await server.join("typed@example.com", "admin");
    const page = await browser.open(person, "#/keys");
    await page.getByRole("button", { name: "Generate API Key" }).first().click();
    await page.getByRole("textbox", { name: "Label" }).fill("Typed before");
    await server.ask("DELETE", "/api/platform/v1/session", undefined, {
      Cookie: `kordless_session=${person.session}`, "X-Kordless-CSRF": person.csrf });
    await page.getByRole("button", { name: "Generate key" }).click();
    await page.getByText("Your session has ended").waitFor();
    page.expected.push(401);
    await accessible(page, "the sign-in before a page");
    await page.keyboard.press("Escape");
    await page.keyboard.press("Escape");
    await until(page, () => document.elementFromPoint(5, 5).closest("dialog")?.className === "curtain");
    await page.getByLabel("Email").fill("typed@example.com");
    await page.getByLabel("Password").fill(password);
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByText("Your session has ended").waitFor({ state: "detached" });
    assert.equal(await page.getByRole("textbox", { name: "Label" }).inputValue(), "Typed before");
    await page.getByRole("alert").getByText("You were signed out meanwhile. Try again.").waitFor();
    await page.getByRole("button", { name: "Generate key" }).click();
    await page.getByText("“Typed before” is ready").waitFor();
    await page.getByRole("button", { name: "I have saved it" }).click();
  });

  it("whoever else signs in finds nothing of it", async ({ server, browser }) => {
    const person = await server.join("left@example.com", "admin");
    await server.join("next@example.com", "viewer");
    const page = await browser.open(person, "#/keys");
    await page.getByRole("button", { name: "Generate API Key" }).first().click();
    await page.getByRole("textbox", { name: "Label" }).fill("Left behind");
    await server.ask("DELETE", "/api/platform/v1/session", undefined, {
      Cookie: `kordless_session=${person.session}`, "X-Kordless-CSRF": person.csrf });
    await page.getByRole("button", { name: "Generate key" }).click();
    await page.getByLabel("Email").fill("next@example.com");
    await page.getByLabel("Password").fill(password);
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByText("Not for your role").waitFor();
    assert.equal(await page.locator("dialog").count(), 0);
    page.expected.push(401);
  });

  it("nothing is done for whom somebody else signed in in another tab", async ({ server, browser }) => {
    const page = await browser.open(await server.join("tab@example.com", "admin"), "#/keys");
    await page.getByRole("button", { name: "Generate API Key" }).first().click();
    await page.getByRole("textbox", { name: "Label" }).fill("Whose");
    await browser.enter(page.context(), await server.join("other.tab@example.com", "admin"));
    await page.getByRole("button", { name: "Generate key" }).click();
    await page.getByRole("button", { name: "Account: other.tab@example.com" }).waitFor();
    page.expected.push(403);
    const { api_keys: made } = await server.must("GET", `/api/platform/v1/organizations/${server.org}/api-keys?q=Whose`);
    assert.deepEqual(made, []);
  });

  it("passwords are changed, and with the wrong one they are not", async ({ server, browser }) => {
    const page = await browser.open(await server.join("change@example.com", "admin"), "#/keys");
    await page.getByRole("button", { name: "Account: change@example.com" }).click();
    await page.getByRole("menuitem", { name: "Change password" }).click();
    await page.getByLabel("Present password").fill("not this one at all");
    await page.getByLabel("New password").fill("another horse battery");
    await page.getByRole("button", { name: "Change password" }).click();
    await page.getByText("do not belong together").waitFor();
    page.expected.push(401);
    await page.getByLabel("Present password").fill(password);
    await page.getByRole("button", { name: "Change password" }).click();
    await page.getByText("The password is changed").waitFor();
  });

  it("looks well", async (world) => {
    await seen(world, "sign-in", null, "");
    await seen(world, "first-run", null, "#/first-run");
    await seen(world, "set-up", null, "#setup=kord_link_x");
  });
}
