-- What an answer changes in what the callers know, by kind of request.

local instant = require("tests.talk.support.instant")
local spans = require("tests.talk.support.contest.spans")

local open, drop, lay = spans.open, spans.drop, spans.lay

-- What an answer says of a booking, as far as it does.
local function told(body)
  return {
    id = body:match('"id":"(book_%w+)"'), v = tonumber(body:match('"version":(%d+)')),
    status = body:match('"status":"(%a+)"'), host = body:match('"host_id":"(host_%w+)"'),
    start = instant.seconds(body:match('"start_at":"([^"]+)"')),
  }
end

local hearing = {}

function hearing.create(self, op, status, r)
  local try = op.try
  if try.key and (status == 201 or status == 422) and not r.body:find("idempotency", 1, true) then
    local replayed = r.headers["idempotent-replayed"] == "true"
    try.answers[#try.answers + 1] = { status = status, body = r.body, replayed = replayed }
  end
  try.lost = try.lost or not status
  if status ~= 201 then return end
  local t = told(r.body)
  try.id = try.id or t.id
  if self.bookings[t.id] then return end
  local b = { id = t.id, service = try.service, party = try.party, token = try.token, flying = 0,
    group = {}, acks = { { v = 1, sent = try.sent, done = self.tick } }, unheard = 0,
    state = { v = 1, start = t.start, host = t.host or try.host, status = t.status } }
  if t.start ~= try.start then self:fault("moved: %s was made at %d, not %d", t.id, t.start, try.start) end
  self.bookings[t.id] = b
  self.live[#self.live + 1] = b
  open(self, b)
  lay(self, try.sent, b, t.start, b.state.host)
end
hearing.use = hearing.create

-- Once nobody is changing a booking: where it is now, if that can be said.
local function settle(self, b)
  local latest
  for _, op in ipairs(b.group) do
    local moves = op.kind == "move" or op.kind == "cancel"
    if moves and op.ok then
      if latest and not (latest.v and op.v) then
        b.hazy = true
      elseif not latest or op.v > latest.v then
        latest = op
      end
    end
    b.hazy = b.hazy or moves and op.unheard
  end
  b.group = {}
  if b.canceled or b.hazy then return end
  if latest then b.state.start, b.state.host = latest.start, latest.host end
  if not b.span then open(self, b) end
end

local function changed(self, op, status, r)
  local b = op.booking
  b.flying = b.flying - 1
  if not status then
    op.unheard, b.unheard = true, b.unheard + 1
  elseif status == 200 then
    local t = told(r.body)
    op.ok, op.v, op.start, op.host = true, t.v, t.start, t.host
    b.acks[#b.acks + 1] = { kind = op.kind, v = t.v, sent = op.sent, done = self.tick,
      start = t.start, status = t.status, host = t.host }
    if op.kind == "move" or op.kind == "confirm" then lay(self, op.sent, b, t.start, t.host) end
    if op.kind == "cancel" then
      b.canceled = b.canceled or self.tick
      drop(self.live, b)
    end
    if op.kind == "move" and t.start ~= op.to then
      self:fault("moved: %s came to %d, not %d", b.id, t.start, op.to)
    end
  end
  if b.flying == 0 then settle(self, b) end
end
hearing.cancel, hearing.move, hearing.confirm, hearing.annotate = changed, changed, changed, changed

function hearing.hold(self, op, status, r)
  if status ~= 201 then return end
  local hold = { id = r.body:match('"id":"(hold_%w+)"'), service = op.service, party = op.party,
    flying = 0, expires = instant.seconds(r.body:match('"expires_at":"([^"]+)"')),
    state = { start = op.start, host = r.body:match('"host_id":"(host_%w+)"') } }
  lay(self, op.sent, hold, op.start, hold.state.host)
  if hold.expires > self.now then
    self.holds[#self.holds + 1] = hold
    open(self, hold)
  end
end

function hearing.extend(_, op, status)
  op.hold.flying = op.hold.flying - 1
  if status == 200 and op.hold.flying == 0 then op.hold.expires = op.expires end
end

function hearing.leave(self, op, status, r)
  if status ~= 201 then return end
  local off = { id = r.body:match('"id":"(off_%w+)"'), from = self.tick, host = op.host, a = op.a, b = op.b }
  self.offs[#self.offs + 1], self.laid[#self.laid + 1] = off, { off = off }
end

return hearing
