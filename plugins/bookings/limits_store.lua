-- How many bookings of a service there are, for its limits. Canceled ones count in none.

local store = {}

local counted = "SELECT COUNT(*) AS n, COALESCE(SUM(end_at - start_at), 0) / 60 AS minutes"
  .. " FROM booking WHERE service_id = ? AND start_at >= ? AND start_at < ?"
  .. " AND status <> 'canceled' AND id <> ?"

local function nn(value)
  return value == nil and kordless.json.null or value
end

-- from, to: of their starts, half-open. except: the booking that moves, or "".
function store.of_service(service_id, from, to, except)
  return kordless.db.one(counted, service_id, from, to, except)
end

-- host_id nil: those of a whole team.
function store.of_host(service_id, from, to, except, host_id)
  return kordless.db.one(counted .. " AND COALESCE(host_id, '') = ?", service_id, from, to,
    except, host_id or "")
end

-- Of whoever has this address (folded) or this phone (digits) in the organization.
function store.of_contact(service_id, from, to, except, who)
  return kordless.db.one(counted .. " AND id IN ("
    .. "SELECT id FROM booking WHERE organization_id = ? AND email_folded = ?"
    .. " UNION SELECT id FROM booking WHERE organization_id = ? AND phone_digits = ?)",
    service_id, from, to, except, who.organization_id, nn(who.email), who.organization_id,
    nn(who.phone))
end

return store
