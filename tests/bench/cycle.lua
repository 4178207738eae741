-- For wrk (LuaJIT): one request after another from a file, round and round. Each line of the
-- file is a request with its line ends written as \n and a leading method, in wrk.format's
-- terms: METHOD <tab> PATH <tab> KEY <tab> BODY. argv: file, the line to begin with.
-- luacheck: std luajit, globals wrk init request done
local requests, at = {}, 0

function init(args)
  at = tonumber(args[2]) or 0
  for line in io.lines(args[1]) do
    local method, path, key, body = line:match("^(%S+)\t(%S+)\t(%S*)\t(.*)$")
    local headers = { Host = "127.0.0.1" }
    if key ~= "" then headers["x-kordless-key"] = key end
    if body ~= "" then headers["Content-Type"] = "application/json" end
    requests[#requests + 1] = wrk.format(method, path, headers, body ~= "" and body or nil)
  end
end

function request()
  at = at + 1
  return requests[(at - 1) % #requests + 1]
end

function done(summary)
  local e = summary.errors
  io.write(("\nBENCH %d %d %d %d\n"):format(summary.requests, summary.duration, e.status,
    e.connect + e.read + e.write + e.timeout))
end
