// The frame around pages: the menu, whose organization, who is signed in; and which page.
import { calendar, platform } from "./api.js";
import { fill, h, refill } from "./dom.js";
import { icon, logo } from "./icons.js";
import { locate, pages } from "./pages.js";
import { choose, may, session, signOut } from "./session.js";
import { currentZone, zoneName } from "./time.js";
import { button, empty, menu, problem, segmented, skeleton } from "./ui.js";

let main, nav, outside, stay;

// --- the menu ---

const visible = (page) => page.group && may(page.role);
const home = () => pages.find(visible);

function menuList() {
  const groups = new Map();
  for (const page of pages.filter(visible)) {
    if (!groups.has(page.group)) groups.set(page.group, []);
    groups.get(page.group).push(page);
  }
  return [...groups].map(([name, list]) => h("div", { class: "nav-group" },
    h("h2", { class: "nav-title" }, name),
    h("ul", null, list.map((page) => h("li", null,
      h("a", { href: `#/${page.path}`, data: { path: page.path } }, icon(page.icon), page.title))))));
}

function mark(page) {
  const path = page?.parent ?? page?.path;
  for (const one of nav.querySelectorAll("a[data-path]")) {
    if (one.dataset.path === path) one.setAttribute("aria-current", "page");
    else one.removeAttribute("aria-current");
  }
}

// --- whose matters ---

async function switchTo(org, path) {
  await choose(org);
  frame();
  if (path && location.hash !== `#/${path}`) location.hash = `#/${path}`;
  else navigate();
}

function organizationChooser() {
  const name = h("span", { class: "org-name" }, session.org?.name ?? "No organization");
  if (!may("operator")) return h("div", { class: "org" }, icon("building"), name);
  const opener = h("button", { type: "button", class: "org org-switch",
    onclick: () => chooser() }, icon("building"), name, icon("down", 14));
  opener.setAttribute("aria-label", `Organization: ${session.org?.name ?? "none"}. Choose another`);
  return opener;
}

async function chooser() {
  const { chooseOrganization } = await import("./pages/organizations.js");
  chooseOrganization(switchTo);
}

// --- who is signed in ---

