---@meta
-- The `kordless` API as a plugin sees it, for the Lua language server and for readers.
-- A plugin gets the libraries its manifest lists under `needs`; `log`, `json` and `now`
-- are always there. "Where": H = handlers, T = transactions, P = policies.
-- Units: instants are integers, UTC seconds since 1970; money is integer minor units.

---@class kordless
kordless = {}

-- now (H): the time of this request. It stands still while the handler runs, so that all
-- rules of one request agree; after a yield it is read anew. Transactions take their time
-- from their arguments, because they may run twice.
---@return integer seconds
function kordless.now() end

-- id (H, needs "id"): a new id, prefix and 26 characters, sorted by time: id("book_").
-- Transactions take ids from their arguments.
---@param prefix string at most 5 characters
---@return string
function kordless.id(prefix) end

-- log (H, T, P): one line each. `fields` are written as key=value.
kordless.log = {}
---@param event string one word
---@param fields? table<string, string|number|boolean>
function kordless.log.info(event, fields) end
function kordless.log.warn(event, fields) end
function kordless.log.error(event, fields) end

-- json (H, T, P)
kordless.json = {}
kordless.json.null = nil -- a value of its own, truthy; what a JSON null decodes to
---@param value any
---@return string # members sorted by name; integers stay integers, 45.0 is 45
function kordless.json.encode(value) end
---@param text string
---@return any value, string? why # nil and a sentence when the text is no JSON
function kordless.json.decode(text) end
---@generic T
---@param list T
---@return T # the same table, marked: empty it encodes as [] and not {}
function kordless.json.array(list) end
---@return boolean
function kordless.json.is_array(value) end -- decoded from or marked as an array

-- time (H, T, P; needs "time")
kordless.time = {}
---@param text string RFC 3339 with Z or an offset
---@return integer? seconds, boolean? fraction, string? why # nil, nil, why when it is none
function kordless.time.parse(text) end
---@param seconds integer
---@return string # "2026-03-08T07:00:00Z"
function kordless.time.format(seconds) end
---@param text string "2026-03-08"
---@return integer? days # since 1970-01-01; nil when it is no date
function kordless.time.days(text) end
---@param days integer
---@return string # "2026-03-08"
function kordless.time.date(days) end
---@param days integer
---@return integer # 1 Monday … 7 Sunday
function kordless.time.weekday(days) end

-- zone (H, T, P; needs "zone"): civil time by the system's tzdata
kordless.zone = {}
---@param name string IANA name
---@return boolean
function kordless.zone.known(name) end
-- The instant at which the wall shows `minutes` (0 … 2880) after midnight of day `days`.
-- In a gap: the transition. In a fold: the first occurrence.
---@param name string a known zone, else an error is raised
---@param days integer
---@param minutes integer
---@return integer seconds
function kordless.zone.instant(name, days, minutes) end
---@param name string
---@param seconds integer
---@return integer days, integer minutes, integer offset # the wall's date, minutes after its midnight, seconds east of UTC
function kordless.zone.wall(name, seconds) end

-- span (H, T, P; needs "span"): sets of half-open intervals [a, b) of integers
---@class kordless.span
local span = {}
kordless.span = {}
---@return kordless.span # new(), new(a, b), or new({{a, b}, …})
function kordless.span.new(...) end
function span:add(a, b) end ---@return kordless.span # itself
function span:union(other) end ---@return kordless.span # a new one, as the next two
function span:intersect(other) end
function span:subtract(other) end
function span:covers(a, b) end ---@return boolean # [a, b) lies within one interval
function span:touches(a, b) end ---@return boolean # any common instant
function span:total() end ---@return integer
-- #s is the number of intervals; s:get(i) gives a, b; for a, b in s:each() do … end
function span:get(i) end ---@return integer a, integer b
function span:each() end
-- The most units taken at any one instant of [a, b); loads are {a, b, units} triples in
-- one flat list: {a1, b1, u1, a2, b2, u2, …}.
---@return integer
function kordless.span.peak(loads, a, b) end

-- crypto (H, P; needs "crypto"; `hash` and `equal` in T too)
kordless.crypto = {}
---@return string # 64 hex digits: BLAKE2b-256 of the text
function kordless.crypto.hash(text) end
---@return string # n random bytes (1–64) as base62 characters, n of them
function kordless.crypto.token(n) end
---@return boolean # constant time for equal lengths
function kordless.crypto.equal(a, b) end

-- db (needs "db"). In H read only, on a snapshot that holds every commit acknowledged
-- before the request began; in T also writes. A plugin writes the tables its own
-- migrations made and reads those its manifest lists under `reads`. `?` parameters only;
-- json.null and nil bind NULL, true and false 1 and 0. May yield.
kordless.db = {}
---@return table[] # rows: column name to value; NULL is absent
function kordless.db.query(sql, ...) end
---@return table? # the first row
function kordless.db.one(sql, ...) end
---@return integer # T only: rows changed. A refusal by UNIQUE, CHECK or a trigger raises an
-- error that pcall sees as a table {code = "exists"|"constraint", message = "…"}
function kordless.db.exec(sql, ...) end

-- transaction (H; needs "transaction"): runs `name` of this plugin's transactions.lua on
-- the writer and waits until it is durable. Arguments and results are plain data (64 KiB).
-- The function may run twice: everything it needs is in `args`. It gets (args); when it
-- raises, nothing of it stands and the handler's answer is 500.
---@param name string
---@param args table
---@return any # what the function returned
function kordless.transaction(name, args) end
-- refuse (T): rolls this transaction back and gives `value` to the handler as its result.
function kordless.refuse(value) end
-- answer (T): the reply this transaction is made for. On a route with `idempotent = true`
-- the bytes are kept, in this very transaction, for whoever repeats the request. Returns
-- {status =, body =} with the body encoded; the handler returns status and body as they are.
function kordless.answer(status, body) end

-- sleep (H; needs "sleep"): yields for at most 60 seconds.
function kordless.sleep(seconds) end

-- policy (H; needs "policy"): asks a function of the operator's scripts/<file>.lua in its
-- own state. Only data crosses. Fails closed: when the script fails, the handler's answer
-- is 503 `policy_failed` and the log has file:line.
kordless.policy = {}
---@return boolean
function kordless.policy.has(file, name) end
function kordless.policy.call(file, name, args) end
---@return string # 16 hex digits naming the script's text
function kordless.policy.hash(file) end

-- A plugin's own files: require("rules"). Another's pure files, when listed in `uses`:
-- require("availability.rules"), require("services.store"): private copies.
---@param name string
function require(name) end

-- What a handler gets. Any field not listed is absent.
---@class kordless.request
---@field method string
---@field path string
---@field params table<string, string> from the path, decoded
---@field query table<string, string> decoded; given twice is refused before the handler
---@field body? table decoded JSON
---@field organization? {id: string, slug: string, name: string} of the key (auth "key", "organization"), of a valid key on a "contact" route
---@field key? {id: string, label: string, environment: string?, last4: string}
---@field request_id string
---@field public_url string where clients reach this server, without a slash at the end
--
-- What a handler returns:
--   return 200, {service = …}                     JSON
--   return 200, text, {["Content-Type"] = "…"}    a string goes out as it is
--   return 204
--   return nil, "slot_taken"                      an error its manifest declares, or one of
--                                                 the server's: not_found validation_error …
--   return nil, "slot_taken", {detail = "…", alternatives = …}   more members, own detail
