---@meta
-- The `kordless` API as a plugin sees it, for the Lua language server and for readers.
-- A plugin gets the libraries its manifest lists under `needs`; `log`, `json`, `now`,
-- `refuse` and `answer` need no entry. Policies (scripts/) get all that is marked P.
-- Where: H = handlers.lua, T = transactions.lua, P = policies; a file they require may use
-- what they may. What is used elsewhere raises an error that says where it belongs.
-- Units: instants are integers, UTC seconds since 1970; money is integer minor units.
-- Wrong arguments raise an error. One that a handler does not catch is answered 500, one
-- over its budget of steps or memory 503; both stand in the log with file:line, and the
-- client gets the request id.
-- Beside `kordless` there are the base functions, string, table, math and utf8, without
-- load, dofile, print, collectgarbage, coroutine, io, os, debug, random, warn and xpcall;
-- globals cannot be set; setmetatable takes no __gc, __close or __mode.

---@class kordless
kordless = {}

-- now (H): the time of this request. It stands still while the handler runs, so that all
-- rules of one request agree; after a wait (transaction, sleep, fetch) it is read anew.
-- Transactions take their time from their arguments, because they may run twice.
---@return integer seconds
function kordless.now() end

-- id (H, needs "id"): a new id, prefix and 26 characters, sorted by time: id("book_").
-- Transactions take ids from their arguments.
---@param prefix string at most 5 characters, may be ""
---@return string
function kordless.id(prefix) end

-- options (H, T): what plugin.lua declares under `options`, as the operator set it in
-- scripts/kordless.lua, plugins = { { "name", options = { per_page = 20 } } }, or the default.
-- Cannot be written; a list has a length and ipairs, but no pairs.
---@type table<string, string|number|boolean|string[]|nil>
kordless.options = {}

-- log (H, T, P): one line each. `fields` are written as key=value; the first 15 of them,
-- 1,024 bytes of each.
kordless.log = {}
---@param event string one word of a-z, 0-9 and _, at most 64 characters
---@param fields? table<string, string|number|boolean> names are such words too
function kordless.log.info(event, fields) end
function kordless.log.warn(event, fields) end
function kordless.log.error(event, fields) end

-- json (H, T, P)
kordless.json = {}
kordless.json.null = nil -- a value of its own, truthy; what a JSON null decodes to
-- A table of 1 … n is an array, one with string keys an object, an empty one {} unless it is
-- marked by json.array. Raises when a value is no JSON: functions, NaN, mixed keys, text
-- that is not UTF-8.
---@param value any
---@return string # members sorted by name; integers stay integers, 45.0 is 45
function kordless.json.encode(value) end
---@param text string
---@return any value, string? why # nil and a sentence when the text is no JSON; arrays are marked
function kordless.json.decode(text) end
---@generic T
---@param list T
---@return T # the same table, marked: empty it encodes as [] and not {}
function kordless.json.array(list) end
---@return boolean
function kordless.json.is_array(value) end -- marked, or of 1 … n; an unmarked {} is none

-- time (H, T, P; needs "time")
kordless.time = {}
---@param text string RFC 3339 with Z or an offset
---@return integer? seconds, boolean? fraction, string? why # rounded down, and whether there was a fraction; nil, nil, why when it is no time
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
---@return kordless.span # new(), new(a, b), or new({{a, b}, …}); what overlaps or touches is joined
function kordless.span.new(...) end
function span:add(a, b) end ---@return kordless.span # itself
function span:union(other) end ---@return kordless.span # a new one, as the next two
function span:intersect(other) end
function span:subtract(other) end
function span:covers(a, b) end ---@return boolean # [a, b) lies within one interval
function span:touches(a, b) end ---@return boolean # any common instant
function span:total() end ---@return integer
-- #s is the number of intervals; s:get(i) gives a, b, or nil past the end;
-- for a, b in s:each() do … end
function span:get(i) end ---@return integer? a, integer? b
function span:each() end
-- The most units taken at any one instant of [a, b); loads are {a, b, units} triples in
-- one flat list: {a1, b1, u1, a2, b2, u2, …}.
---@return integer
function kordless.span.peak(loads, a, b) end

