-- What the callers ask for, at random: requests with their bytes, of everybody's bookings.

local book = require("tests.talk.support.book")
local http = require("tests.talk.support.http")
local instant = require("tests.talk.support.instant")

local wishes = {}
wishes.__index = wishes

local random = math.random

local function pick(list) return list[random(#list)] end
local function chance(n) return random(n) == 1 end

function wishes.new(memory)
  return setmetatable({ memory = memory, arena = memory.arena, n = 0, again = {} }, wishes)
end

local function bytes(self, method, path, body, headers)
  local client = self.arena.client
  local text = type(body) == "table" and http.json.encode(body) or body
  local lines = { method .. " " .. path .. " HTTP/1.1", "Host: arena" }
  for name, value in pairs(client.headers) do lines[#lines + 1] = name .. ": " .. value end
  for name, value in pairs(headers or {}) do lines[#lines + 1] = name .. ": " .. value end
  if text then
    lines[#lines + 1] = "Content-Type: application/json\r\nContent-Length: " .. #text
  end
  return table.concat(lines, "\r\n") .. "\r\n\r\n" .. (text or "")
end

-- Mostly one that the calendar has; now and then one beside it.
local function start_of(service)
  local start = pick(service.starts)
  local beside = chance(40) and pick({ 60, 420, 86400 * 9, -86400 }) or 0
  return start[1] + beside, not service.collective and chance(2) and start[2] or nil
end

local function party_of(service)
  if service.capacity == 1 then return 1 end
  return chance(60) and service.capacity + 1 or random(math.max(1, service.capacity // 2))
end

local function slot(service, start)
  return { startsAt = instant.written(start), endsAt = instant.written(start + service.duration * 60) }
end

local function send_try(self, try)
  return { kind = "create", try = try,
    bytes = bytes(self, "POST", try.path, try.text, try.key and { ["Idempotency-Key"] = try.key }) }
end

-- hold: whose place it is to take.
local function fresh_try(self, service, start, host, party, hold)
  self.n = self.n + 1
  local own = chance(2)
  local try = { token = "try-" .. self.n, service = service, start = start, host = host,
    party = party, answers = {}, key = chance(2) and "key-" .. self.n or nil,
    email = ("c%d@example.com"):format(random(12)) }
  try.path = (own and book.prefix or book.public) .. "/bookings"
  try.text = http.json.encode(book.body(self.arena.org, service.slug, slot(service, start), {
    party_size = party, host_id = host, hold_id = hold and hold.id,
    contact = { name = try.token, email = try.email },
  }))
  self.memory.tries[try.token] = try
  if try.key then self.again[#self.again % 64 + 1] = try end
  return try
end

local make = {}

function make.create(self)
  local service = pick(self.arena.services)
  local start, host = start_of(service)
  return send_try(self, fresh_try(self, service, start, host, party_of(service)))
end

-- Somebody who has not heard, or does not believe it.
function make.retry(self)
  local try = #self.again > 0 and pick(self.again)
  return try and send_try(self, try)
end

-- The same key for something else: refused, and the first answer stands.
function make.abuse(self)
  local try = #self.again > 0 and pick(self.again)
  return try and try.answers[1] and { kind = "abuse", try = try,
    bytes = bytes(self, "POST", try.path, try.text .. " ", { ["Idempotency-Key"] = try.key }) }
end

function make.use(self)
  local hold = #self.memory.holds > 0 and pick(self.memory.holds)
  if not hold then return nil end
  local op = send_try(self,
    fresh_try(self, hold.service, hold.state.start, hold.state.host, hold.party, hold))
  op.kind, op.hold = "use", hold
  return op
end

-- Everybody's bookings, and often the same few.
local function some(self)
  local live = self.memory.live
  if #live == 0 then return nil end
  return chance(3) and live[math.max(1, #live - random(8))] or pick(live)
end

local function change(self, kind, tail, body, more)
  local b = some(self)
  for _ = 1, kind == "confirm" and 8 or 0 do -- of those that wait for it, mostly
    b = b and b.service.approval and b or some(self)
  end
  if not b then return nil end
  local op = { kind = kind, booking = b, to = more and more(b) }
  local own = kind == "confirm" or kind == "annotate" or chance(2)
  local path = own and ("%s/bookings/%s%s"):format(book.prefix, b.id, tail)
    or book.confirmation(b.id, tail, self.memory.tries[b.token].email)
  local fence = own and chance(3) and { ["If-Match"] = ('"%d"'):format(b.acks[#b.acks].v or 1) }
  op.bytes = bytes(self, kind == "annotate" and "PATCH" or "POST", path, body(b, op), fence or nil)
  return op
end

local function nothing() return nil end

function make.cancel(self) return change(self, "cancel", "/cancel", nothing) end
function make.confirm(self) return change(self, "confirm", "/confirm", nothing) end

function make.annotate(self)
  self.n = self.n + 1
  return change(self, "annotate", "", function() return { notes = "note " .. self.n } end)
end

function make.move(self)
  return change(self, "move", "/reschedule", function(b, op)
    local to = slot(b.service, op.to)
    return { start_at = to.startsAt, end_at = to.endsAt }
  end, function(b) return (start_of(b.service)) end)
end

function make.hold(self)
  local service = pick(self.arena.services)
  local start, host = start_of(service)
  local to, party = slot(service, start), party_of(service)
  return { kind = "hold", service = service, start = start, party = party,
    bytes = bytes(self, "POST", book.prefix .. "/holds", { service_slug = service.slug,
      starts_at = to.startsAt, ends_at = to.endsAt, host_id = host, party_size = party,
      ttl_minutes = random(6) }) }
end

local function of_hold(self, kind, method, tail, body)
  local hold = #self.memory.holds > 0 and pick(self.memory.holds)
  return hold and { kind = kind, hold = hold,
    bytes = bytes(self, method, book.prefix .. "/holds/" .. hold.id .. tail, body) }
end

function make.extend(self)
  local minutes = random(4)
  local op = of_hold(self, "extend", "POST", "/extend", { ttl_minutes = minutes })
  if op then op.expires = self.memory.now + minutes * 60 end
  return op
end

function make.release(self) return of_hold(self, "release", "DELETE", "") end

function make.leave(self)
  local host, a = pick(self.arena.hosts), pick(pick(self.arena.services).starts)[1] + random(0, 40) * 60
  local b = a + (chance(12) and 3 * 86400 or random(60) * 60)
  if #self.memory.offs >= 4 then return nil end
  return { kind = "leave", host = host, a = a, b = b,
    bytes = bytes(self, "POST", ("%s/hosts/%s/time-off"):format(book.prefix, host),
      { start_at = instant.written(a), end_at = instant.written(b), kind = pick({ "busy", "time_off" }) }) }
end

make["return"] = function(self)
  local off = #self.memory.offs > 0 and pick(self.memory.offs)
  return off and { kind = "return", off = off, bytes = bytes(self, "DELETE",
    ("%s/hosts/%s/time-off/%s"):format(book.prefix, off.host, off.id)) }
end

-- Changes the catalogue and nothing of the calendar: whoever decides meanwhile decides again.
function make.touch(self)
  return { kind = "touch", bytes = bytes(self, "PATCH",
    book.prefix .. "/services/" .. pick(self.arena.services).slug, { description = "As of " .. self.n }) }
end

local dice = {}
for kind, weight in pairs({ create = 36, retry = 7, abuse = 1, use = 7, cancel = 26, move = 14,
  confirm = 9, annotate = 3, hold = 12, extend = 5, release = 4, leave = 1, touch = 2, ["return"] = 3 }) do
  for _ = 1, weight do dice[#dice + 1] = kind end
end
table.sort(dice)

-- The next request, as it is sent.
function wishes:next()
  local op = make[pick(dice)](self) or make.create(self)
  op.hang_up = chance(50) and pick({ "after", "after", "within" }) or nil
  self.memory:sends(op)
  return op
end

return wishes
