-- One contest: 64 callers, so many requests, so many kills; after each kill, and at the end, the
-- rows are looked at, and at last everything is played back.

local arena = require("tests.talk.support.contest.arena")
local crowd = require("tests.talk.support.contest.crowd")
local instant = require("tests.talk.support.instant")
local memories = require("tests.talk.support.contest.memory")
local replay = require("tests.talk.support.contest.replay")
local rows = require("tests.talk.support.contest.rows")
local server = require("tests.talk.support.server")
local standing = require("tests.talk.support.contest.standing")
local wishes = require("tests.talk.support.contest.wishes")

local match = { CALLERS = 64 }
match.__index = match

-- What may be answered, by kind of request; anything else is a fault.
local allowed = {
  create = "201 404 409 422", use = "201 404 409 422", abuse = "409 422",
  cancel = "200 409 412 422", move = "200 409 412 422", confirm = "200 409 412 422",
  annotate = "200 409 412", hold = "201 409 422", extend = "200 404 409", release = "204 404",
  leave = "201", ["return"] = "204 404",
  touch = "200 409",
}

-- A server and its arena; before() may spoil the database while nobody runs it.
function match.begin(before)
  local s = server.start({ workers = 2, scripts = arena.scripts })
  local self = setmetatable({ server = s, arena = arena.make(s), restarts = 0, heard = 0 }, match)
  self.memory = memories.new(self.arena)
  self.wishes = wishes.new(self.memory)
  if before then
    s:crash()
    before(s)
    self:rise()
  end
  self.crowd = crowd.new(s, match.CALLERS, function()
    return self.memory.asked < self.enough and self.wishes:next() or nil
  end, function(op, r)
    self:hear(op, r)
  end)
  return self
end

function match:rise()
  self.server:spawn()
  self.server:freeze(instant.written(self.memory.now))
end

function match:hear(op, r)
  self.heard = self.heard + 1
  if r and not allowed[op.kind]:find(r.status, 1, true) and r.status ~= 503 then
    self.memory:fault("answer: %s got %d %s", op.kind, r.status, r.body)
  end
  self.memory:hears(op, r)
end

-- Rows (rows.read) against all that was told.
function match:judge(all)
  local function fault(...) self.memory:fault(...) end
  rows.check(self.arena, all, self.memory.now, fault)
  standing.check(self.memory, all)
end

-- The rows as they are while nobody changes them.
function match:look()
  local all = rows.read(self.server)
  self:judge(all)
  return all
end

function match:kill()
  self.server:crash()
  self.crowd:lose()
  self.restarts = self.restarts + 1
  self:look()
end

-- Goes on until so many requests were made, some of which may not be answered yet. The clock
-- moves on now and then.
function match:play(asked)
  while self.memory.asked < asked do
    local pause = self.heard + math.random(200)
    self.crowd:run(function() return self.heard >= pause or self.memory.asked >= asked end)
    local seconds = math.random(0, 20)
    self.server:advance(seconds)
    self.memory:passed(seconds)
  end
end

-- The whole of it; what was wrong.
function match:all(requests, kills)
  self.enough = requests
  for i = 1, kills do
    self:play(requests * i // (kills + 1))
    self:kill()
    self:rise()
  end
  self:play(requests)
  self.crowd:run(function() return false end)
  self.server:crash()
  self.rows = self:look()
  return replay.check(self.memory)
end

return match
