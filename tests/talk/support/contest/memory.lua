-- What the callers were told. Every request and every answer has a tick, so that one can say
-- which request began after which answer, and when somebody was sure to have something: from
-- the answer that gave it until a request that may take it away.

local arena = require("tests.talk.support.contest.arena")
local hearing = require("tests.talk.support.contest.hearing")
local instant = require("tests.talk.support.instant")
local spans = require("tests.talk.support.contest.spans")

local close, drop = spans.close, spans.drop

local memory = {}
memory.__index = memory

-- bookings: by id; live: those that can be changed; tries: creations by token; spans: what was
-- surely taken {from, to, place}; laid: what was put into the ledger and when {sent, done, place}.
function memory.new(a)
  return setmetatable({
    arena = a, tick = 0, now = instant.seconds(arena.NOW), tries = {}, bookings = {}, live = {},
    holds = {}, offs = {}, spans = {}, laid = {}, asked = 0, tally = {}, faults = {},
  }, memory)
end

function memory:step()
  self.tick = self.tick + 1
  return self.tick
end

function memory:fault(...)
  self.faults[#self.faults + 1] = string.format(...)
end

-- A clock that is moved forward ends holds.
function memory:passed(seconds)
  self.now = self.now + seconds
  self:step()
  for i = #self.holds, 1, -1 do
    local hold = self.holds[i]
    if hold.expires <= self.now then
      close(self, hold)
      drop(self.holds, hold)
    end
  end
end

local sending = {}

function sending.create(self, op)
  op.try.sent = op.try.sent or op.sent
  if op.hold then
    close(self, op.hold)
    drop(self.holds, op.hold)
  end
end
sending.use = sending.create

local function change(self, op)
  local b = op.booking
  if op.kind == "cancel" or op.kind == "move" then close(self, b) end
  b.flying = b.flying + 1
  b.group[#b.group + 1] = op
end
sending.cancel, sending.move, sending.confirm, sending.annotate = change, change, change, change

function sending.release(self, op)
  close(self, op.hold)
  drop(self.holds, op.hold)
end

function sending.extend(_, op)
  op.hold.flying = op.hold.flying + 1
  op.hold.expires = math.min(op.hold.expires, op.expires)
end

sending["return"] = function(self, op)
  op.off.to = op.off.to or op.sent
  drop(self.offs, op.off)
end

function memory:sends(op)
  self.asked = self.asked + 1
  op.sent = self:step()
  if sending[op.kind] then sending[op.kind](self, op) end
end

-- r: the response, nil when none was heard.
function memory:hears(op, r)
  local status = r and r.status
  local name = op.kind .. " " .. (status or "unheard")
  self.tally[name] = (self.tally[name] or 0) + 1
  self:step()
  if hearing[op.kind] then hearing[op.kind](self, op, status, r) end
end

return memory
