// The real binary with a data folder of its own, and people who may use it.
import { spawn } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const PLATFORM = "/api/platform/v1";
export const password = "correct horse battery";

function once(stream, pattern, child) {
  return new Promise((resolve, reject) => {
    let text = "";
    stream.on("data", (part) => {
      text += part;
      const found = text.match(pattern);
      if (found) resolve({ text, found });
    });
    child.on("exit", (code) => reject(new Error(`the server did not start (exit ${code})\n${text}`)));
  });
}

// The session that an answer begins: { csrf, session }.
function opened(answer) {
  if (answer.status !== 200) throw new Error(JSON.stringify(answer));
  return { csrf: answer.body.csrf, session: answer.headers.get("set-cookie").match(/kordless_session=([^;]+)/)[1] };
}

export class Server {
  // options: demo (true: with the demo organization), settings(text) -> scripts/kordless.lua
  static async start({ demo = true, settings } = {}) {
    const self = new Server();
    self.dir = mkdtempSync(join(tmpdir(), "server-"));
    self.data = join(self.dir, "data");
    cpSync("scripts", join(self.dir, "scripts"), { recursive: true });
    if (settings) self.script("kordless.lua", settings);
    const words = ["serve", "--data", self.data, "--listen", "127.0.0.1:0", "--workers", "2",
      "--scripts", join(self.dir, "scripts"), "--plugins", "plugins", ...demo ? ["--demo"] : []];
    self.child = spawn(process.env.KORDLESS_TEST_BIN ?? "build/kordless-test", words);
    self.kill = () => self.child.kill("SIGKILL"); // whatever ends the tests
    process.once("exit", self.kill);
    self.log = "";
    self.expected = []; // events of level error that a test brings about
    self.child.stderr.on("data", (part) => { self.log += part; });
    self.ended = new Promise((resolve) => self.child.on("exit", (code) => resolve(code)));
    const said = await once(self.child.stdout, /listening on (http:\S+)/, self.child);
    self.base = said.found[1];
    self.token = readFileSync(join(self.data, "operator-token"), "utf8").trim();
    self.key = said.text.match(/kord_live_\w+/)?.[0];
    self.org = said.text.match(/org_\w+/)?.[0];
    self.people = new Map();
    return self;
  }

  script(name, change) {
    const path = join(this.dir, "scripts", name);
    writeFileSync(path, change(readFileSync(path, "utf8")));
  }

  async stop() {
    this.child.kill("SIGTERM");
    const code = await this.ended;
    process.off("exit", this.kill);
    rmSync(this.dir, { recursive: true, force: true });
    const lines = this.log.split("\n").filter((line) => !this.expected.some((one) => line.includes(` event=${one} `)));
    const bad = lines.find((line) => /Sanitizer|runtime error:|level=error/.test(line));
    if (code !== 0 || bad) throw new Error(`the server ended with ${code}\n${this.log.slice(-4000)}`);
  }

  // As somebody with a token would ask, or with other headers: { status, body, headers }.
  async ask(method, path, body, headers = { Authorization: `Bearer ${this.token}` }) {
    const response = await fetch(this.base + path, { method, redirect: "error",
      headers: { ...headers, ...body === undefined ? {} : { "Content-Type": "application/json" } },
      body: body === undefined ? undefined : JSON.stringify(body) });
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: text ? JSON.parse(text) : null };
  }

  // From here on no time passes for the server: what it counts by the minute stays counted.
  freeze() { return this.must("PUT", "/test/clock", { advance_seconds: 0 }); }

  async must(method, path, body, headers) {
    const answer = await this.ask(method, path, body, headers);
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${JSON.stringify(answer)}`);
    return answer.body;
  }

  // A request with an API key, as a client makes it.
  byKey(key, path = "/api/calendar/v1/services", method = "GET", body = undefined) {
    return this.ask(method, path, body, { "x-kordless-key": key, "x-organization-id": this.org });
  }

  // To an organization's route with somebody's session.
  async as(role, method, path, body) {
    const who = await this.member(role);
    return this.ask(method, path, body, { Cookie: `kordless_session=${who.session}`,
      "X-Kordless-CSRF": who.csrf, "x-organization-id": this.org });
  }

  // Somebody of this role, signed in: { email, session, csrf }; the same one each time.
  async member(role) {
    const known = this.people.get(role);
    if (!known) this.people.set(role, await this.join(`${role}@example.com`, role));
    else if (!known.session) this.people.set(role, await this.signIn(known.email));
    return this.people.get(role);
  }

  // Who is asked for next signs in anew: a session may ask 300 times a minute, a whole file asks more.
  signOut() { for (const one of this.people.values()) one.session = null; }

  async signIn(email) {
    const answer = await this.ask("POST", `${PLATFORM}/session`, { email, password }, {});
    return { email, ...opened(answer) };
  }

  async join(email, role, name) {
    const operator = role === "operator";
    const made = await this.must("POST", operator ? `${PLATFORM}/members`
      : `${PLATFORM}/organizations/${this.org}/members`, { email, name, ...operator ? {} : { role } });
    const answer = await this.ask("POST", `${PLATFORM}/session/setup`,
      { token: made.setup_url.split("#setup=")[1], password }, {});
    return { email, ...opened(answer) };
  }
}
