-- When somebody was sure to have something: from the answer that gave it until the first request
-- that may take it away. Ticks count requests and answers.

local arena = require("tests.talk.support.contest.arena")

local spans = {}

-- thing: a booking or a hold {id, service, party, state = {start, host}}.
function spans.open(memory, thing)
  local state = thing.state
  local place = arena.place(thing.service, state.start, state.host, thing.party, thing.id)
  if place then
    thing.span = { from = memory.tick, place = place }
    memory.spans[#memory.spans + 1] = thing.span
  end
end

-- From here on it may be gone.
function spans.close(memory, thing)
  if thing.span then
    thing.span.to, thing.span = memory.tick, nil
  end
end

function spans.drop(list, thing)
  for i, other in ipairs(list) do
    if other == thing then
      list[i] = list[#list]
      list[#list] = nil
      return
    end
  end
end

-- Something was put into the ledger between a request and its answer.
function spans.lay(memory, sent, thing, start, host)
  local place = arena.place(thing.service, start, host, thing.party, thing.id)
  memory.laid[#memory.laid + 1] = place and { sent = sent, done = memory.tick, place = place } or nil
end

return spans
