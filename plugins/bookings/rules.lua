-- What may be done with a booking, and who gives it. Pure.

local rules = {}

local function violation(code, message)
  return { code = code, message = message }
end

-- Why nobody can change a booking any more.
function rules.gone(row)
  if row.status == "canceled" then
    return { violation("already_canceled", "This booking is canceled already.") }
  end
  return {}
end

-- Why a booking is not waiting for approval.
function rules.decided(row)
  if row.status == "confirmed" then
    return { violation("already_confirmed", "This booking is confirmed already.") }
  end
  return rules.gone(row)
end

-- Why the person who made it cannot change a booking at `now`. Notice is elapsed time.
function rules.frozen(row, service, now)
  local gone = rules.gone(row)
  if gone[1] then
    return gone
  end
  if row.start_at <= now then
    return { violation("in_the_past", "This booking has begun already.") }
  end
  if row.start_at - now < service.notice_hours * 3600 then
    return { violation("notice_window", "This booking can be changed until "
      .. service.notice_hours .. " hours before it begins.") }
  end
  return {}
end

local function rank(slot)
  return slot.rank or 0
end

-- Puts free slots of one instant in the order in which their hosts are asked: `keep`
-- first; then by the script's rank, then who has the fewest upcoming bookings for its weight,
-- then priority, then id. loads: bookings by host id.
function rules.order(slots, loads, keep)
  table.sort(slots, function(x, y)
    local a, b = x.who, y.who
    if (a.id == keep) ~= (b.id == keep) then
      return a.id == keep
    end
    if rank(x) ~= rank(y) then
      return rank(x) < rank(y)
    end
    local la, lb = (loads[a.id] or 0) * b.host.weight, (loads[b.id] or 0) * a.host.weight
    if la ~= lb then
      return la < lb
    end
    if a.host.priority ~= b.host.priority then
      return a.host.priority < b.host.priority
    end
    return a.id < b.id
  end)
  return slots
end

-- Ids by which a confirmation number can be looked up; nil when it cannot be one.
function rules.id_of(number)
  local id = number:lower()
  return #id == 31 and id:find("^book_[0-9a-z]+$") and id or nil
end

return rules
