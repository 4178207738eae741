// Hosts, who give services, and the teams they are in.
import { named } from "../catalogue.js";
import { h } from "../dom.js";
import { editHost, editTeam, remove } from "../people.js";
import { badge, button, empty, menu, notice, table } from "../ui.js";

const hoursOf = (kind, one) => `#/hours?of=${encodeURIComponent(`${kind}:${one.id}`)}`;

function hostTable(ctx, hosts, teams, add) {
  if (hosts.length === 0) {
    return empty("people", "No hosts yet", "A host is a person, a room or a machine that a booking takes the time of. "
      + "Make one, then name it in a service.", ctx.may("admin") && add());
  }
  const teamsOf = (host) => teams.filter((team) => team.members.some((one) => one.host_id === host.id))
    .map((team) => team.name).join(", ");
  return table("Hosts", [
    { title: "Name", cell: (one) => [h("a", { class: "cell-main clamp", href: `#/hosts/${one.id}` }, one.displayName),
      one.email && h("span", { class: "faint small-text clamp" }, one.email)] },
    { title: "Teams", class: "wrap", cell: (one) => teamsOf(one) || "—" },
    { title: "Zone", class: "tight", cell: (one) => one.timezone.replaceAll("_", " ") },
    { title: "State", class: "tight", cell: (one) => badge(one.status, one.status === "active" ? "good" : "warn") },
    { title: "Actions", hide: true, class: "tight right actions", cell: (one) => menu(`Actions for ${one.displayName}`, [
      { label: "Time off", icon: "calendar", href: `#/hosts/${one.id}` }, { label: "Hours", icon: "clock", href: hoursOf("host", one) },
      ctx.may("admin") && { label: "Edit", icon: "edit", onclick: () => editHost(one, ctx.zone, ctx.refresh) },
      ctx.may("admin") && { label: "Remove", icon: "trash", danger: true, onclick: () => remove("host", one, ctx.refresh) },
    ]) },
  ], hosts, (one) => ({ class: one.status === "active" ? null : "gone" }));
}

// Who is in it, those asked first before the others.
function membersOf(team, hosts) {
  const name = (id) => hosts.find((one) => one.id === id)?.displayName ?? id;
  return h("ul", { class: "member-list" }, [...team.members].sort((a, b) => a.priority - b.priority).map((one) =>
    h("li", { class: "wrap" }, name(one.host_id), h("span", { class: "faint small-text" },
      ` ${one.role} · priority ${one.priority} · weight ${one.weight}`))));
}

function teamTable(ctx, teams, hosts) {
  if (teams.length === 0) {
    return empty("people", "No teams yet", "A team shares out bookings among its hosts, or gives a service together.");
  }
  return table("Teams", [
    { title: "Name", cell: (one) => [h("span", { class: "cell-main clamp" }, one.name),
      one.description && h("span", { class: "faint small-text clamp" }, one.description)] },
    { title: "Members", cell: (one) => membersOf(one, hosts) },
    { title: "Actions", hide: true, class: "tight right actions", cell: (one) => menu(`Actions for ${one.name}`, [
      { label: "Hours", icon: "clock", href: hoursOf("team", one) },
      ctx.may("admin") && { label: "Edit", icon: "edit", onclick: () => editTeam(one, hosts, ctx.refresh) },
      ctx.may("admin") && { label: "Remove", icon: "trash", danger: true, onclick: () => remove("team", one, ctx.refresh) },
    ]) },
  ], teams);
}

export async function page(ctx) {
  const [hosts, teams] = await Promise.all([named(ctx, "hosts"), named(ctx, "teams")]);
  const addHost = () => button("New host", { kind: "primary", icon: "plus", onclick: () => editHost(null, ctx.zone, ctx.refresh) });
  if (ctx.may("admin")) ctx.actions(addHost());
  return [!ctx.may("admin") && notice("info", h("p", null, "Your role is viewer: an admin changes hosts and teams.")),
    h("section", { class: "stack" }, h("h2", null, "Hosts"), hostTable(ctx, hosts, teams, addHost)),
    h("section", { class: "stack" }, h("div", { class: "row spread" }, h("h2", null, "Teams"),
      ctx.may("admin") && hosts.length > 0 && button("New team", { icon: "plus",
        onclick: () => editTeam(null, hosts, ctx.refresh) })), teamTable(ctx, teams, hosts))];
}
