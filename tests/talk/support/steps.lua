-- What conversations with a server begin with: a caller, a time, an organization.

local client = require("tests.talk.support.client")

return function(server)
  function server:client(headers)
    return client.new(self, headers)
  end

  -- now: "2031-03-03T12:00:00Z"
  function server:freeze(now)
    local r = self:client():put("/test/clock", { now = now })
    assert(r.status < 300, tostring(r))
  end

  function server:advance(seconds)
    local r = self:client():put("/test/clock", { advance_seconds = seconds })
    assert(r.status < 300, tostring(r))
  end

  -- An organization with a key and no services: {id =, slug =, key =, client =}
  function server:organization(slug)
    local org = self:tell("org", "create", "--slug", slug, "--name", "Org " .. slug)
    local key = self:key(slug, "front desk")
    return { id = org.id, slug = slug, key = key.key, key_id = key.id,
      client = self:client({ ["x-kordless-key"] = key.key }) }
  end

  function server:key(slug, label, ...)
    return self:tell("key", "create", "--org", slug, "--label", label, ...)
  end

  -- The demo organization, with services, hosts and hours.
  function server:demo()
    local made = self:tell("demo")
    local org = made.organization
    return { id = org.id, slug = org.slug, key = made.key, services = made.services,
      client = self:client({ ["x-kordless-key"] = made.key }) }
  end
end
