package.path = "plugins/?.lua;tests/spec/?.lua;" .. package.path
local demo = require("support.demo")

local TUESDAY, WEDNESDAY = "2026-06-09T00:00:00Z", "2026-06-10T00:00:00Z"

local function codes(more)
  return more.violations and more.violations[1].code
end

describe("a booking that changes", function()
  local d, slots, booking
  before_each(function()
    d = demo.start()
    slots = d:list(TUESDAY, WEDNESDAY)
    local _, body = d:book("consultation", slots[1],
      { contact = { name = "Kim", email = " Kim@Example.com ", phone = "+1 (212) 555-0100" } })
    booking = body.booking
  end)
  after_each(function() d:stop() end)

  it("is shown to its contact, by email or phone, and to nobody else", function()
    local function show(contact, number)
      local status, body = d:contact("show", { confirmation_number = number
        or booking.confirmation_number }, { contact = contact })
      return status, body
    end
    local status, body = show("KIM@example.com")
    assert.equal(200, status)
    assert.same({ name = "Kim", email = "Kim@Example.com", phone = "+1 (212) 555-0100" },
      body.booking.contact)
    assert.equal("acme", body.booking.organization_slug)
    assert.equal("consultation", body.booking.service_id)
    assert.equal("Europe/Berlin", body.booking.timezone)
    assert.equal(200, (show(" 12125550100"))) -- a plus that was not escaped
    assert.equal(200, (show("1-212-555-0100", booking.id)))
    assert.equal("contact_mismatch", (show("2125550100")))
    assert.equal("contact_mismatch", (show("kim@example.org")))
    assert.equal("contact_mismatch", (show("@")))
    assert.equal("validation_error", (show("12345")))
    assert.equal("validation_error", (show("")))
    assert.equal("not_found", (show("kim@example.com", "BOOK_0123")))
    assert.equal("not_found", (show("kim@example.com", ("book_%026d"):format(99))))
  end)

  it("matches no contact it does not have", function()
    local _, body = d:book("consultation", slots[5])
    assert.equal("contact_mismatch",
      (d:contact("show", body.booking, { contact = "12125550100" })))
  end)

  it("is canceled once, and the list is as before", function()
    local status, body = d:contact("cancel", booking)
    assert.equal(200, status)
    assert.equal("canceled", body.booking.status)
    assert.same(slots, d:list(TUESDAY, WEDNESDAY))
    assert.same({}, d:ledger())
    local name, more = d:contact("cancel", booking)
    assert.equal("unprocessable", name)
    assert.equal("already_canceled", codes(more))
  end)

  it("stays as it is within the notice, to the second", function()
    local begin = demo.at(booking.start_at)
    d.server.now = begin - 24 * 3600 + 1
    assert.equal("notice_window", codes(select(2, d:contact("cancel", booking))))
    assert.equal("notice_window", codes(select(2, d:contact("reschedule", booking, nil,
      { start_at = slots[9].startsAt, end_at = slots[9].endsAt }))))
    d.server.now = begin
    assert.equal("in_the_past", codes(select(2, d:contact("cancel", booking))))
    d.server.now = begin - 24 * 3600
    assert.equal(200, (d:contact("cancel", booking)))
  end)

  it("moves in one step and keeps host, id and number", function()
    local host = d.server.db:query("SELECT host_id FROM booking")[1].host_id
    local status, body = d:contact("reschedule", booking, nil,
      { start_at = slots[9].startsAt, end_at = slots[9].endsAt, notes = "later" })
    assert.equal(200, status)
    assert.equal(booking.id, body.booking.id)
    assert.equal(slots[9].startsAt, body.booking.start_at)
    local row = d.server.db:query("SELECT * FROM booking")[1]
    assert.equal(host, row.host_id)
    assert.equal("later", row.notes)
    assert.equal(1, row.sequence)
    assert.equal(1, #d:ledger())
    assert.equal(#slots - 1, #d:list(TUESDAY, WEDNESDAY))
  end)

  it("may stay where it is, or overlap itself", function()
    assert.equal(200, (d:contact("reschedule", booking, nil,
      { start_at = booking.start_at, end_at = booking.end_at })))
    d.server.db:query("UPDATE service SET slot_interval_minutes = 15")
    assert.equal(200, (d:contact("reschedule", booking, nil,
      { start_at = "2026-06-09T13:15:00Z", end_at = "2026-06-09T13:45:00Z" })))
  end)

  it("is chosen a new host when its own is taken", function()
    local host = d.server.db:query("SELECT host_id FROM booking")[1].host_id
    d:book("consultation", slots[5], { host_id = host })
    assert.equal(200, (d:contact("reschedule", booking, nil,
      { start_at = slots[5].startsAt, end_at = slots[5].endsAt })))
    local row = d.server.db:query("SELECT host_id FROM booking WHERE id = ?", booking.id)[1]
    assert.are_not.equal(host, row.host_id)
  end)

  it("keeps its old slot when the new one is taken", function()
    d:book("consultation", slots[5])
    d:book("consultation", slots[5])
    local before = d:ledger()
    local name, more = d:contact("reschedule", booking, nil,
      { start_at = slots[5].startsAt, end_at = slots[5].endsAt })
    assert.equal("slot_taken", name)
    assert.equal(3, #more.alternatives)
    assert.same(before, d:ledger())
    d.server.before_transaction = function(_, args) -- lost on the writer only
      for _, who in ipairs(args.candidates) do
        d.server.db:query("INSERT INTO claim (subject, kind, b0, b1, units, owner)"
          .. " VALUES (?, 'busy', ?, ?, 1, 'x')", who.id, args.plan.start, args.plan.finish)
      end
      before = d:ledger()
    end
    assert.equal("slot_taken", (d:contact("reschedule", booking, nil,
      { start_at = slots[9].startsAt, end_at = slots[9].endsAt })))
    assert.same(before, d:ledger())
  end)

  it("lists where it could go, its own slot among them", function()
    local status, body = d:contact("slots", booking, { from = TUESDAY, to = WEDNESDAY })
    assert.equal(200, status)
    assert.same(slots, body.slots)
    local name, more = d:contact("slots", booking, { from = "soon" })
    assert.equal("validation_error", name)
    assert.truthy(more.detail:find("^from must be a time .*; to is required%.$"))
  end)

  it("is decided again when it changed meanwhile", function()
    d.server.before_transaction = function()
      d.server.before_transaction = nil
      d.server.db:query("UPDATE booking SET status = 'canceled', version = version + 1")
    end
    local name, more = d:contact("cancel", booking)
    assert.equal("unprocessable", name)
    assert.equal("already_canceled", codes(more))
  end)

  it("asks the policy before it is canceled or moved", function()
    d.server.scripts.booking = { cancel = function() return "Call us." end }
    local _, more = d:contact("cancel", booking)
    assert.equal("policy_denied", codes(more))
    assert.equal("Call us.", more.detail)
    d.server.scripts.booking = { reschedule = function(r)
      return r.to == demo.at(slots[5].startsAt) and { code = "x_no", message = "Not there." } or nil
    end }
    assert.equal(200, (d:contact("reschedule", booking, nil,
      { start_at = slots[9].startsAt, end_at = slots[9].endsAt })))
    _, more = d:contact("reschedule", booking, nil,
      { start_at = slots[5].startsAt, end_at = slots[5].endsAt })
    assert.equal("x_no", codes(more))
  end)
end)
