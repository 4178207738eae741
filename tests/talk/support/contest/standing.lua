-- Whether what the callers were told stands in the rows, and nothing that they never asked for.

local standing = {}

-- A booking's row against the answers to its changes. At rest: nothing is under way any more.
local function compare(memory, b, row)
  local acks, latest = #b.acks, 0
  local last
  for _, ack in ipairs(b.acks) do
    if ack.v and ack.v > latest then latest, last = ack.v, ack end
  end
  if row.version < math.max(latest, acks) or row.version > acks + b.unheard then
    memory:fault("lost: %s has version %d after %d changes and %d perhaps", b.id, row.version, acks,
      b.unheard)
  end
  if b.canceled and row.status ~= "canceled" then memory:fault("lost: %s is not canceled", b.id) end
  if row.party_size ~= b.party or row.contact_name ~= b.token then
    memory:fault("lost: %s is another's", b.id)
  end
  if row.version == latest and last.status and (last.status ~= row.status or last.start ~= row.start_at
    or (last.host or "") ~= row.host_id) then
    memory:fault("lost: %s is not as version %d was told", b.id, latest)
  end
end

-- Whom a row without a known booking belongs to: somebody whose answer was not heard.
local function stranger(memory, row)
  local try = memory.tries[row.contact_name]
  if not try then
    memory:fault("half: %s was asked for by nobody", row.id)
  elseif not try.lost or try.id then
    memory:fault("half: %s was never said to be %s", try.token, row.id)
  elseif row.version ~= 1 or row.start_at ~= try.start then
    memory:fault("half: %s is not what %s asked for", row.id, try.token)
  end
end

-- all: rows.read
function standing.check(memory, all)
  local found, tokens = {}, {}
  for _, row in ipairs(all.bookings) do
    found[row.id] = row
    if tokens[row.contact_name] then
      memory:fault("idempotency: %s has both %s and %s", row.contact_name, tokens[row.contact_name], row.id)
    end
    tokens[row.contact_name] = row.id
    if not memory.bookings[row.id] then stranger(memory, row) end
  end
  for id, b in pairs(memory.bookings) do
    if found[id] then compare(memory, b, found[id]) else memory:fault("lost: %s", id) end
  end
  local ids = {}
  for _, row in ipairs(all.holds) do ids[row.id] = true end
  for _, row in ipairs(all.offs) do ids[row.id] = true end
  for _, hold in ipairs(memory.holds) do
    if not ids[hold.id] then memory:fault("lost: %s", hold.id) end
  end
  for _, off in ipairs(memory.offs) do
    if not ids[off.id] then memory:fault("lost: %s", off.id) end
  end
end

return standing
