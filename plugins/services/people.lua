-- The organization's routes of hosts and teams.

local fields = require("services.fields")
local outcome = require("services.outcome")
local page = require("services.page")
local patch = require("services.patch")
local rules = require("services.people_rules")
local store = require("services.people_store")
local versions = require("services.versions")

local people = {}

local HOSTS = { table = "host", plural = "hosts", prefix = "host_" }
local TEAMS = { table = "team", plural = "teams", prefix = "team_" }

function people.list_hosts(req)
  return page.answer(req, HOSTS, store.hosts, rules.host)
end

function people.create_host(req)
  return outcome.of(req, "create_host",
    { id = kordless.id("host_"), body = patch.pick(req.body, rules.HOST) })
end

function people.show_host(req)
  local row = store.host(req.organization.id, req.params.id)
  if not row then
    return nil, "not_found"
  end
  return 200, { host = rules.host(row) }, { ETag = versions.etag(row.version) }
end

function people.change_host(req)
  return outcome.of(req, "change_host",
    { id = req.params.id, body = patch.pick(req.body, rules.HOST) })
end

function people.delete_host(req)
  return outcome.of(req, "delete_host", { id = req.params.id })
end

function people.list_teams(req)
  return page.answer(req, TEAMS, store.teams, rules.team)
end

-- Runs a transaction that takes a team's body.
local function with_team(req, name, id)
  local body, faults = patch.pick(req.body, rules.TEAM), {}
  rules.members(faults, body.members or {})
  if faults[1] then
    return fields.refusal(faults)
  end
  return outcome.of(req, name, { id = id, body = body })
end

function people.create_team(req)
  return with_team(req, "create_team", kordless.id("team_"))
end

function people.show_team(req)
  local row = store.team(req.organization.id, req.params.id)
  if not row then
    return nil, "not_found"
  end
  return 200, { team = rules.team(row) }, { ETag = versions.etag(row.version) }
end

function people.change_team(req)
  return with_team(req, "change_team", req.params.id)
end

function people.delete_team(req)
  return outcome.of(req, "delete_team", { id = req.params.id })
end

return people
