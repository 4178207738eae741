// Settings → Members: who may sign in, with which role; and for operators, who they are.
import { fill, h } from "../dom.js";
import { all } from "../api.js";
import { field, form, orNull, radios } from "../forms.js";
import { may } from "../session.js";
import { formatDate, when } from "../time.js";
import { badge, button, card, confirm, copyButton, dialog, empty, menu, notice, table, toast } from "../ui.js";

const roles = [
  ["viewer", "Viewer", "Sees calendar and organization, changes nothing."],
  ["admin", "Admin", "Also books, keeps hours and services, and has API keys and usage."],
  ["owner", "Owner", "Also members, and suspends the organization."]];

// Where the dashboard was reached, the link will be as well.
function showLink(answer, title) {
  const url = `${location.origin}/#setup=${answer.setup_url.split("#setup=")[1]}`;
  dialog(title, (self) => [h("div", { class: "stack" },
    h("p", null, "Send this link to ", h("strong", null, answer.member.email), ". It works once, for 72 hours, and is "
      + "not shown again."),
    h("div", { class: "secret" }, h("code", { data: { link: "" } }, url), copyButton(url, "the link", { label: "Copy" }))),
  h("div", { class: "dialog-foot" }, button("Done", { kind: "primary", onclick: () => self.close() }))]);
}

function invite(ctx, operator) {
  dialog(operator ? "Invite an operator" : "Invite a member", (self) => form([
    field({ name: "email", label: "Email", type: "email", required: true, maxlength: 254 }),
    field({ name: "name", label: "Name", optional: true, maxlength: 200 }),
    operator ? notice("warn", h("p", null, "Operators see and change every organization of this server."))
      : radios({ label: "Role", name: "role", value: "viewer", choices: roles }),
  ], { action: "Make set-up link", cancel: () => self.close() }, async (values) => {
    const body = { email: values.email, name: orNull(values.name) ?? undefined };
    const answer = operator ? await ctx.platform.post("/members", body)
      : await ctx.platform.post(`/organizations/${ctx.org.id}/members`, { ...body, role: values.role });
    self.close();
    showLink(answer, "Invited");
    ctx.refresh();
  }));
}

function change(ctx, member) {
  dialog(`Edit ${member.email}`, (self) => form([
    field({ name: "name", label: "Name", optional: true, maxlength: 200, value: member.name ?? "" }),
    member.role !== "operator" && radios({ label: "Role", name: "role", value: member.role, choices: roles }),
  ], { action: "Save", cancel: () => self.close() }, async (values) => {
    await ctx.platform.patch(`/members/${member.id}`, { name: orNull(values.name),
      ...values.role && values.role !== member.role ? { role: values.role } : {} });
    self.close();
    toast("Saved");
    ctx.refresh();
  }));
}

function ask(ctx, member, title, action, text, run, danger = true) {
  confirm({ title, action, danger, text: h("p", null, h("strong", null, member.email), " ", text) }, async () => {
    const answer = await run();
    if (answer?.setup_url) showLink(answer, "A new set-up link");
    else toast("Done");
    ctx.refresh();
  });
}

function actions(ctx, member) {
  const mine = member.id === ctx.me.id, path = `/members/${member.id}`;
  return menu(`Actions for ${member.email}`, [
    { label: "Edit", icon: "edit", onclick: () => change(ctx, member) },
    { label: "New set-up link", icon: "link", onclick: () => ask(ctx, member, "New set-up link", "Make link",
      "chooses a new password with it. Links made before stop working.",
      () => ctx.platform.post(`${path}/setup-link`), false) },
    member.status === "active" && { label: "Sign out everywhere", icon: "leave", onclick: () =>
      ask(ctx, member, "Sign out everywhere", "End sessions", "has to sign in again on every device.",
        () => ctx.platform.remove(`${path}/sessions`)) },
    !mine && { label: "Remove", icon: "trash", danger: true, onclick: () => ask(ctx, member, "Remove member",
      `Remove ${member.email}`, "is signed out and cannot sign in any more.", () => ctx.platform.remove(path)) },
  ]);
}

function list(ctx, caption, members) {
  const manages = may("owner");
  return table(caption, [
    { title: "Member", cell: (one) => [h("span", { class: "cell-main clamp" }, one.name || one.email),
      one.name && h("span", { class: "faint small-text clamp" }, one.email)] },
    { title: "Role", class: "tight", cell: (one) => badge(one.role, one.role === "viewer" ? "" : "info") },
    { title: "Status", class: "tight", cell: (one) => badge(one.status, one.status === "active" ? "good" : "warn") },
    { title: "Since", class: "tight", cell: (one) => when(one.created_at, formatDate) },
    { title: "Actions", hide: true, class: "tight right actions", cell: (one) => manages && actions(ctx, one) },
  ], members);
}

async function operators(ctx) {
  const { list: found } = await all(ctx.platform.get, "/members", "members");
  return card(h("div", { class: "row spread grow" }, h("h2", null, "Operators of this server"),
    button("Invite operator", { icon: "plus", small: true, onclick: () => invite(ctx, true) })),
  list(ctx, "Operators", found));
}

export async function page(ctx) {
  const start = () => invite(ctx, false);
  if (may("owner")) ctx.actions(button("Invite member", { kind: "primary", icon: "plus", onclick: start }));
  const { list: found, more } = await all(ctx.platform.get, `/organizations/${ctx.org.id}/members`, "members");
  const content = h("div", { class: "stack" });
  fill(content, found.length > 0 ? list(ctx, "Members", found)
    : empty("people", "No members yet", `Nobody of ${ctx.org.name} can sign in. Invite somebody; the link you get `
      + "lets them choose a password.", may("owner") && button("Invite member", { kind: "primary", icon: "plus",
      onclick: start })),
  more && notice("info", h("p", null, "Only the first 1,000 are shown.")));
  return [!may("owner") && notice("info", h("p", null, "Your role is admin: an owner manages members.")), content,
    may("operator") && await operators(ctx)];
}
