// All pages, in the order of the menu. A page is a module with `page(ctx)`, which returns (a
// promise of) its content; see ../README.md for what ctx holds. `path` has parameters
// (":id"); a page without `group` is in no menu and stands under `parent`.
export const pages = [
  { path: "usage", group: "Overview", title: "Usage", icon: "chart", role: "admin",
    load: () => import("./pages/usage.js") },
  { path: "calendar", group: "Overview", title: "Calendar", icon: "calendar", role: "viewer",
    load: () => import("./pages/calendar.js") },
  { path: "services", group: "Catalogue", title: "Services", icon: "tag", role: "viewer",
    load: () => import("./pages/services.js") },
  { path: "services/:id", parent: "services", title: "Service", role: "viewer", load: () => import("./pages/service.js") },
  { path: "hosts", group: "Catalogue", title: "Hosts and teams", icon: "people", role: "viewer",
    load: () => import("./pages/hosts.js") },
  { path: "hosts/:id", parent: "hosts", title: "Host", role: "viewer", load: () => import("./pages/host.js") },
  { path: "hours", group: "Catalogue", title: "Hours", icon: "clock", role: "viewer",
    load: () => import("./pages/hours.js") },
  { path: "keys", group: "Settings", crumbs: ["Settings", "Integration"], title: "API Keys",
    icon: "key", role: "admin", load: () => import("./pages/keys.js") },
  { path: "keys/:id", parent: "keys", crumbs: ["Settings", "Integration"], title: "API key",
    role: "admin", load: () => import("./pages/key.js") },
  { path: "organization", group: "Settings", crumbs: ["Settings"], title: "Organization",
    icon: "building", role: "viewer", load: () => import("./pages/organization.js") },
  { path: "members", group: "Settings", crumbs: ["Settings"], title: "Members", icon: "people",
    role: "admin", load: () => import("./pages/members.js") },
  { path: "audit", group: "Settings", crumbs: ["Settings"], title: "Audit", icon: "scroll",
    role: "admin", load: () => import("./pages/audit.js") },
  { path: "policies", group: "Server", title: "Policies", icon: "shield", role: "operator", everywhere: true,
    load: () => import("./pages/policies.js") },
  { path: "organizations", group: "Server", title: "Organizations", icon: "building",
    role: "operator", everywhere: true, load: () => import("./pages/organizations.js") },
];

function fits(pattern, parts) {
  const names = pattern.split("/"), params = {};
  if (names.length !== parts.length) return null;
  for (const [i, name] of names.entries()) {
    if (name.startsWith(":")) params[name.slice(1)] = decodeURIComponent(parts[i]);
    else if (name !== parts[i]) return null;
  }
  return params;
}

// "#/keys/key_1?q=x" -> { page, params, query }; page is undefined where there is none.
export function locate(hash) {
  const [path, query] = hash.replace(/^#\/?/, "").split("?");
  const parts = path.split("/").filter(Boolean);
  const found = { query: new URLSearchParams(query), params: {} };
  for (const page of pages) {
    const params = fits(page.path, parts);
    if (params) return { ...found, page, params };
  }
  return found;
}
