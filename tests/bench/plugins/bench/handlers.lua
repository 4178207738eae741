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

return handlers
