// What is done to API keys: generated, changed, rotated, revoked.
import { platform } from "./api.js";
import { dateOf, instantOf } from "./days.js";
import { h } from "./dom.js";
import { checkbox, field, form, group, orNull, radios, select } from "./forms.js";
import { showKey } from "./secrets.js";
import { may, session } from "./session.js";
import { currentZone, formatTime } from "./time.js";
import { confirm, dialog, notice, toast } from "./ui.js";

export const scopes = ["bookings:read", "bookings:write", "availability:read", "availability:write",
  "services:read", "services:write", "organization:read", "organization:write", "webhooks:write"];

export const tones = { active: "good", revoked: "bad", expired: "warn", scheduled: "info" };

const DAY = 86400e3;

// Full access, or these.
function scopeFields(chosen = scopes) {
  const every = chosen.length === scopes.length;
  const list = h("div", { class: "checks", hidden: every }, scopes.map((scope) => checkbox({
    name: "scope", value: scope, checked: every || chosen.includes(scope), label: h("code", null, scope) })));
  const node = h("div", null, radios({ label: "Access", name: "access", value: every ? "all" : "some",
    choices: [["all", "Full access", "Everything the calendar API offers."],
      ["some", "Only these scopes"]],
    onchange: (value) => { list.hidden = value === "all"; } }), list);
  node.chosen = (values) => values.access === "all" ? null
    : [...list.querySelectorAll("input:checked")].map((one) => one.value);
  return node;
}

function needScopes(chosen) {
  if (chosen?.length === 0) throw new Error("Choose at least one scope, or full access.");
  return chosen;
}

function inDays(days) {
  return new Date(Date.now() + days * DAY).toISOString().replace(/\.\d+Z$/, "Z");
}

// The last day of what ends at an instant, and the instant at which such a day ends.
const lastDay = (at) => dateOf(currentZone(), Date.parse(at) - 1000);
const endOf = (date) => instantOf(currentZone(), date, "24:00");

const over = (at) => !at || Date.parse(at) <= Date.now();

// Never, in so many days, or at the end of a day.
function expiryFields(present) {
  const date = field({ name: "expires_on", label: "Last day", type: "date", min: dateOf(currentZone()),
    value: over(present) ? "" : lastDay(present) });
  date.hidden = true;
  const choices = [["", "Never"], ["30", "In 30 days"], ["90", "In 90 days"], ["365", "In a year"],
    ["date", "On a date …"]];
  if (present) choices.unshift(["keep", `As it is: ${formatTime(present)}`]);
  const choice = select({ name: "expiry", label: "Expires", value: present ? "keep" : "", choices,
    onchange: (event) => { date.hidden = event.target.value !== "date"; } });
  const node = h("div", { class: "two" }, choice, date);
  node.chosen = (values) => {
    if (values.expiry === "keep") return undefined;
    if (values.expiry !== "date") return values.expiry ? inDays(Number(values.expiry)) : null;
    if (!values.expires_on) throw new Error("Choose the last day of the key.");
    return endOf(values.expires_on);
  };
  return node;
}

const labelField = (value = "") => field({ name: "label", label: "Label", required: true, maxlength: 80, value,
  placeholder: "Front desk", hint: "Say who or what uses the key: one key for each, so that one can be revoked." });
const noteField = (value = "") => field({ name: "note", label: "Note", optional: true, rows: 2,
  maxlength: 2000, value });

export function generate(done) {
  const access = scopeFields(), expiry = expiryFields();
  dialog("Generate API Key", (self) => form([
    labelField(),
    radios({ label: "Environment", name: "environment", value: "production", choices: [
      ["production", "Production", "The key begins with kord_live_."],
      ["development", "Development", "The key begins with kord_test_: the same data, told apart in logs and by policies."]] }),
    access, expiry, noteField(),
  ], { action: "Generate key", cancel: () => self.close() }, async (values) => {
    const made = (await platform.post(`/organizations/${session.org.id}/api-keys`, {
      label: values.label, environment: values.environment, scopes: needScopes(access.chosen(values)),
      expires_at: expiry.chosen(values), note: orNull(values.note) })).api_key;
    self.close();
    showKey(made, `“${made.label}” is ready`, () => done(made));
  }));
}

