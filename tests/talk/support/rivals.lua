-- Two organizations in one server, A and B, and B's questions about what is A's: each is put
-- twice, with an id of A's and with one that never was, and must be answered the same.

local book = require("tests.talk.support.book")
local client = require("tests.talk.support.client")
local people = require("tests.talk.support.people")
local routes = require("tests.talk.support.routes")
local sql = require("tests.talk.support.sql")
local world = require("tests.talk.support.world")

local rivals = {}
rivals.__index = rivals

rivals.only = { name = "Only Here", email = "only@acme.example.com", phone = "+49 30 1234567" }

-- What only A has, by names that B has nowhere.
local function add_own(s, a)
  a.only_key = s:key("acme", "only here")
  local r = a.desk:post(book.prefix .. "/services", { name = "Only here", slug = "only-here",
    duration = 30, calendarSettings = { timezone = "UTC" } })
  local made = a.desk:post(book.prefix .. "/bookings", book.body(a, "consultation",
    { startsAt = a.values.starts_at, endsAt = a.values.ends_at }, { contact = rivals.only }))
  assert(made.status == 201, tostring(made))
  return r:json().service.id
end

function rivals.begin(server)
  local s = server.start({ scripts = book.no_limits, load = { "examples/notes" } })
  s:freeze(book.monday)
  local a, b = world.make(s, "acme"), world.make(s, "rival")
  for _, org in ipairs({ a, b }) do
    org.owner = people.member(s, client.admin(s), org.id, "owner@" .. org.slug .. ".example.com", "owner")
      :with({ ["x-organization-id"] = org.id })
  end
  local ids = { a.values.time_off_id, a.values.host_id, a.key_id, add_own(s, a), "only-here" }
  for _, id in pairs(a.ids) do ids[#ids + 1] = id end
  s:advance(60)
  return setmetatable({ s = s, a = a, b = b, ids = ids, list = routes.of(s), asked = 0 }, rivals)
end

-- An id that never was, and would stand beside this one: its last character is another.
function rivals.twin(id)
  return id:sub(1, -2) .. (id:sub(-1) == "7" and "8" or "7")
end

-- Who of B reaches a route; operators see all.
function rivals:by(route)
  if route.kind == "key" then return { key = self.b.desk } end
  if route.kind == "platform" then
    return route.role ~= "operator" and { session = self.b.owner } or {}
  end
  return route.kind == "organization" and { key = self.b.desk, session = self.b.owner } or {}
end

-- A request of B's own at this route.
function rivals:request(route)
  return routes.request(route, self.b.ids, self.b.values)
end

local function replace(text, word)
  local from, to = text:find(word, 1, true)
  while from do
    text = text:sub(1, from - 1) .. "THIS" .. text:sub(to + 1)
    from, to = text:find(word, from + 4, true)
  end
  return text
end

-- All of an answer but for what counts requests; where it says what was asked it says THIS.
function rivals.answer(c, r, asked)
  r.headers = { ["X-Request-Id"] = "the-same", ["x-organization-id"] = r.organization }
  local got = c:request(r)
  assert(got.status ~= 429, "that proves nothing: " .. tostring(got))
  local lines = { tostring(got.status) }
  for _, field in ipairs(got.fields) do
    if not field[1]:lower():find("ratelimit", 1, true) then
      lines[#lines + 1] = field[1] .. ": " .. field[2]
    end
  end
  local text = table.concat(lines, "\n") .. "\n\n" .. got.body
  return asked and replace(text, asked) or text, got
end

-- A word of A's that stands in an answer.
function rivals:leak(text)
  for _, word in ipairs(self.ids) do
    if text:find(word, 1, true) then return word end
  end
  return text:find("acme", 1, true) and "acme" or text:find("[Oo]nly.[Hh]ere") and "only here" or nil
end

-- make(id): the request. Asserts that the answers are the same; returns the one for A's id.
function rivals:same(c, what, id, make)
  self.asked = self.asked + 1
  if self.asked % 100 == 0 then self.s:advance(60) end -- a session may ask 300 times a minute
  local never = rivals.twin(id)
  local mine, got = rivals.answer(c, make(id), id)
  local none = rivals.answer(c, make(never), never)
  assert(none == mine, ("%s with %s:\n%s\n\nand with what never was:\n%s"):format(what, id, mine, none))
  local leak = self:leak(mine)
  assert(not leak, ("%s with %s says %s"):format(what, id, leak))
  return got
end

-- All rows, but for what is noted of who asked.
function rivals:dump()
  return sql.dump(self.s, sql.noted)
end

return rivals
