local handlers = {}

function handlers.ten(req)
  return 200, {
    organization = req.organization.id,
    slug = req.organization.slug,
    label = req.key.label,
    last4 = req.key.last4,
    now = kordless.now(),
    duration = 30,
    price = 45.5,
    bookable = true,
    name = "Consultation",
    timezone = "America/New_York",
  }
end

-- Ten fields in, ten out.
function handlers.exchange(req)
  local asked = req.body
  return 200, {
    service = asked.service, name = asked.name, email = asked.email,
    starts_at = asked.starts_at, ends_at = asked.starts_at + asked.minutes * 60,
    duration = asked.minutes, price = asked.price * asked.party_size,
    bookable = asked.public, confirmed = asked.approval, timezone = asked.timezone,
  }
end

return handlers
