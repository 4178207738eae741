-- Who made a booking, and whether somebody is that person. Pure.

local fields = require("services.fields")

local contact = {}

function contact.folded(email)
  return email and email:match("^%s*(.-)%s*$"):lower()
end

function contact.digits(phone)
  return phone and (phone:gsub("%D", ""))
end

-- The contact of a new booking: {name, email?, phone?}, each as its schema says.
function contact.read(faults, value)
  local email, phone = fields.text(value.email), fields.text(value.phone)
  if not email and not phone then
    fields.fault(faults, "contact", "must have an email or a phone")
  end
  return { name = value.name, email = email and email:match("^%s*(.-)%s*$"), phone = phone }
end

-- The `contact` of a query: {email} folded, or {phone} as digits. A "+" that was not escaped
-- arrives as a blank, which no stored address has inside.
function contact.claim(value)
  if not value then
    return nil
  end
  if value:find("@", 1, true) then
    return { email = (contact.folded(value):gsub(" ", "+")) }
  end
  return { phone = contact.digits(value) }
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
