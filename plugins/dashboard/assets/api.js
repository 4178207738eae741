// The one way to the server: the platform's routes and the organization's, as the person who
// is signed in. What is refused arrives as an ApiError with the server's own sentence.

export const PLATFORM = "/api/platform/v1";
export const CALENDAR = "/api/calendar/v1";

export class ApiError extends Error {
  constructor(status, body) {
    super(body.detail || `The server answered ${status}.`);
    this.status = status;
    this.code = body.code || "";
    this.body = body;
  }
}

let csrf = null, person = null;
let ended = () => {};
let pending = 0;
const bar = document.createElement("div");
bar.className = "working";
bar.setAttribute("aria-hidden", "true");
document.body.append(bar);

// Of whose session.
export function useCsrf(value, id) { [csrf, person] = [value, id]; }
// Called when the session is over, whatever was asked.
export function onEnded(handler) { ended = handler; }

function working(step) {
  pending += step;
  bar.classList.toggle("on", pending > 0);
}

function address(path, query) {
  const list = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value !== undefined && value !== null && value !== "") list.append(name, value);
  }
  const text = list.toString();
  return text ? `${path}?${text}` : path;
}

async function send(method, path, options) {
  const headers = { Accept: "application/json" };
  if (options.body !== undefined) headers["Content-Type"] = "application/json";
  if (options.token) headers.Authorization = `Bearer ${options.token}`;
  else if (csrf && method !== "GET") headers["X-Kordless-CSRF"] = csrf;
  if (options.org) headers["x-organization-id"] = options.org;
  if (options.match !== undefined) headers["If-Match"] = `"${options.match}"`;
  if (options.once) headers["Idempotency-Key"] = options.once;
  try {
    return await fetch(address(path, options.query), {
      method, headers, signal: options.signal, cache: "no-store", redirect: "error",
      credentials: options.token ? "omit" : "same-origin",
      body: options.body === undefined ? undefined : JSON.stringify(options.body),
    });
  } catch (fault) {
    if (fault.name === "AbortError") throw fault;
    throw new ApiError(0, { code: "unreachable",
      detail: "The server cannot be reached. Check the connection and try again." });
  }
}

async function read(response) {
  if (response.status === 204 || response.status === 304) return null;
  try {
    return await response.json();
  } catch {
    return { detail: `The server answered ${response.status} with something that is no JSON.` };
  }
}

// What a page asks again by itself arrives when nobody is about to click what it redraws, or
// has something open over it.
async function calm(signal) {
  const open = "dialog[open], :popover-open";
  for (let i = 0; document.querySelector(i < 50 ? `${open}, :active` : open); i += 1) {
    await new Promise((resolve) => { setTimeout(resolve, 200); });
    signal?.throwIfAborted();
  }
}

// options: query, body, org (x-organization-id), signal, quiet (no bar, and calm), token (in place of
// the session), match (If-Match), once (Idempotency-Key).
export async function call(method, path, options = {}) {
  if (!options.quiet) working(1);
  try {
    const response = await send(method, path, options);
    const body = await read(response);
    if (options.quiet && method === "GET") await calm(options.signal);
    if (response.ok) return body;
    if (body.code === "csrf_mismatch" && !options.again && !options.token) {
      const now = await call("GET", `${PLATFORM}/session`); // signed in anew in another tab
      if (now.member && now.member.id !== person) {
        location.reload();
        throw new ApiError(0, { detail: "Somebody else has signed in in this browser." });
      }
      useCsrf(now.csrf, person);
      return call(method, path, { ...options, again: true });
    }
    const over = body.code === "session_ended" || body.code === "sign_in_required";
    if (response.status === 401 && over && !options.token) {
      ended();
      body.detail = "You were signed out meanwhile. Try again.";
    }
    throw Object.assign(new ApiError(response.status, body),
      { wait: Number(response.headers.get("Retry-After")) });
  } finally {
    if (!options.quiet) working(-1);
  }
}

const methods = { get: "GET", post: "POST", patch: "PATCH", put: "PUT", remove: "DELETE" };

function client(prefix, more) {
  return Object.fromEntries(Object.entries(methods).map(([name, method]) => [name,
    name === "get" || name === "remove"
      ? (path, query, options) => call(method, prefix + path, { query, ...more(), ...options })
      : (path, body, options) => call(method, prefix + path, { body, ...more(), ...options })]));
}

// platform.get("/session"), platform.post("/session", body)
export const platform = client(PLATFORM, () => ({}));
// The same for an organization's routes: calendar("org_…").get("/services")
export const calendar = (org) => client(CALENDAR, () => ({ org }));

// All of a list, page by page, at most `most` of it: { list, more }.
export async function all(get, path, name, query = {}, most = 1000) {
  const list = [];
  let cursor;
  do {
    const page = await get(path, { limit: 100, ...query, cursor });
    list.push(...page[name]);
    cursor = page.next_cursor;
  } while (cursor && list.length < most);
  return { list, more: Boolean(cursor) };
}
