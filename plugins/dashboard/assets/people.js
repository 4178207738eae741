// What is done to hosts and teams: made, changed, removed.
import { calendar } from "./api.js";
import { h } from "./dom.js";
import { field, form, orNull, select } from "./forms.js";
import { memberPicker } from "./members.js";
import { session } from "./session.js";
import { zoneNames } from "./time.js";
import { confirm, dialog, notice, toast } from "./ui.js";

const own = () => calendar(session.org.id);

// host: null for a new one; done(host) is told.
export function editHost(host, zone, done) {
  const from = host?.timezone ?? zone;
  dialog(host ? "Edit host" : "New host", (self) => form([
    field({ name: "displayName", label: "Name", required: true, maxlength: 200, value: host?.displayName ?? "",
      hint: "As customers see it." }),
    field({ name: "email", label: "Email", type: "email", optional: true, maxlength: 254, value: host?.email ?? "" }),
    h("div", { class: "two" }, select({ name: "timezone", label: "Zone", value: from, choices: zoneNames(from) }),
      select({ name: "status", label: "State", value: host?.status ?? "active", choices: [["active", "Active"],
        ["inactive", "Inactive: no new bookings"]] })),
  ], { action: host ? "Save host" : "Make host", cancel: () => self.close() }, async (values) => {
    const body = { ...values, email: orNull(values.email) };
    const answer = host ? await own().patch(`/hosts/${host.id}`, body, { match: host.version })
      : await own().post("/hosts", body);
    self.close();
    toast(host ? "Saved" : `${answer.host.displayName} can be booked where a service names them.`);
    await done(answer.host);
  }));
}

export function editTeam(team, hosts, done) {
  const members = memberPicker(hosts, team?.members ?? []);
  dialog(team ? "Edit team" : "New team", (self) => form([
    field({ name: "name", label: "Name", required: true, maxlength: 200, value: team?.name ?? "" }),
    field({ name: "description", label: "Description", optional: true, rows: 2, maxlength: 2000,
      value: team?.description ?? "" }),
    members.node,
  ], { action: team ? "Save team" : "Make team", cancel: () => self.close() }, async (values) => {
    const list = members.read();
    if (list.length === 0) throw new Error("Add at least one host: a team without any gives nothing.");
    const body = { name: values.name, description: orNull(values.description), members: list };
    const answer = team ? await own().patch(`/teams/${team.id}`, body, { match: team.version })
      : await own().post("/teams", body);
    self.close();
    toast("Saved");
    await done(answer.team);
  }), { wide: true });
}

// kind: "host" or "team". What stands in the way is said: the number of bookings ahead, and more.
export function remove(kind, one, done) {
  const name = one.displayName ?? one.name;
  confirm({ title: `Remove ${kind}`, danger: true, action: `Remove ${kind}`, text: h("p", null, "Remove ",
    h("strong", null, name), "?"), more: notice("warn", h("p", null, kind === "host"
    ? "They are taken from their services and teams, and their hours go. Past bookings stay. With bookings ahead it "
      + "is refused; then make the host inactive, and move the bookings."
    : "Past bookings stay. It is refused while the team has bookings ahead, or a service is given by it.")) }, async () => {
    await own().remove(`/${kind}s/${one.id}`);
    toast("Removed");
    await done();
  });
}