// Only operators raise or lower a key's limits above the policy.
function limitFields(limits) {
  const number = (name, label) => field({ name, label, type: "number", min: 1, max: 1000000,
    optional: true, value: limits?.[name] ?? "", placeholder: "by policy" });
  return group("Limits in place of the policy's", h("div", { class: "stack" }, h("div", { class: "two" },
    number("per_minute", "Requests a minute"), number("per_hour", "Requests an hour"),
    field({ name: "until", label: "Last day", type: "date", optional: true, min: dateOf(currentZone()),
      value: limits?.until ? lastDay(limits.until) : "", hint: "The policy decides again from then on." }),
    field({ name: "reason", label: "Why", optional: true, maxlength: 200, value: limits?.reason ?? "" }))));
}

function limitsOf(values, before) {
  const count = (text) => text ? Number(text) : null;
  const limits = { per_minute: count(values.per_minute), per_hour: count(values.per_hour),
    reason: orNull(values.reason), until: values.until ? endOf(values.until) : null };
  if (before?.until && values.until === lastDay(before.until)) limits.until = before.until;
  return limits.per_minute || limits.per_hour ? limits : null;
}

export function change(key, done) {
  const own = key.limits?.until && over(key.limits.until) ? null : key.limits; // what has ended is none
  const access = scopeFields(key.scopes), expiry = expiryFields(key.expires_at);
  dialog("Edit key", (self) => form([labelField(key.label), access, expiry, noteField(key.note ?? ""),
    may("operator") && limitFields(own),
  ], { action: "Save", cancel: () => self.close() }, async (values) => {
    const body = { label: values.label, note: orNull(values.note), scopes: needScopes(access.chosen(values)),
      expires_at: expiry.chosen(values) };
    if (may("operator")) body.limits = limitsOf(values, own);
    const changed = (await platform.patch(`/api-keys/${key.id}`, body)).api_key;
    self.close();
    toast("Saved");
    done(changed);
  }));
}

export function rotate(key, done) {
  dialog(`Rotate “${key.label}”`, (self) => form([
    h("p", null, "A new key takes over label, scopes, limits and usage. How long shall the old one, ending in ",
      h("code", null, key.last4), ", go on working beside it?"),
    select({ name: "grace", label: "Grace for the old key", value: "3600", choices: [
      ["0", "None: it stops at once"], ["3600", "1 hour"], ["86400", "24 hours"], ["604800", "7 days"]] }),
  ], { action: "Rotate key", cancel: () => self.close() }, async (values) => {
    const made = (await platform.post(`/api-keys/${key.id}/rotate`,
      { grace_seconds: Number(values.grace) })).api_key;
    self.close();
    showKey(made, `The successor of “${key.label}” is ready`, () => done(made));
  }));
}

export function revoke(key, done) {
  const reason = field({ name: "reason", label: "Reason", optional: true, maxlength: 200,
    placeholder: "Lost laptop" });
  confirm({
    title: "Revoke API key", danger: true, action: `Revoke key\u00a0…${key.last4}`,
    text: h("p", null, "Revoke ", h("strong", null, `“${key.label}”`), ", the key ending in ",
      h("code", null, key.last4), "?"),
    more: [notice("bad", h("p", null, "Every request with it is refused from then on. This cannot be undone.")),
      reason],
  }, async () => {
    const gone = (await platform.post(`/api-keys/${key.id}/revoke`,
      { reason: orNull(reason.control.value) })).api_key;
    toast(`“${gone.label}” is revoked.`);
    done(gone);
  });
}