-- crypto (H, T, P; needs "crypto")
kordless.crypto = {}
---@return string # 64 hex digits: BLAKE2b-256 of the text, without a key: for names of things
function kordless.crypto.hash(text) end
---@return string # H only: n (1–64) random base62 characters, 5.95 bits each
function kordless.crypto.token(n) end
---@return boolean # constant time for equal lengths
function kordless.crypto.equal(a, b) end

-- db (H, T; needs "db"). In H read only, on a snapshot that holds every commit
-- acknowledged before the request began; in T also writes, and reads what it wrote. A plugin
-- writes the tables its own migrations made and reads those its manifest lists under
-- `reads` as well; files taken from another plugin by `uses` read with these rights too, so
-- list its tables. `?` parameters only; json.null and nil bind NULL, true and false 1 and 0;
-- missing ones are NULL, too many raise. SQL steps are charged to the call's budget. Never
-- allowed: transaction control, ATTACH, PRAGMA, and CREATE, ALTER, DROP outside migrations.
-- May yield.
kordless.db = {}
---@return table[] # rows: column name to value; NULL is absent
function kordless.db.query(sql, ...) end
---@return table? # the first row
function kordless.db.one(sql, ...) end
---@return integer # T only: rows changed. A refusal by UNIQUE, CHECK or a trigger raises an
-- error that pcall sees as a table {code = "exists"|"constraint", message = "…"}; what that
-- statement did is undone, and the transaction may go on. Other errors are strings.
function kordless.db.exec(sql, ...) end

-- transaction (H; needs "transaction"): runs `name` of this plugin's transactions.lua on
-- the writer and waits until it is durable. Arguments and results are plain data: nil,
-- booleans, numbers, strings, json.null and tables of these without metatables, 64 KiB. The
-- function may run twice: everything it needs is in `args`. It gets (args); when it raises,
-- nothing of it stands, and unless the handler catches that the answer is 500.
-- 200,000 steps; 503 over budget, when too many writes wait, or when the disk is full.
---@param name string
---@param args table
---@return any # what the function returned, or what it refused with
function kordless.transaction(name, args) end
-- refuse (T): rolls this transaction back and gives `value` (plain data) to the handler as
-- its result. Does not return; a pcall around it does not undo it.
function kordless.refuse(value) end
-- answer (T): the reply this transaction is made for, status 200 to 299. On a route with
-- `idempotent = true` the bytes are kept, in this very transaction, for whoever repeats the
-- request. Returns {status =, body =} with the body encoded: return it from the transaction,
-- and status and body from the handler, as they are.
function kordless.answer(status, body) end

-- emit (T; needs "emit"): says what this transaction did: an event that plugin.lua lists under
-- `events`, and plain data about it. When the transaction is durable, each plugin with a hook
-- for it is told, { event = "notes.kept", data = … }; when it is undone, nobody. All events of
-- one transaction have at most 64 KiB. A hook runs as kordless.after does, right away, in
-- memory only: what must not be lost in a crash is a row of your own.
---@param name string
---@param data? any
function kordless.emit(name, data) end

-- problem (H): ends the request with an error of the manifest or of the server, as returning
-- nil, name, members from the handler would. Does not return; a pcall around it does not undo
-- it, and nothing more is written.
---@param name string
---@param members? table
function kordless.problem(name, members) end

-- secret (H; needs "secret"): what the operator set with `kordless secret set <plugin>.<name>`;
-- plugin.lua lists it under `secrets`. Read it where you use it: it may change at any time.
---@param name string
---@return string? # nil: it is not set
function kordless.secret(name) end

-- sleep (H; needs "sleep"): waits for 0 to 60 seconds, fractions too; others are served
-- meanwhile. A call waits at most 1,000 times. If the caller leaves, the handler ends there;
-- what it has written stays.
function kordless.sleep(seconds) end

