-- The world outside, for specs: what plugins ask of other servers is answered by stubs.
local json = require("dkjson")

local outside = {}
local stubs, fetched = {}, {} -- the newest stub first; requests in their order

function outside.begin()
  stubs, fetched = {}, {}
end

-- All that was asked: { method, url, headers (names in lower case), body }.
function outside.fetched()
  return fetched
end

-- A stub: for one url (whatever stands behind its `?`, unless it has one of its own), or,
-- without one, for all. `response` is { status?, headers?, body? }, a table as body goes out
-- as JSON; or a function of the request that returns such a response, or nil, a word and a
-- sentence, as kordless.fetch would. One that returns nothing at all leaves it to the others.
function outside.answer(url, response)
  if type(url) ~= "string" then
    url, response = nil, url
  end
  local kind = type(response)
  if kind ~= "function" and (kind ~= "table" or not url) then
    error("test.answer takes a url and a response, or a function", 3)
  end
  table.insert(stubs, 1, { url = url, response = response })
end

local function is_for(stub, url)
  return not stub.url or stub.url == url
    or not stub.url:find("?", 1, true) and stub.url == url:match("^[^?]*")
end

local function encode(response)
  local lines, body = { ("HTTP/1.1 %d -"):format(response.status or 200) }, response.body or ""
  if type(body) == "table" then
    body = json.encode(body)
    lines[2] = "Content-Type: application/json"
  end
  for name, value in pairs(response.headers or {}) do
    lines[#lines + 1] = name .. ": " .. value
  end
  lines[#lines + 1] = "Content-Length: " .. #body
  return table.concat(lines, "\r\n") .. "\r\n\r\n" .. body
end

local function try(stub, request)
  if type(stub.response) == "table" then
    return encode(stub.response)
  end
  local given = table.pack(stub.response(request))
  if type(given[1]) == "table" then
    return encode(given[1])
  end
  if given.n > 0 then
    return nil, given[2] or "connect_failed", given[3] or "the stub says so"
  end
end

local function read(origin, bytes)
  local head, body = bytes:match("^(.-)\r\n\r\n(.*)$")
  local method, target = head:match("^(%S+) (%S+)")
  local request = { method = method, url = origin .. target, headers = {}, body = body }
  for name, value in head:gmatch("\r\n([^:]+): *([^\r]*)") do
    request.headers[name:lower()] = value
  end
  return request
end

-- What the server calls: the bytes of a response, or nil, a word and a sentence.
function outside.ask(origin, bytes)
  local request = read(origin, bytes)
  fetched[#fetched + 1] = request
  for _, stub in ipairs(stubs) do
    if is_for(stub, request.url) then
      local answer, code, why = try(stub, request)
      if answer or code then
        return answer, code, why
      end
    end
  end
  local why = ("no test.answer is for %s %s"):format(request.method, request.url)
  io.stderr:write("not_stubbed: ", why, "\n")
  return nil, "not_stubbed", why
end

return outside
