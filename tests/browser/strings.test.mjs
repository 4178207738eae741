// Whatever people type is shown as they typed it, and is nothing but text.
import assert from "node:assert/strict";
import { settled } from "./browser.mjs";

const P = "/api/platform/v1";

const strings = {
  markup: `<img src=x onerror="globalThis.broken=1"><b>bold</b>`,
  script: `"><script>globalThis.broken=1</script>`,
  address: "javascript:globalThis.broken=1",
  entities: "&lt;i&gt; &amp;amp; &#x41;",
  template: "${globalThis.broken=1} {{7*7}} %s %n",
  quotes: `'"\\\`; DROP TABLE api_key; --`,
  right: "\u202Egnirts\u202C \u05E9\u05DC\u05D5\u05DD \u0645\u0631\u062D\u0628\u0627",
  emoji: "👩🏽‍💻🏳️‍🌈 🇺🇳 \u{1F600}e\u0301\u0323",
  wide: "W".repeat(80),
  blank: "a  b\u200Bc\u00A0d",
  prototype: "__proto__",
};

const telling = [strings.markup, strings.right, strings.emoji, strings.wide]; // where all would take long

// All of the text of the page, as it is and not as it looks.
const text = (page) => page.evaluate(() => document.body.textContent);

async function harmless(page, name) {
  assert.equal(await page.evaluate(() => globalThis.broken), undefined, `${name}: code ran`);
  const strange = await page.evaluate(() => document.querySelectorAll(
    "img, b, i, script:not([src]), [onerror], a[href^='javascript']").length);
  assert.equal(strange, 0, `${name}: markup became elements`);
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  assert.ok(wide <= 0, `${name}: ${wide} px too wide`);
}

async function shows(page, name, wanted) {
  await settled(page);
  const all = await text(page);
  for (const one of wanted) assert.ok(all.includes(one), `${name} lacks ${JSON.stringify(one)}`);
  await harmless(page, name);
}

export default function tests(it) {
  for (const look of ["light", "narrow"]) {
    it(`in labels and notes of keys, ${look}`, async ({ server, browser }) => {
      const made = [];
      for (const one of Object.values(strings)) {
        made.push((await server.must("POST", `${P}/organizations/${server.org}/api-keys`,
          { label: one, note: one.repeat(Math.floor(2000 / one.length)) })).api_key);
      }
      await shows(await browser.open("admin", "#/keys", look), "keys", Object.values(strings));
      for (const key of made.filter((one) => telling.includes(one.label))) {
        const page = await browser.open("admin", `#/keys/${key.id}`, look);
        await shows(page, "key", [key.label, key.note]);
        await page.getByRole("button", { name: "Revoke" }).click();
        assert.ok((await page.getByRole("dialog").textContent()).includes(`“${key.label}”`));
        await harmless(page, "revoke");
        await page.context().close();
      }
      await shows(await browser.open("admin", "#/usage", look), "usage", Object.values(strings)
        .slice(0, 5));
      await shows(await browser.open("admin", "#/audit", look), "audit", [strings.prototype]);
    });

    it(`in names of people and organizations, ${look}`, async ({ server, browser }) => {
      for (const [name, one] of Object.entries(strings)) {
        await server.join(`${name}.${look}@example.com`, "viewer", one);
      }
      const owner = await server.member("owner");
      await shows(await browser.open(owner, "#/members", look), "members", Object.values(strings));
      for (const one of [strings.markup, strings.right, strings.emoji, "W".repeat(200)]) {
        await server.must("PATCH", `${P}/organizations/${server.org}`, { name: one });
        await shows(await browser.open("operator", "#/organizations", look), "organizations", [one]);
        const page = await browser.open("owner", "#/organization", look);
        await settled(page);
        assert.equal(await page.getByLabel("Name", { exact: true }).inputValue(), one);
        await harmless(page, "organization");
      }
      const named = await server.join(`me.${look}@example.com`, "admin", strings.markup);
      await shows(await browser.open(named, "#/keys", look), "account", [strings.markup]);
    });
  }

  it("does not turn what stands after it", async ({ server, browser }) => {
    const { key, last4 } = (await server.must("POST", `${P}/organizations/${server.org}/api-keys`,
      { label: "\u202Edaer ton" })).api_key;
    await server.byKey(key);
    const page = await browser.open("admin", "#/usage");
    const name = page.locator(".legend .clip", { hasText: last4 });
    await name.waitFor();
    const [first, last] = await name.evaluate((one, n) => [n, 1].map((back) => {
      const range = document.createRange(), text = one.firstChild;
      range.setStart(text, text.length - back);
      range.setEnd(text, text.length - back + 1);
      return range.getBoundingClientRect().left;
    }), last4.length);
    assert.ok(first < last, "the last 4 run backwards");
  });

  it("in addresses, searches and refusals", async ({ browser }) => {
    for (const one of [...telling, strings.quotes]) {
      const page = await browser.open("admin", `#/keys?q=${encodeURIComponent(`none ${one}`)}`);
      await shows(page, "search", [`none ${one}`]);
      await page.context().close();
    }
    const page = await browser.open("admin", `#/${encodeURIComponent(strings.markup)}/x`);
    await shows(page, "no such page", ["There is no such page"]);
  });

  it("of 10,000 characters are refused by the API, which the page says", async ({ browser }) => {
    const page = await browser.open("admin", "#/keys");
    await page.getByRole("button", { name: "Generate API Key" }).first().click();
    await page.getByRole("textbox", { name: "Label" }).evaluate((input, value) => {
      input.removeAttribute("maxlength");
      input.value = value;
    }, "<b>".repeat(3334));
    await page.getByRole("button", { name: "Generate key" }).click();
    await page.getByRole("alert").getByText(/label.*80/).waitFor();
    await harmless(page, "a long label");
    page.expected.push(400);
  });
}
