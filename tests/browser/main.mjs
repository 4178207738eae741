// Runs tests/browser/*.test.mjs, each with a server and a browser of its own, one after the
// other. A file's default export is called with `it(name, work)`.
import { readdirSync } from "node:fs";
import { Browser } from "./browser.mjs";
import { Server } from "./server.mjs";

const only = process.argv[2] ?? "";
const sum = { passed: 0, failed: 0, skipped: 0 };

async function attempt(name, work) {
  try {
    await work();
    sum.passed += 1;
    console.log(`ok    ${name}`);
  } catch (fault) {
    sum.failed += 1;
    console.log(`\n---- FAILED ${name} ----\n${fault.stack ?? fault}\n`);
  }
}

async function runFile(name) {
  const tests = [], world = {};
  try {
    const module = await import(`./${name}`);
    module.default((title, work) => tests.push([title, work]));
    world.server = await Server.start(module.options);
    world.browser = await Browser.start(world.server);
    for (const [title, work] of tests) {
      world.server.signOut();
      await attempt(`${name.replace(".test.mjs", "")}: ${title}`, async () => {
        const faults = [];
        await (async () => work(world))().catch((fault) => faults.push(fault));
        await world.browser.closePages().catch((fault) => faults.push(fault));
        if (faults.length > 0) throw new Error(faults.map((one) => one.stack ?? one).join("\n\n"));
      });
    }
  } catch (fault) {
    await attempt(`${name}: begins`, () => { throw fault; });
  } finally {
    await world.browser?.stop();
    await attempt(`${name.replace(".test.mjs", "")}: the server ends well`, () => world.server?.stop());
  }
}

for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"]) process.once(signal, () => process.exit(1));

const files = readdirSync(new URL(".", import.meta.url)).sort()
  .filter((one) => one.endsWith(".test.mjs") && one.includes(only));
for (const file of files) await runFile(file);
if (sum.passed + sum.failed === 0) sum.failed = 1;
console.log(`${sum.passed} passed, ${sum.failed} failed, ${sum.skipped} skipped`);
process.exit(sum.failed > 0 ? 1 : 0);