function useTheme(theme) {
  if (theme === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  try { localStorage.setItem("kordless.theme", theme); } catch { /* until the page is left */ }
  window.dispatchEvent(new Event("themechange"));
}

function themes() {
  return segmented("Theme", [["light", "Light"], ["dark", "Dark"], ["system", "System"]],
    document.documentElement.dataset.theme ?? "system", useTheme);
}

function account() {
  const who = session.me.name || session.me.email;
  const opener = h("button", { type: "button", class: "account" },
    h("span", { class: "avatar", "aria-hidden": "true" }, [...who][0].toUpperCase()),
    h("span", { class: "account-name" }, h("span", { class: "clip" }, who),
      h("span", { class: "faint" }, session.me.role)), icon("dots"));
  opener.setAttribute("aria-label", `Account: ${who}`);
  return menu("Account", [
    { label: "Change password", icon: "key", onclick: async () =>
      (await import("./doors.js")).changePassword() },
    { label: "API reference", icon: "scroll", href: "/docs" },
    { label: "Sign out", icon: "leave", onclick: async () => {
      await signOut(); // who is not signed out must not be told so
      outside();
    } },
  ], opener);
}

// --- the frame ---

let root;

function frame() {
  nav = h("nav", { class: "side", id: "menu", "aria-label": "Main" },
    h("a", { class: "brand", href: `#/${home().path}` }, logo(), h("span", null, "Kordless")),
    organizationChooser(), h("div", { class: "nav-scroll" }, menuList()),
    h("div", { class: "side-foot" }, themes(), account()));
  main = h("main", { class: "main", id: "main", tabindex: -1 });
  const opener = button("", { icon: "menu", kind: "quiet", title: "Open the menu",
    onclick: () => toggle(true) });
  opener.setAttribute("aria-controls", "menu");
  fill(root, h("a", { class: "skip", href: "#main", onclick: (event) => {
    event.preventDefault();
    main.focus();
  } }, "Skip to the content"),
  h("header", { class: "top" }, opener, h("a", { class: "brand", href: `#/${home().path}` }, logo(24),
    h("span", null, "Kordless")), h("span", { class: "top-org clip" }, session.org?.name ?? "")),
  h("div", { class: "shade", onclick: () => toggle(false) }), nav, main);
}

function escaped(event) {
  if (event.key !== "Escape" || !root.classList.contains("menu-open")) return;
  toggle(false);
  root.querySelector(".top button").focus();
}

function toggle(open) {
  root.classList.toggle("menu-open", open);
  if (open) nav.querySelector("a").focus();
}

// --- pages ---

function crumbs(page) {
  const parent = pages.find((one) => one.path === page.parent);
  const names = page.crumbs ?? [];
  if (!names.length && !parent) return null;
  return h("nav", { class: "crumbs", "aria-label": "Where this is" }, names.map((name) =>
    h("span", null, name)), parent && h("a", { href: `#/${parent.path}` }, parent.title));
}

let touched = Date.now();
for (const name of ["pointerdown", "keydown"]) document.addEventListener(name, () => { touched = Date.now(); }, true);

// Asks again and again while the page is looked at, but not where nobody touched it for an hour.
function repeat(signal, seconds, work) {
  let timer;
  const wait = (factor) => {
    if (!signal.aborted) timer = setTimeout(run, seconds * 1000 * factor);
  };
  const run = async () => {
    if (document.hidden || Date.now() - touched > 3600e3) return wait(1);
    try {
      await work();
      wait(1);
    } catch (fault) { // when the server says, or whatever it was: less often
      wait(fault.wait ? Math.max(fault.wait / seconds, 1) : 4);
    }
  };
  signal.addEventListener("abort", () => clearTimeout(timer));
  wait(1);
}

function context(found, heading) {
  const org = session.org, { signal } = stay, here = location.hash;
  const aborts = (client) => ({ ...client,
    get: (path, query, options) => client.get(path, query, { signal, ...options }) });
  return {
    ...found, org, me: session.me, may, signal, zone: currentZone(),
    platform: aborts(platform), calendar: org && aborts(calendar(org.id)),
    title: (text) => {
      if (signal.aborted) return;
      fill(heading, text);
      document.title = `${text} · Kordless`;
    },
    actions: (...nodes) => signal.aborted || refill(main.querySelector(".page-actions"), nodes),
    go: (path) => { if (location.hash === here) location.hash = `#/${path}`; }, // unless somebody went elsewhere
    refresh: async () => {
      if (location.hash !== here) return;
      await navigate();
      if (document.activeElement === document.body) main.focus({ preventScroll: true });
    },
    every: (seconds, work) => repeat(signal, seconds, work),
    renamed: (name) => {
      session.org = { ...session.org, name };
      frame();
      return navigate();
    },
    rezoned: async () => {
      await choose(session.org);
      return navigate();
    },
    switchTo,
  };
}

function refused(page) {
  return empty("shield", "Not for your role", `This page takes the role ${page.role}, and yours is `
    + `${session.me.role}. Ask who manages members.`);
}

function missing(page) {
  if (!page) return empty("search", "There is no such page", "Choose one from the menu.");
  if (!may(page.role)) return refused(page);
  if (!session.org && !page.everywhere) {
    return empty("building", "No organization yet", "Keys, usage and bookings belong to an organization. "
      + "Make the first one.", h("a", { class: "button primary", href: "#/organizations" }, "Organizations"));
  }
  return null;
}

// A module that cannot be had is had by loading all of it anew: the server may be a newer one.
async function moduleOf(page) {
  try {
    return await page.load();
  } catch {
    const fault = new Error("This page cannot be loaded. The server is not reached, or was updated meanwhile.");
    fault.anew = true;
    throw fault;
  }
}

async function load(found, heading, content) {
  try {
    const module = await moduleOf(found.page);
    const made = await module.page(context(found, heading));
    if (!stay.signal.aborted) fill(content, made);
  } catch (fault) {
    if (fault.name !== "AbortError") fill(content, problem(fault, () =>
      fault.anew ? location.reload() : navigate()));
  }
}

export async function navigate() {
  stay?.abort();
  stay = new AbortController();
  toggle(false);
  const found = locate(location.hash);
  if (!found.page && !location.hash.replace(/^#\/?/, "")) {
    location.replace(`#/${home().path}`);
    return undefined;
  }
  const heading = h("h1", null, found.page?.title ?? "Not found");
  const content = h("div", { class: "content" }, skeleton());
  const none = missing(found.page);
  document.title = `${found.page?.title ?? "Not found"} · Kordless`;
  mark(found.page);
  fill(main, found.page && crumbs(found.page), h("div", { class: "page-head" }, heading,
    h("div", { class: "page-actions row" })), content,
  h("footer", { class: "page-foot faint" }, session.org && `Times are in ${zoneName()}.`));
  window.scrollTo(0, 0);
  if (none) return fill(content, none);
  const mine = stay;
  await load(found, heading, content);
  return mine;
}

// What stands over a page goes with it, unless it may not be lost.
function changed() {
  if (location.hash && !location.hash.startsWith("#/")) return;
  document.querySelectorAll("dialog[open]").forEach((one) => one.dispatchEvent(new Event("cancel")));
  navigate().then(() => main.focus({ preventScroll: true }));
}

export function show(node, leave) {
  root = node;
  root.className = "inside";
  outside = leave;
  frame();
  navigate();
  window.addEventListener("hashchange", changed);
  window.addEventListener("keydown", escaped);
}

export function stop() {
  stay?.abort();
  window.removeEventListener("hashchange", changed);
  window.removeEventListener("keydown", escaped);
  if (root) root.className = "";
}
