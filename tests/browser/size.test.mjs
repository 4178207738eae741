// What a browser has to load, and from where.
import assert from "node:assert/strict";
import { settled, until } from "./browser.mjs";

export default function tests(it) {
  it("all of it is under 100 KB, apart from the chart library", async ({ browser }) => {
    const page = await browser.open("admin", "#/usage");
    const seen = new Map();
    page.on("response", async (response) => {
      const url = new URL(response.url());
      if (url.pathname.startsWith("/assets/")) {
        seen.set(url.pathname, Number(response.headers()["content-length"]));
      }
    });
    await page.reload();
    const names = await page.evaluate(async () => {
      const folder = document.querySelector('script[type="module"]').src.replace("app.js", "");
      const { pages } = await import(`${folder}pages.js`);
      await Promise.all(pages.map((one) => one.load()));
      await Promise.all(["doors", "csv"].map((one) => import(`${folder}${one}.js`)));
      return pages.length;
    });
    await settled(page);
    assert.ok(names >= 6);
    let sum = 0;
    for (const [path, size] of seen) if (!path.endsWith("/chart.js")) sum += size;
    assert.ok(seen.size > 15 && sum > 20000, `${seen.size} files, ${sum} bytes`);
    assert.ok(sum < 100000, `${sum} bytes`);
    console.log(`note: ${seen.size} files, ${(sum / 1000).toFixed(1)} KB packed and without the charts`);
  });

  it("a second visit loads no file again", async ({ server, browser }) => {
    const page = await browser.open("admin", "#/keys");
    await settled(page);
    await page.goto("about:blank");
    await page.goto(`${server.base}/#/keys`);
    await settled(page);
    const sizes = await page.evaluate(() => performance.getEntriesByType("resource")
      .filter((one) => one.name.includes("/assets/")).map((one) => one.transferSize));
    assert.ok(sizes.length > 5 && sizes.every((size) => size === 0), `${sizes}`);
    let best = Infinity;
    for (let i = 0; i < 5; i += 1) {
      await page.goto("about:blank");
      await page.goto(`${server.base}/#/keys`);
      await settled(page);
      await until(page, () => performance.getEntriesByName("first-contentful-paint").length > 0);
      best = Math.min(best, await page.evaluate(() =>
        performance.getEntriesByName("first-contentful-paint")[0].startTime));
    }
    console.log(`note: first paint after ${Math.round(best)} ms`);
  });
}
