-- What the conversations about the catalogue share: an organization's own routes, and another
-- organization that knocks at each of them.

local book = require("tests.talk.support.book")
local client = require("tests.talk.support.client")
local http = require("tests.talk.support.http")

local desk = {}
desk.__index = desk

local P = "/api/calendar/v1"

-- org: of server:demo() or server:organization(); more: headers
function desk.of(org)
  return setmetatable({ org = org,
    client = org.client:with({ ["x-organization-id"] = org.id }) }, desk)
end

-- The same organization, by a key that may do only this.
function desk:with_scopes(scopes)
  local r = client.admin(self.client.to):post(
    "/api/platform/v1/organizations/" .. self.org.id .. "/api-keys", { label = "narrow", scopes = scopes })
  assert(r.status == 201, r.body)
  return desk.of({ id = self.org.id, slug = self.org.slug,
    client = self.client:with({ ["x-kordless-key"] = r:json().api_key.key }) })
end

function desk:ask(method, path, body, status)
  local r = self.client:request({ method = method, path = P .. path, body = body,
    headers = body and { ["Content-Type"] = "application/json" } })
  if status then
    assert(r.status == status, ("%s %s: %d, not %d\n%s"):format(method, path, r.status, status, r.body))
  end
  return r.body ~= "" and r:json() or nil, r
end

-- What must succeed, decoded; POST answers 201, DELETE 204.
function desk:get(path) return (self:ask("GET", path, nil, 200)) end
function desk:post(path, body) return (self:ask("POST", path, body, 201)) end
function desk:patch(path, body) return (self:ask("PATCH", path, body, 200)) end
function desk:put(path, body) return (self:ask("PUT", path, body, 200)) end
function desk:delete(path) self:ask("DELETE", path, nil, 204) end

-- What must not: the error.
function desk:fails(status, method, path, body)
  return (self:ask(method, path, body, status))
end

-- n hosts who can be booked around the clock: their ids.
function desk:hosts(n)
  local ids = {}
  for i = 1, n do
    ids[i] = self:post("/hosts", { displayName = "Host " .. i, timezone = "UTC" }).host.id
  end
  self:put("/schedules/organization/" .. self.org.id, book.always("UTC"))
  return ids
end

-- All of a list, `limit` at a time; how many pages it took.
function desk:pages(path, plural, limit)
  local all, n, cursor = {}, 0, nil
  repeat
    local sep = path:find("?", 1, true) and "&" or "?"
    local page = self:get(path .. sep .. http.query({ limit = limit, cursor = cursor }):sub(2))
    assert(#page[plural] <= limit)
    table.move(page[plural], 1, #page[plural], #all + 1, all)
    n, cursor = n + 1, page.next_cursor
  until cursor == http.null
  return all, n
end

-- Codes of the violations of a 422.
function desk.codes(err)
  local codes = {}
  for i, violation in ipairs(err.violations) do codes[i] = violation.code end
  return table.concat(codes, " ")
end

return desk
