-- Many want what only few can have.

local book = require("tests.talk.support.book")
local client = require("tests.talk.support.client")
local server = require("tests.talk.support.server")

describe("sixty-four at once", function()
  local s, org, c, single, group
  setup(function()
    s = server.start({ workers = 2, scripts = book.no_limits })
    s:freeze(book.monday)
    org = s:demo()
    c = org.client
    single, group = book.services(c, org)
  end)
  teardown(function() s:stop() end)

  local function rush(service, slot, more)
    local list, tally = {}, {}
    for i = 1, 64 do
      list[i] = c:bytes({ method = "POST", path = book.public .. "/bookings",
        body = book.body(org, service.slug, slot, more) })
    end
    for _, r in ipairs(client.many(s, list)) do tally[r.status] = (tally[r.status] or 0) + 1 end
    return tally
  end

  it("get one slot of one host once", function()
    for round = 1, 4 do
      local slot = book.slots(c, org, single.slug, book.day(3), book.day(6))[round]
      assert.same({ [201] = 1, [409] = 63 }, rush(single, slot))
    end
  end)

  it("get a start with any host as often as there are hosts", function()
    local slots = book.slots(c, org, single.slug, book.day(6), book.day(12))
    local hosts, first = 0, slots[1]
    for _, slot in ipairs(slots) do
      hosts = hosts + (slot.startsAt == first.startsAt and 1 or 0)
    end
    local anyone = { startsAt = first.startsAt, endsAt = first.endsAt }
    assert.same({ [201] = hosts, [409] = 64 - hosts }, rush(single, anyone))
  end)

  it("fill a class to its capacity and not beyond", function()
    local slot = book.slots(c, org, group.slug, book.day(1), book.day(14))[1]
    local capacity = group.settings.max_parallel_bookings
    assert.same({ [201] = capacity, [409] = 64 - capacity }, rush(group, slot))
  end)

  it("fill a class with parties without a seat too many", function()
    local slot = book.slots(c, org, group.slug, book.day(1), book.day(14))[1]
    assert.equal(group.settings.max_parallel_bookings, slot.availableCapacity)
    local fits = slot.availableCapacity // 2
    assert.same({ [201] = fits, [409] = 64 - fits }, rush(group, slot, { party_size = 2 }))
  end)
end)