-- fetch (H; needs "fetch"): one request to another server; waits until the response is
-- whole. A host must stand under `hosts` in this plugin's plugin.lua and under `fetch_hosts`
-- in the operator's scripts/kordless.lua: "api.example.com" for its ports 80 and 443,
-- "api.example.com:8443" for that port alone. Private, loopback and link-local addresses
-- are refused whatever the name. https only to servers that prove their name (TLS 1.2 or
-- newer). Redirects are not followed; connections and answers are not kept. If the caller
-- leaves, the request is given up and the handler ends there, unless `detached`.
-- Wrong arguments raise; what went wrong outside is returned: nil, a word, a sentence.
-- invalid_url host_not_allowed unresolved address_refused connect_failed tls_failed timeout
-- too_large bad_response busy (256 requests, or 512 MiB, are under way on this worker)
---@class kordless.fetch_options
---@field url string "https://host[:port]/path?query"
---@field method? string "GET"
---@field headers? table<string, string> at most 50; those of the framing are ours
---@field body? string at most 8 MiB
---@field timeout_ms? integer in all, finding the address too: 1 to 60000, else 10000
---@field max_bytes? integer of the response's body: 0 to 8388608, else 1048576
---@field detached? boolean goes on when the caller leaves
---@class kordless.fetch_response
---@field status integer
---@field headers table<string, string> names in lower case; several of one name are joined by ", "
---@field body string
---@param options kordless.fetch_options
---@return kordless.fetch_response? response, string? code, string? why
function kordless.fetch(options) end

-- after (H; needs "after"): in `seconds` (0 to 86400) runs the function `name` of this
-- plugin's handlers.lua with a copy of `args` (plain data, 64 KiB), in the version that is
-- live by then, with a budget of its own and no request. It may wait and write as any
-- handler; what it returns is ignored, an error is logged. It is kept in memory only: what
-- waits when the server stops is dropped, with a line in the log (after_dropped).
---@param seconds number
---@param name string
---@param args? any
---@return boolean # false: 1,000 wait on this worker already
function kordless.after(seconds, name, args) end

-- policy (H; needs "policy"): asks a function of the operator's scripts/<file>.lua in its
-- own state. Only data crosses. When the script fails or has no such function, `call` raises,
-- and unless that is caught the answer is 503 `policy_failed`; the log has file:line. What
-- the script used is charged to the handler; after ten kills in a minute it fails unrun.
kordless.policy = {}
---@return boolean
function kordless.policy.has(file, name) end
-- Each answer that is none of nil, false and {} is a line of the decision log: `means` says
-- what it did, "refused" (if not given) or "changed".
---@param means? "refused"|"changed"
---@return any # what the script returned; args and result are plain data, 4 MiB
function kordless.policy.call(file, name, args, means) end
-- Ends the request like a script that failed: for a result that is no answer.
function kordless.policy.fail(file, name, why) end
---@return string # 16 hex digits naming the script's text
function kordless.policy.hash(file) end

-- A plugin's own files by their name, require("rules"), or in full, require("notes.rules"):
-- two names, two copies. Another's files in full, and only if `uses` lists the plugin:
-- require("services.store"). A copy is private, runs with the user's `needs` and `reads`, and
-- finds what it requires itself only if that stands under the user's `uses` as well. plugin,
-- handlers and transactions cannot be required. Policies: the other files of scripts/.
---@param name string
---@return any # what the file returned, made once per state
function require(name) end

