-- People at the platform routes: invited, set up, signed in as a browser would be.

local client = require("tests.talk.support.client")
local http = require("tests.talk.support.http")

local people = { prefix = "/api/platform/v1" }
local P = people.prefix

people.password = "correct horse battery"

-- The cookie of an answer as a browser sends it back: "kordless_session=…"
function people.cookie(r)
  return (assert(r.headers["set-cookie"], tostring(r)):match("^[^;]+"))
end

-- A caller with the session that this answer began.
local function signed_in(s, r)
  assert(r.status == 200, tostring(r))
  local answer = r:json()
  local c = s:client({ Cookie = people.cookie(r), ["X-Kordless-CSRF"] = answer.csrf })
  c.member, c.csrf, c.cookie = answer.member, answer.csrf, people.cookie(r)
  return c
end

function people.sign_in(s, email, password)
  return signed_in(s, s:client():post(P .. "/session",
    { email = email, password = password or people.password }))
end

-- by: a caller who may; where: an organization's id, or nil for an operator.
function people.invite(by, where, email, role, name)
  local path = where and P .. "/organizations/" .. where .. "/members" or P .. "/members"
  local r = by:post(path, { email = email, role = role, name = name })
  assert(r.status == 201, tostring(r))
  local answer = r:json()
  answer.link = assert(answer.setup_url:match("#setup=(kord_link_%w+)$"), answer.setup_url)
  return answer
end

function people.set_up(s, link, password, name)
  return s:client():post(P .. "/session/setup",
    { token = link, password = password or people.password, name = name })
end

-- Invited, set up and signed in.
function people.member(s, by, where, email, role)
  return signed_in(s, people.set_up(s, people.invite(by, where, email, role).link))
end

people.admin = client.admin

-- All of a list, page by page.
function people.all(by, path, name)
  local list, cursor = {}, nil
  repeat
    local r = by:get(path .. http.query({ limit = 2, cursor = cursor }))
    assert(r.status == 200, tostring(r))
    for _, one in ipairs(r:json()[name]) do list[#list + 1] = one end
    cursor = r:json().next_cursor
    if cursor == http.null then cursor = nil end
  until not cursor
  return list
end

return people
