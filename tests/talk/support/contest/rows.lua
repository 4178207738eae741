-- Looks at the rows of a database: own sums of what is taken and of what limits allow, and
-- whether bookings, holds and absences have just the claims that are theirs. Written apart from
-- the plugins and from the ledger's trigger.

local arena = require("tests.talk.support.contest.arena")
local sql = require("tests.talk.support.sql")
local zone = require("tests.spec.support.zone")

local rows = {}

-- Rows as tables by column; numbers are numbers, NULL is "".
local function query(s, columns, from)
  local list, names = {}, {}
  for name in columns:gmatch("[%w_]+") do names[#names + 1] = name end
  for line in sql.read(s, ("SELECT %s FROM %s"):format(columns, from)):gmatch("[^\n]+") do
    local row, i = {}, 0
    for value in (line .. "|"):gmatch("([^|]*)|") do
      i = i + 1
      row[names[i]] = math.tointeger(tonumber(value)) or value
    end
    list[#list + 1] = row
  end
  return list
end

local function guarded(claim)
  return claim.kind == "booking" or claim.kind == "pending" or claim.kind == "hold"
end

-- The most units at any instant, by looking wherever one begins or ends.
local function peak(claims)
  local edges, now, most = {}, 0, 0
  for _, claim in ipairs(claims) do
    edges[#edges + 1] = { claim.b0, claim.units }
    edges[#edges + 1] = { claim.b1, -claim.units }
  end
  table.sort(edges, function(x, y) return x[1] < y[1] or x[1] == y[1] and x[2] < y[2] end)
  for _, edge in ipairs(edges) do
    now = now + edge[2]
    most = math.max(most, now)
  end
  return most
end

local function peaks(a, all, fault)
  local by = {}
  for _, claim in ipairs(all.claims) do
    by[claim.subject] = by[claim.subject] or {}
    if guarded(claim) then table.insert(by[claim.subject], claim) end
  end
  local known = {}
  for _, subject in ipairs(all.subjects) do
    local service = a.services[subject.id:match("^(.-)/")]
    local capacity, list = service and service.capacity or 1, by[subject.id]
    known[subject.id] = true
    if subject.capacity ~= capacity then fault("peak: %s has capacity %d", subject.id, subject.capacity) end
    if service and not list then fault("half: %s has nobody left", subject.id) end
    if list and peak(list) > capacity then fault("peak: %d of %d in %s", peak(list), capacity, subject.id) end
  end
  for id in pairs(by) do
    if not known[id] then fault("peak: %s has claims and is no subject", id) end
  end
end

local function name(subject, kind, b0, b1, units, owner)
  return ("%s %s [%d,%d) %d of %s"):format(subject, kind, b0, b1, units, owner)
end

-- The claims that a booking or hold has to have; sessions it has a place in.
local function wanted(a, list, row, kind)
  local service = a.services[row.service_id]
  local place = arena.place(service, row.start_at, row.host_id, row.party_size, row.id)
  if service.capacity > 1 then
    list[name(place.group, kind, row.start_at, row.end_at, row.party_size, row.id)] = true
    kind, row = "booking", { id = place.group }
  end
  for _, host in ipairs(place.hosts) do list[name(host, kind, place.a, place.b, 1, row.id)] = true end
  return service.capacity > 1 and place.group or ""
end

local function expected(a, all, now, fault)
  local list = {}
  for _, b in ipairs(all.bookings) do
    if b.status ~= "canceled" then
      local session = wanted(a, list, b, b.status == "pending" and "pending" or "booking")
      if b.session ~= session then fault("half: %s has session %s", b.id, b.session) end
      local length = a.services[b.service_id].duration * 60
      if b.end_at - b.start_at ~= length then fault("half: %s does not end", b.id) end
    end
  end
  for _, hold in ipairs(all.holds) do
    if hold.expires_at > now then wanted(a, list, hold, "hold") end
  end
  for _, off in ipairs(all.offs) do
    for b0 = off.start_at, off.end_at - 1, 172800 do
      list[name(off.host_id, off.kind, b0, math.min(b0 + 172800, off.end_at), 1, off.id)] = true
    end
  end
  return list
end

-- Claims of holds that ran out may still be there, with the sessions they are in.
local function forgotten(all, now)
  local list = {}
  for _, claim in ipairs(all.claims) do
    if claim.kind == "hold" and claim.expires_at <= now then
      list[claim.owner], list[claim.subject] = true, true
    end
  end
  return list
end

local function halves(a, all, now, fault)
  local list, old = expected(a, all, now, fault), forgotten(all, now)
  for _, claim in ipairs(all.claims) do
    local text = name(claim.subject, claim.kind, claim.b0, claim.b1, claim.units, claim.owner)
    if not list[text] and not old[claim.owner] then fault("half: nobody has %s", text) end
    list[text] = nil
  end
  for text in pairs(list) do fault("half: there is no %s", text) end
end

-- Day, week (from Monday) and month of an instant, as names.
local function units(at)
  local day = zone.wall(arena.ZONE, at)
  local date = os.date("!%Y-%m-%d", day * 86400)
  return { day = date, week = "week " .. (day + 3) // 7, month = date:sub(1, 7) }
end

local function count(sums, limits, key, b)
  for unit, label in pairs(units(b.start_at)) do
    for what, n in pairs({ per_ = 1, minutes_per_ = (b.end_at - b.start_at) // 60 }) do
      local most = limits[what .. unit]
      if most then
        local full = table.concat({ what, key, label }, " ")
        sums[full] = { n = (sums[full] and sums[full].n or 0) + n, most = most }
      end
    end
  end
end

local function limits(a, all, fault)
  local sums = {}
  for _, b in ipairs(all.bookings) do
    local most = a.services[b.service_id].limits
    if most and b.status ~= "canceled" then
      count(sums, most, b.service_id, b)
      count(sums, most.per_host or {}, b.host_id, b)
      count(sums, most.per_contact or {}, b.email_folded, b)
    end
  end
  for key, sum in pairs(sums) do
    if sum.n > sum.most then fault("limit: %d of %d in %s", sum.n, sum.most, key) end
  end
end

-- All that there is of bookings.
function rows.read(s)
  return {
    claims = query(s, "subject, kind, b0, b1, units, owner, expires_at", "claim"),
    subjects = query(s, "id, capacity", "subject"),
    bookings = query(s, "id, service_id, host_id, session, status, start_at, end_at, party_size,"
      .. " contact_name, email_folded, version", "booking"),
    holds = query(s, "id, service_id, host_id, session, start_at, end_at, party_size, expires_at", "hold"),
    offs = query(s, "id, host_id, kind, start_at, end_at", "time_off"),
  }
end

-- a: arena.make; fault(format, …) is told what is wrong.
function rows.check(a, all, now, fault)
  peaks(a, all, fault)
  halves(a, all, now, fault)
  limits(a, all, fault)
end

return rows