-- What plugin.lua returns: plain values; it is read without any globals. An unknown key is a
-- fault, and so is whatever has the wrong type.
---@class kordless.manifest
---@field name string the folder's name
---@field version string any text
---@field api? integer 1
---@field needs? string[] of db transaction time zone span crypto id policy sleep fetch after emit secret (keys is the platform plugin's: organizations and API keys)
---@field hosts? string[] servers that `fetch` may ask: "api.example.com", "api.example.com:8443"
---@field uses? string[] plugins that stand before this one; itself is allowed and needs no entry
---@field reads? string[] tables of others that SQL may read; not the runtime's api_key, member, session, audit, outbox, idempotency, secret, setting
---@field errors? table<string, {status: integer, detail: string}> names of a-z, 0-9 and _; status 400 to 599; `code` of the answer is the name
---@field options? kordless.option[] what the operator may set of this plugin; see kordless.options
---@field secrets? string[] what kordless.secret may read: names of its own
---@field events? string[] what its transactions emit, words of a-z, 0-9 and _
---@field hooks? table<string, string> ["notes.kept"] = "on_kept": an event of any plugin, and the function of handlers.lua that is told
---@field routes? kordless.route[]

-- { "per_page", type = "integer", min = 1, max = 100, default = 50, doc = "Lines of a page." }
---@class kordless.option
---@field [1] string its name: a-z, 0-9 and _
---@field type "string"|"integer"|"number"|"boolean"|"list" a list is of strings
---@field default? any when the operator sets nothing; without one the option is nil
---@field required? boolean the operator must set it
---@field min? number of a number its value, of a string its characters, of a list its entries
---@field max? number
---@field doc string a sentence for the operator

---@class kordless.route
---@field method "GET"|"POST"|"PUT"|"PATCH"|"DELETE" HEAD comes with GET, OPTIONS by itself
---@field path string "/notes/{id}": a parameter is one segment, or its beginning ("/{token}.ics"); at most 8, none empty
---@field handler string a function of handlers.lua
---@field auth "key"|"organization"|"contact"|"none"|"platform" an API key; a key and x-organization-id; neither, limited by address, or a key; nothing; the operator
---@field scope? string what a key must be allowed: bookings:read, services:write …
---@field idempotent? boolean Idempotency-Key is heeded; see kordless.answer; a 422 is kept too
---@field cached? boolean GET: ETag and 304 over data, policies and minute, the server's work
---@field body? boolean|kordless.schema JSON is expected and decoded; if not given: on POST, PUT, PATCH without raw. A schema is checked before the handler runs; with `nullable` nothing need be sent
---@field query? kordless.schema[] parameters, in the order in which faults are told: { "limit", type = "integer", default = 50 }
---@field replies? table<integer, kordless.schema> by status, [200] = …; checked in tests only (kordless-test answers 500 and logs why). Every status below 300 must then be listed
---@field example? {body: any, reply: any} shown in the reference; must fit the schemas
---@field raw? boolean the body as it came in raw_body, and headers; no Content-Type is asked for
---@field summary? string a sentence for the reference
---@field produces? string "text/calendar": the media type of replies that are no JSON, for the reference; the handler sets Content-Type

-- What a value must look like: a part of JSON Schema. A request that is not so is answered
-- 400 validation_error with all faults, first field first, named as the caller spells them,
-- and no handler runs. What is not declared is left alone. null for what is not `nullable` is
-- as good as left out. All of it is shown in /openapi.json and /docs.
---@class kordless.schema
---@field [1]? string the name, of a property or a parameter
---@field type? "string"|"integer"|"number"|"boolean"|"object"|"array"|"any" if not given: object with `properties`, array with `items`, else string. In a query numbers and booleans are made of their text
---@field format? "date-time"|"date"|"slug"|"email"|"phone"|"contact"|"id"|"timezone" of strings. date-time: RFC 3339, Z or an offset; email and phone (6 to 15 digits) may be blank; contact: either; the value stays a string
---@field required? boolean
---@field nullable? boolean null is a value, and kordless.json.null reaches the handler
---@field default? any what the handler gets when it was left out
---@field enum? string[]
---@field min_length? integer characters of a string, entries of an array
---@field max_length? integer
---@field minimum? number
---@field maximum? number
---@field properties? kordless.schema[] in order, each beginning with its name
---@field items? kordless.schema
---@field description? string
---@field example? any

-- What a handler gets. Any field not listed is absent.
---@class kordless.request
---@field method string
---@field path string
---@field params table<string, string> from the path, decoded
---@field query table<string, any> decoded strings, or what the route's `query` makes of them; given twice is refused before the handler
---@field body? any decoded JSON, any value: look at its type; absent when nothing was sent
---@field raw_body? string on raw routes: the bytes, "" when nothing was sent
---@field headers? {name: string, value: string}[] on raw routes: as they came and in that order, without x-kordless-key, Authorization and Cookie
---@field organization? {id: string, slug: string, name: string} of the key (auth "key", "organization"), or of a valid key on a "contact" route
---@field key? {id: string, label: string, environment: string?, last4: string} there with organization
---@field request_id string
---@field public_url string where clients reach this server, without a slash at the end
--
-- What a handler returns:
--   return 200, {service = …}                     JSON; status 200 to 599
--   return 200, text, {["Content-Type"] = "…"}    a string goes out as it is, as JSON unless
--                                                 the headers say otherwise
--   return 204
--   return nil, "slot_taken"                      an error its manifest declares, or one of
--                                                 the server's: validation_error (400)
--                                                 wrong_organization contact_mismatch (403)
--                                                 not_found (404) conflict (409)
--                                                 unprocessable (422)
--   return nil, "slot_taken", {detail = "…", alternatives = …}   more members, own detail
