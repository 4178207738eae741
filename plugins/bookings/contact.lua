-- Who made a booking, and whether somebody is that person. Pure.

local fields = require("services.fields")

local contact = {}

local LONGEST = 254 -- characters of an address; a phone is shorter

function contact.folded(email)
  return email and email:match("^%s*(.-)%s*$"):lower()
end

function contact.digits(phone)
  return phone and (phone:gsub("%D", ""))
end

local function countable(digits)
  return #digits >= 6 and #digits <= 15
end

-- The contact of a new booking: {name, email?, phone?}.
function contact.read(faults, value)
  if type(value) ~= "table" or kordless.json.is_array(value) then
    fields.fault(faults, "contact", fields.given(value) and "must be an object" or "is required")
    return {}
  end
  local name = fields.text(faults, "contact.name", value.name, { max = 200, required = true })
  local before = #faults
  local email = fields.text(faults, "contact.email", value.email, { max = LONGEST })
  if email and not contact.folded(email):find("^[^%s@]+@[^%s@]+$") then
    fields.fault(faults, "contact.email", "must be an email address")
  end
  local phone = fields.text(faults, "contact.phone", value.phone, { max = 32 })
  if phone and not countable(contact.digits(phone)) then
    fields.fault(faults, "contact.phone", "must be a phone number of 6 to 15 digits")
  end
  if not email and not phone and #faults == before then
    fields.fault(faults, "contact", "must have an email or a phone")
  end
  return { name = name, email = email and email:match("^%s*(.-)%s*$"), phone = phone }
end

-- The `contact` of a query: {email} folded, or {phone} as digits. A "+" that was not escaped
-- arrives as a blank, which no stored address has inside.
function contact.claim(faults, value, required)
  if not fields.given(value) then
    if required then
      fields.fault(faults, "contact", "is required: the email or phone of the booking")
    end
    return nil
  end
  if (utf8.len(value) or #value) > LONGEST then
    return fields.fault(faults, "contact", "must have at most " .. LONGEST .. " characters")
  end
  if value:find("@", 1, true) then
    return { email = (contact.folded(value):gsub(" ", "+")) }
  end
  local digits = contact.digits(value)
  if countable(digits) then
    return { phone = digits }
  end
  fields.fault(faults, "contact", "must be an email address or a phone of 6 to 15 digits")
end

-- What is not stored matches nothing. In constant time.
function contact.matches(claim, row)
  local given = claim.email or claim.phone
  local stored = claim.phone and row.phone_digits
  if claim.email then
    stored = row.email_folded
  end
  return stored ~= nil and kordless.crypto.equal(given, stored)
end

return contact
