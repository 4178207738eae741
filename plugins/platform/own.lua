-- The organization as it shows itself to its customers: its own routes, by its own key or a
-- session of one of its members.
local rules = require("rules")

local own = {}

local MEMBERS = { "name", "tagline", "branding" }
local BRANDING = { "primaryColor", "logo", "companyName", "favicon", "ogImage" }

local function show(row)
  local null, branding = kordless.json.null, {}
  for _, name in ipairs(BRANDING) do
    branding[name] = (row.branding or {})[name] or null
  end
  return { organization = {
    id = row.id, name = row.name, slug = row.slug, tagline = row.tagline or null,
    branding = branding,
  } }
end

function own.show_own(req)
  return 200, show(kordless.organizations.get(req.organization.id))
end

-- Nothing but what is shown can be changed here: the rest is the platform's.
function own.change_own(req)
  local wanted = rules.only(req.body, MEMBERS)
  if rules.value(wanted.branding) then
    wanted.branding = rules.only(wanted.branding, BRANDING)
  end
  wanted.patch = rules.only(wanted, MEMBERS)
  return 200, show(kordless.organizations.change(req.organization.id, wanted))
end

return own
