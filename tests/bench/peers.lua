-- Servers of others, from npm: installed by the lock file into the build folder, started here.
local http = require("tests.talk.support.http")
local measure = require("tests.bench.measure")
local shell = require("tests.talk.support.shell")

local peers = {}

local HERE = "tests/bench/peers"

-- The folder they run in. better-sqlite3 compiles where nobody did it for this machine.
function peers.install()
  local at = (os.getenv("BUILD") or "build") .. "/peers"
  local code, out, err = shell.run({ "sh", "-ec", ([[
    mkdir -p AT
    cp HERE/server.js AT
    cmp -s HERE/package-lock.json AT/package-lock.json && [ -e AT/installed ] && exit
    rm -f AT/installed
    cp HERE/package.json HERE/package-lock.json AT
    cd AT && npm ci --no-audit --no-fund && touch installed
  ]]):gsub("AT", shell.quote(at)):gsub("HERE", HERE) })
  assert(code == 0, "the peers cannot be installed: " .. out .. err)
  return at
end

-- On the database of `dir`, for one key of `org`.
function peers.start(at, dir, port, org)
  local p = measure.spawn({ "node", at .. "/server.js", dir .. "/data/kordless.db", tostring(port),
    org.key, org.id }, dir .. "/peer.log", "listening on http://(%S+)")
  http.connect(p.address):close()
  return p
end

return peers
