-- A deny-list: days, services and organizations that take no bookings, each with its message.
-- Install: copy this file to scripts/booking.lua, or its `offer` and `denied` into yours, and
-- the tests into `booking.tests`. Then `kordless check` and `kordless reload`. Denied
-- slots disappear from lists; who books one all the same is answered 422 with the message
-- and the code, here x_denied. Bookings that stand already are left alone.

local booking = {}

local denied = {
  days = { -- as the service's wall calendar has them
    ["2031-06-05"] = "We move on June 5. Please choose another day.",
  },
  services = { -- by slug
    ["group-class"] = "Classes begin again in September.",
  },
  organizations = { -- by id, for a server that several share
    ["org_00000000000000000000000000"] = "This salon takes no bookings online.",
  },
}

local function why(request, i)
  local everywhere = denied.organizations[request.organization.id]
    or denied.services[request.service.slug]
  if everywhere then
    return everywhere
  end
  local day = kordless.zone.wall(request.service.timezone, request.starts[i])
  return denied.days[kordless.time.date(day)]
end

function booking.offer(request)
  local refused = {}
  for i = 1, request.n do
    local message = why(request, i)
    refused[i] = message and { code = "x_denied", message = message }
  end
  return refused
end

local function ask(start, slug, organization)
  return booking.offer({
    organization = { id = organization or "org_a" },
    service = { slug = slug or "consultation", timezone = "America/New_York" },
    n = 1,
    starts = { kordless.time.parse(start) },
  })[1]
end

booking.tests = {
  ["an ordinary day is offered"] = function()
    assert(not ask("2031-06-04T14:00:00Z"))
  end,
  ["a denied day is one on the wall calendar"] = function()
    assert(not ask("2031-06-05T03:59:00Z") and ask("2031-06-05T04:00:00Z"))
    assert(ask("2031-06-06T03:59:00Z").code == "x_denied" and not ask("2031-06-06T04:00:00Z"))
  end,
  ["a denied service and organization are so on any day"] = function()
    assert(ask("2031-06-04T14:00:00Z", "group-class").message:find("September"))
    assert(ask("2031-06-04T14:00:00Z", nil, "org_00000000000000000000000000"))
  end,
}

return booking
