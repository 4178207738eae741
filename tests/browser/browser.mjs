// Chromium, and a watch over every page: nothing on its console, nothing that its policy
// refuses, no word with another host, no refusal by the API that the test did not expect.
import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const load = createRequire(join(process.env.BROWSER_WORK ?? "build/browser", "package.json"));
const { chromium } = load("playwright-core");
const axe = readFileSync(load.resolve("axe-core/axe.min.js"), "utf8");
const screenshots = process.env.SCREENSHOTS ?? "build/screenshots";
mkdirSync(screenshots, { recursive: true });

const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];
export const looks = {
  light: { colorScheme: "light", viewport: { width: 1280, height: 860 } },
  dark: { colorScheme: "dark", viewport: { width: 1280, height: 860 } },
  narrow: { colorScheme: "light", viewport: { width: 360, height: 740 } },
};

export class Browser {
  static async start(server) {
    const self = new Browser();
    self.server = server;
    self.contexts = [];
    self.chromium = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
      args: ["--no-sandbox", "--disable-dev-shm-usage", "--disable-component-update"] });
    return self;
  }

  async stop() { await this.chromium.close(); }

  // Whatever was seen on pages that the test left open is a failure of this test.
  async closePages() {
    const all = this.contexts.splice(0);
    for (const one of all) await one.context.close();
    for (const one of all) one.check();
  }

  // who: a role, somebody of server.join, or null for nobody; look: of `looks`, or options.
  async open(who, path = "", look = "light") {
    const context = await this.chromium.newContext({ reducedMotion: "reduce", locale: "en-US",
      timezoneId: "Asia/Tokyo", ...typeof look === "string" ? looks[look] : look });
    if (who) await this.enter(context, typeof who === "string" ? await this.server.member(who) : who);
    await context.addInitScript(axe);
    const page = await context.newPage();
    page.setDefaultTimeout(60000);
    if (process.env.SLOWER) {
      await (await context.newCDPSession(page)).send("Emulation.setCPUThrottlingRate", { rate: Number(process.env.SLOWER) });
    }
    const watch = new Watch(this.server, context, page);
    this.contexts.push(watch);
    page.expected = watch.expected;
    await page.goto(`${this.server.base}/${path}`);
    return page;
  }

  async enter(context, person) {
    await context.addCookies([{ name: "kordless_session", value: person.session, url: this.server.base,
      httpOnly: true, sameSite: "Strict" }]);
    await context.addInitScript((org) => {
      if (!location.protocol.startsWith("http")) return;
      localStorage.setItem("kordless.signed-in", "yes");
      localStorage.getItem("kordless.organization") ?? localStorage.setItem("kordless.organization", org);
    }, this.server.org ?? "");
  }
}

class Watch {
  constructor(server, context, page) {
    Object.assign(this, { context, faults: [], expected: [], refused: [] });
    context.addInitScript(() => document.addEventListener("securitypolicyviolation",
      (event) => console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`)));
    page.on("console", (message) => {
      const loading = message.text().startsWith("Failed to load resource"); // counted below
      if (["error", "warning"].includes(message.type()) && !loading) this.faults.push(message.text());
    });
    page.on("pageerror", (fault) => this.faults.push(fault.stack));
    page.on("request", (request) => {
      const url = request.url();
      if (!url.startsWith(`${server.base}/`) && !/^(data|blob):/.test(url)) this.faults.push(`asked ${url}`);
    });
    page.on("response", (response) => response.status() >= 400 && this.refused.push(response.status()));
  }

  check() {
    assert.deepEqual(this.faults, [], "the page's console, policy and requests");
    const left = [...this.expected];
    const others = this.refused.filter((status) => {
      const at = left.indexOf(status);
      if (at >= 0) left.splice(at, 1);
      return at < 0;
    });
    assert.deepEqual(others, [], "answers that refused, beyond those expected");
  }
}

// What people with a screen reader, or little contrast, would stumble over.
export async function accessible(page, name) {
  const found = await page.evaluate((tags) => window.axe.run(document,
    { runOnly: tags, resultTypes: ["violations"] }), TAGS);
  const faults = found.violations.map((one) => `${one.id}: ${one.help}\n`
    + one.nodes.slice(0, 3).map((node) => `    ${node.html.slice(0, 160)}\n    ${node.failureSummary}`).join("\n"));
  assert.equal(faults.length, 0, `${name}:\n${faults.join("\n")}`);
}

// A page as everybody sees it: light, dark and narrow; looked at and kept as pictures.
export async function seen(world, name, who, path, prepare = async () => {}) {
  for (const look of Object.keys(looks)) {
    const page = await world.browser.open(who, path, look);
    await settled(page);
    await prepare(page);
    assert.deepEqual(await page.getByRole("alert").allInnerTexts(), [], `${name}, ${look}: faults`);
    await page.evaluate(() => window.scrollTo(0, 0));
    await page.screenshot({ path: join(screenshots, `${name}-${look}.png`), fullPage: true });
    await accessible(page, `${name}, ${look}`);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    assert.ok(wide <= 0, `${name}, ${look}: ${wide} px wider than the window`);
    await world.browser.closePages(); // or it would go on asking
  }
}

// Until nothing loads any more.
export async function settled(page) {
  await page.waitForLoadState("networkidle");
  await page.evaluate(() => new Promise((done) => { setTimeout(done, 0); })); // after what is queued, a hashchange say
  await until(page, () => !document.querySelector(".skeleton, .boot, .working.on, [aria-busy=true]"));
}

// Asks the page until it says yes. (Playwright's own waitForFunction evaluates a string there,
// which the page's policy refuses.)
export async function until(page, asked, value) {
  const end = Date.now() + 90000;
  while (!await page.evaluate(asked, value)) {
    if (Date.now() > end) throw new Error(`not within 90 s: ${asked}`);
    await page.waitForTimeout(100);
  }
}

// The same of what is no page's.
export async function eventually(holds, what = holds) {
  const end = Date.now() + 90000;
  while (!await holds()) {
    assert.ok(Date.now() < end, `not within 90 s: ${what}`);
    await new Promise((resolve) => { setTimeout(resolve, 100); });
  }
}

// Keeps whatever waits for 5 s and more, as refreshes do, until `pass` is called; `waits` has how
// long each was to wait.
export async function holdTimers(page) {
  await page.addInitScript(() => {
    const { setTimeout: real } = window, kept = [];
    window.waits = [];
    window.setTimeout = (work, ms, ...more) => {
      if (ms < 5000) return real(work, ms, ...more);
      window.waits.push(ms);
      return -kept.push(work);
    };
    window.passTime = () => kept.splice(0).forEach((work) => work());
  });
  await page.reload();
  await settled(page);
}
export const pass = (page) => page.evaluate(() => window.passTime());
