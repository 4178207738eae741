// Who is signed in, and whose matters are looked after.
import { calendar, platform, useCsrf } from "./api.js";
import { useZone } from "./time.js";

const ranks = { viewer: 1, admin: 2, owner: 3, operator: 4 };
const CHOSEN = "kordless.organization", SIGNED_IN = "kordless.signed-in";

// A note that survives the page, where the browser keeps any.
function note(name, value) {
  try {
    if (value === null) localStorage.removeItem(name);
    else localStorage.setItem(name, value);
  } catch { /* only not remembered */ }
}
function noted(name) {
  try { return localStorage.getItem(name); } catch { return "unknown"; }
}

export const session = {
  me: null,   // { id, email, name, role }
  org: null,  // { id, slug, name }, or null where an operator has chosen none
};

// Is the role at least this one?
export function may(role) {
  return Boolean(session.me) && ranks[session.me.role] >= ranks[role];
}

async function zoneOf(org) {
  try {
    const answer = await calendar(org.id).get(`/schedules/organization/${org.id}`);
    return answer.schedule.timezone;
  } catch { // it has no hours yet
    return "UTC";
  }
}

export async function choose(org) {
  session.org = org;
  if (org) note(CHOSEN, org.id);
  useZone(org ? await zoneOf(org) : "UTC");
}

async function chosenByOperator() {
  const id = noted(CHOSEN);
  if (id?.startsWith("org_")) {
    try { return (await platform.get(`/organizations/${id}`)).organization; } catch { /* gone */ }
  }
  return (await platform.get("/organizations", { limit: 1 })).organizations[0] ?? null;
}

// From the answer of GET /session or of a sign-in; a sign-in names no role of its own.
export async function enter(answer) {
  useCsrf(answer.csrf, answer.member.id);
  note(SIGNED_IN, "yes");
  session.me = { ...answer.member, role: answer.role ?? answer.member.role };
  await choose(answer.organization ?? (may("operator") ? await chosenByOperator() : null));
}

export function leave() {
  session.me = null;
  session.org = null;
  note(SIGNED_IN, null);
  useCsrf(null, null);
}

// True if a session goes on. Its cookie is not for scripts to see, so whoever never signed in
// here is not asked for.
export async function resume() {
  if (!noted(SIGNED_IN)) return false;
  try {
    const answer = await platform.get("/session");
    if (!answer.member) return false;
    await enter(answer);
    return true;
  } catch (fault) {
    if (fault.status === 401) return false;
    throw fault;
  }
}

export async function signOut() {
  await platform.remove("/session");
  leave();
}
