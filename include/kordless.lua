---@meta
-- The `kordless` API as a plugin sees it, for the Lua language server and for readers.
-- Made by `make api` from the table that the server itself goes by (runtime/lua/api.h):
-- change it there.
-- A plugin gets the libraries its manifest lists under `needs`. Where: H = handlers.lua,
-- T = transactions.lua, P = policies (scripts/); a file they require may use what they
-- may, and what a library says holds for its members. What is used elsewhere, or was not
-- asked for, raises an error that says so.
-- Units: instants are integers, UTC seconds since 1970; money is integer minor units.
-- Wrong arguments raise an error. One that a handler does not catch is answered 500, one
-- over its budget of steps or memory 503; both stand in the log with file:line, and the
-- client gets the request id. What waits cannot be called inside a sort, a pattern's
-- function, a metamethod of one or a file being required.
-- Beside `kordless` there are the base functions, string, table, math and utf8, without
-- load, dofile, print, collectgarbage, coroutine, io, os, debug, random, warn and xpcall;
-- globals cannot be set; setmetatable takes no __gc, __close or __mode.

---@class kordless
kordless = {}

--- H. The time of this request. It stands still while the handler runs, so that all rules of one
--- request agree; after a wait (transaction, sleep, fetch) it is read anew. Transactions take their
--- time from their arguments, because they may run twice.
---@return integer seconds
function kordless.now() end

--- H. On a route with `cached = true`: from when on this answer may be another though nothing was
--- committed. Before that, and within the minute, whoever has the answer and asks again is told 304
--- without asking the handler.
---@param instant integer UTC seconds; the earliest of several counts
function kordless.fresh(instant) end

--- H; needs "id". A new id, prefix and 26 characters, sorted by time: `id("book_")`. Transactions
--- take ids from their arguments.
---@param prefix string at most 5 characters, may be empty
---@return string id
function kordless.id(prefix) end

--- H, T. What plugin.lua declares under `options`, as the operator set it in scripts/kordless.lua,
--- `plugins = { { "name", options = { per_page = 20 } } }`, or the default. Cannot be written; a
--- list has a length and ipairs, but no pairs.
---@type table<string, string|number|boolean|string[]|nil>
kordless.options = {}

--- H, T, P. One line each. `fields` are written as key=value; the first 15 of them, 1,024 bytes of
--- each.
kordless.log = {}
--- What goes as it should.
---@param event string one word of a-z, 0-9 and _, at most 64 characters
---@param fields? table<string, string|number|boolean> names are such words too
function kordless.log.info(event, fields) end
--- What somebody should know of.
---@param event string
---@param fields? table<string, string|number|boolean>
function kordless.log.warn(event, fields) end
--- What somebody should mend.
---@param event string
---@param fields? table<string, string|number|boolean>
function kordless.log.error(event, fields) end

--- H, T, P. Text to values, and values to text.
kordless.json = {}
--- A value of its own, truthy; what a JSON null decodes to.
---@type lightuserdata
kordless.json.null = nil
--- A table of 1 … n is an array, one with string keys an object, an empty one `{}` unless it is
--- marked by json.array. Raises when a value is no JSON: functions, NaN, mixed keys, text that is
--- not UTF-8.
---@param value any
---@return string text members sorted by name; integers stay integers, 45.0 is 45
function kordless.json.encode(value) end
--- Arrays are marked; null is json.null.
---@param text string
---@return any value nil when the text is no JSON
---@return string? why a sentence, then
function kordless.json.decode(text) end
--- Marks a table as an array: empty it encodes as `[]` and not `{}`.
---@generic T
---@param list T a table without a metatable
---@return T list the same table
function kordless.json.array(list) end
--- Is it marked, or a table of 1 … n? An unmarked `{}` is none.
---@param value any
---@return boolean is
function kordless.json.is_array(value) end

--- H, T, P; needs "time". Instants and dates as text, and the calendar. What the time is, now says.
kordless.time = {}
--- The instant a text names.
---@param text string RFC 3339 with Z or an offset
---@return integer? seconds rounded down; nil when it is no time
---@return boolean? fraction was there one?
---@return string? why when it is no time
function kordless.time.parse(text) end
--- `2026-03-08T07:00:00Z`, of the years 1 to 9999.
---@param seconds integer
---@return string text
function kordless.time.format(seconds) end
--- Days since 1970-01-01.
---@param text string `2026-03-08`
---@return integer? days nil when it is no date
function kordless.time.days(text) end
--- `2026-03-08`, of days since 1970-01-01.
---@param days integer
---@return string text
function kordless.time.date(days) end
--- 1 Monday … 7 Sunday.
---@param days integer
---@return integer weekday
function kordless.time.weekday(days) end

--- H, T, P; needs "zone". Civil time by the system's tzdata.
kordless.zone = {}
--- Is there such a zone?
---@param name string an IANA name
---@return boolean known
function kordless.zone.known(name) end
--- The instant at which the wall shows `minutes` after midnight of day `days`. In a gap: the
--- transition. In a fold: the first occurrence.
---@param name string a known zone, else an error is raised
---@param days integer
---@param minutes integer 0 … 2880
---@return integer seconds
function kordless.zone.instant(name, days, minutes) end
--- What the wall shows at an instant.
---@param name string a known zone
---@param seconds integer
---@return integer days the wall's date
---@return integer minutes after its midnight
---@return integer offset seconds east of UTC
function kordless.zone.wall(name, seconds) end
--- The instants of these hours on each of the wall's dates that touch [lo, hi), as `zone.instant`
--- says of their ends. Needs `span` too.
---@param name string a known zone
---@param weekly integer[][][] by weekday, 1 Monday: ranges {from, to} of minutes after midnight, 0 … 2880
---@param overrides table<integer, integer[][]> ranges by day since 1970, in place of the weekday's
---@param lo integer
---@param hi integer at most 4,000 days on
---@return kordless.span set
function kordless.zone.open(name, weekly, overrides, lo, hi) end

--- H, T, P; needs "span". Sets of half-open intervals [a, b) of integers.
kordless.span = {}

--- H, T, P; needs "span". `#s` is the number of intervals; `for a, b in s:each() do … end`.
---@class kordless.span
local span = {}
--- Adds [a, b).
---@param a integer
---@param b integer
---@return kordless.span self itself
function span:add(a, b) end
--- What is in either.
---@param other kordless.span
---@return kordless.span set a new one
function span:union(other) end
--- What is in both.
---@param other kordless.span
---@return kordless.span set a new one
function span:intersect(other) end
--- What is not in the other.
---@param other kordless.span
---@return kordless.span set a new one
function span:subtract(other) end
--- Does [a, b) lie within one interval?
---@param a integer
---@param b integer
---@return boolean covers
function span:covers(a, b) end
--- Has [a, b) any instant in common with it?
---@param a integer
---@param b integer
---@return boolean touches
function span:touches(a, b) end
--- The lengths of all intervals together.
---@return integer total
function span:total() end
--- The i-th interval.
---@param i integer from 1 on
---@return integer? a nil past the end
---@return integer? b
function span:get(i) end
--- For a loop over all intervals.
---@return fun(): integer?, integer? next
function span:each() end
--- `new()`, `new(a, b)` or `new({{a, b}, …})`; what overlaps or touches is joined.
---@param a? integer|integer[][] or a list `{{a, b}, …}`
---@param b? integer
---@return kordless.span set
function kordless.span.new(a, b) end
--- The most units taken at any one instant of [a, b).
---@param loads integer[] one flat list: `{a1, b1, units1, a2, …}`
---@param a integer
---@param b integer
---@return integer units
function kordless.span.peak(loads, a, b) end

--- H, T, P; needs "crypto". Names of things, tokens to give out, and how to compare them.
kordless.crypto = {}
--- BLAKE2b-256 of the text, without a key: for names of things.
---@param text string
---@return string hex 64 hex digits
function kordless.crypto.hash(text) end
--- H. n random base62 characters, 5.95 bits each.
---@param n integer 1 to 64
---@return string token
function kordless.crypto.token(n) end
--- In constant time for equal lengths.
---@param a string
---@param b string
---@return boolean equal
function kordless.crypto.equal(a, b) end

--- H, T; needs "slots". Which starts of a grid are free, of many candidates at once. A list of
--- slots is one object, kept in C: it is found, sorted, thinned out and written as JSON there.
kordless.slots = {}

--- H, T; needs "slots". A list by start, then rank, then candidate. `#s` is how many slots it has.
---@class kordless.slots
local slots = {}
--- Adds the candidate's free starts. The grid is anchored where an interval of `open` begins and
--- anew at each midnight in it. A start is free when [start, start + length) lies within one
--- interval and [start - before, start + length + after) meets nothing that is taken of any
--- subject; or, when all subjects gather at that start already and long enough, with the places
--- that are left.
---@param who integer the candidate, from 1 on; each one once, in order
---@param open kordless.span when it can be booked
---@param taken? kordless.taken see db.taken
---@param subjects? string[] whose time it takes: names in `taken`
---@return boolean fits false: `most` or `look` is passed, the list is good for nothing
function slots:add(who, open, taken, subjects) end
--- The i-th slot.
---@param i integer from 1 on
---@return integer? start nil past the end
---@return integer? free places
---@return integer? who the candidate
function slots:get(i) end
--- Leaves out each slot i with a refused[i] other than nil and false.
---@param refused table<integer, any> by position
---@return kordless.slots self itself
function slots:drop(refused) end
--- Sorts the slots of one start by ranks[i], lowest first; equal ones stay in the order of their
--- candidates.
---@param ranks table<integer, number> by position; nil is 0
---@return kordless.slots self itself
function slots:rank(ranks) end
--- One value of each slot, to pass to `policy.call`: there it is a plain list. It follows the list,
--- so do not keep it.
---@param kind "starts"|"minutes"|"weekdays"|"names" minutes after midnight, and weekdays (1 Monday … 7), on the wall of the grid's zone
---@param names? string[] by candidate
---@return integer[]|string[] column
function slots:column(kind, names) end
--- The list as JSON will have it: an array of objects. Times are written as `time.format` does.
---@param names {start: string, finish: string, free: string} the members that differ from slot to slot
---@param faces table[] the other members, by candidate
---@return any shown for a body or json.encode
function slots:show(names, faces) end
--- `capacity` are the places of one start, of which `units` must be free (0 lists what is taken,
--- too); `most` is how many slots it may have, `look` how many starts may be looked at for it.
---@param grid {zone: string, step: integer, length: integer, before: integer, after: integer, lo: integer, hi: integer, capacity: integer, units: integer, most: integer, look: integer} seconds; starts lie in [lo, hi)
---@return kordless.slots slots an empty list
function kordless.slots.new(grid) end

--- H, T; needs "db". SQL. In a handler read only, on a snapshot that holds every commit
--- acknowledged before the request began; in a transaction also writes, and reads what it wrote. A
--- plugin writes the tables its own migrations made and reads those its manifest lists under
--- `reads` as well; files taken from another plugin by `uses` read with these rights too, so list
--- its tables. `?` parameters only; json.null and nil bind NULL, true and false 1 and 0; missing
--- ones are NULL, too many raise. SQL steps are charged to the call's budget. Never allowed:
--- transaction control, ATTACH, PRAGMA, and CREATE, ALTER, DROP outside migrations.
kordless.db = {}
--- H, T; may wait. All rows.
---@param sql string
---@param ... any one for each `?`
---@return table[] rows column name to value; NULL is absent
function kordless.db.query(sql, ...) end
--- H, T; may wait. The first row.
---@param sql string
---@param ... any one for each `?`
---@return table? row nil when there is none
function kordless.db.one(sql, ...) end
--- H, T; may wait. All rows of a query, which writes nothing, as what is taken of each subject's
--- time, for `slots:add`, without a table for each. Columns by position: subject, a, b; and if
--- there are more: blocks, at, units. A row keeps [a, b) of the subject busy. With an `at` it is a
--- gathering that began then and of which `units` places are taken; with a true `blocks` it also
--- keeps others from joining one. Needs `slots` too.
---@param sql string
---@param ... any one for each `?`
---@return kordless.taken taken
function kordless.db.taken(sql, ...) end
--- T. Writes. A refusal by UNIQUE, CHECK or a trigger raises an error that pcall sees as a table
--- `{code = "exists"|"constraint", message = "…"}`; what that statement did is undone, and the
--- transaction may go on. Other errors are strings.
---@param sql string
---@param ... any one for each `?`
---@return integer changed rows
function kordless.db.exec(sql, ...) end

--- H; needs "transaction"; waits. Runs `name` of this plugin's transactions.lua on the writer and
--- waits until it is durable. Arguments and results are plain data: nil, booleans, numbers,
--- strings, json.null and tables of these without metatables, 64 KiB. The function may run twice:
--- everything it needs is in `args`. It gets `(args)`; when it raises, nothing of it stands, and
--- unless the handler catches that the answer is 500. 200,000 steps; 503 over budget, when too many
--- writes wait, or when the disk is full.
---@param name string
---@param args table plain data
---@return any result what it returned, or what it refused with
function kordless.transaction(name, args) end

--- T. Rolls this transaction back and gives `value` to the handler as its result. Does not return;
--- a pcall around it does not undo it.
---@param value any plain data
function kordless.refuse(value) end

--- T. The reply this transaction is made for. On a route with `idempotent = true` the bytes are
--- kept, in this very transaction, for whoever repeats the request. Return it from the transaction,
--- and status and body from the handler, as they are.
---@param status integer 200 to 299
---@param body any
---@return {status: integer, body: string} answer encoded
function kordless.answer(status, body) end

--- T; needs "emit". Says what this transaction did: an event, and plain data about it. When the
--- transaction is durable, each plugin with a hook for it is told, `{ event = "notes.kept", data =
--- … }`; when it is undone, nobody. All events of one transaction have at most 64 KiB. A hook runs
--- as kordless.after does, right away, in memory only: what must not be lost in a crash is a row of
--- your own.
---@param name string one that plugin.lua lists under `events`
---@param data? any plain data
function kordless.emit(name, data) end

--- T; needs "record". Adds a row to the audit, in this transaction: it stands if all of it does.
--- Who did it is the server's to say (the key, the member, the token; "contact" for a customer,
--- "plugin" for what a plugin does by itself), and when; the plugin's name is put in front of the
--- action. At most 32 rows; none ever changes or goes, so put no secret and nothing personal into
--- it.
---@param action string two words: `"host.deleted"`
---@param object? string the id of what was changed
---@param detail? table what of it, an object of at most 4 KiB
---@param organization_id? string where the caller has none; else it must be the caller's
function kordless.record(action, object, detail, organization_id) end

--- H. Ends the request with an error of the manifest or of the server, as returning nil, name,
--- members from the handler would. Does not return; a pcall around it does not undo it, and nothing
--- more is written.
---@param name string
---@param members? table
function kordless.problem(name, members) end

--- H; needs "sleep"; waits. Lets time pass; others are served meanwhile. A call waits at most 1,000
--- times. If the caller leaves, the handler ends there; what it has written stays.
---@param seconds number 0 to 60, fractions too
function kordless.sleep(seconds) end

--- H; needs "metrics". What the plugin counts for `GET /metrics`, where it stands as
--- `kordless_plugin_<plugin>_<name>`. plugin.lua lists each under `metrics`; there are no labels. A
--- value outlives reloads and ends with the process.
kordless.metrics = {}
--- Adds to a counter or a gauge.
---@param name string one that plugin.lua lists under `metrics`
---@param n? integer 1 if not given; below 0 of a gauge only
function kordless.metrics.add(name, n) end
--- Sets a gauge.
---@param name string a gauge
---@param value integer
function kordless.metrics.set(name, value) end

--- H; needs "secret". What the operator set with `kordless secret set <plugin>.<name>`. Read it
--- where you use it: it may change at any time.
---@param name string one that plugin.lua lists under `secrets`
---@return string? value nil: it is not set
function kordless.secret(name) end

--- H; needs "fetch"; waits. One request to another server; waits until the response is whole. A
--- host must stand under `hosts` in this plugin's plugin.lua and under `fetch_hosts` in the
--- operator's scripts/kordless.lua: `api.example.com` for its ports 80 and 443,
--- `api.example.com:8443` for that port alone. Private, loopback and link-local addresses are
--- refused whatever the name. https only to servers that prove their name (TLS 1.2 or newer).
--- Redirects are not followed; connections and answers are not kept. If the caller leaves, the
--- request is given up and the handler ends there, unless `detached`. Wrong arguments raise; what
--- went wrong outside is returned: nil, a word, a sentence. The words: invalid_url host_not_allowed
--- unresolved address_refused connect_failed tls_failed timeout too_large bad_response busy (256
--- requests, or 512 MiB, are under way on this worker).
---@param options kordless.fetch_options
---@return kordless.fetch_response? response
---@return string? code a word for what went wrong outside
---@return string? why and a sentence
function kordless.fetch(options) end

--- H; needs "fetch". What to ask.
---@class kordless.fetch_options
---@field url string `https://host[:port]/path?query`
---@field method? string if not given: GET
---@field headers? table<string, string> at most 50; those of the framing are ours
---@field body? string at most 8 MiB
---@field timeout_ms? integer in all, finding the address too: 1 to 60000, else 10000
---@field max_bytes? integer of the response's body: 0 to 8388608, else 1048576
---@field detached? boolean goes on when the caller leaves

--- H; needs "fetch". What was answered.
---@class kordless.fetch_response
---@field status integer
---@field headers table<string, string> names in lower case; several of one name are joined by ", "
---@field body string

--- H; needs "after". In `seconds` runs the function `name` of this plugin's handlers.lua with a
--- copy of `args`, in the version that is live by then, with a budget of its own and no request. It
--- may wait and write as any handler; what it returns is ignored, an error is logged. It is kept in
--- memory only: what waits when the server stops is dropped, with a line in the log
--- (after_dropped).
---@param seconds number 0 to 86400
---@param name string of a function of handlers.lua
---@param args? any plain data, 64 KiB
---@return boolean taken false: 1,000 wait on this worker already
function kordless.after(seconds, name, args) end

--- H; needs "policy". Asks a function of the operator's scripts/<file>.lua in its own state. Only
--- data crosses. When the script fails or has no such function, `call` raises, and unless that is
--- caught the answer is 503 `policy_failed`; the log has file:line. What the script used is charged
--- to the handler; after ten kills in a minute it fails unrun.
kordless.policy = {}
--- Has the script such a function?
---@param file string
---@param name string
---@return boolean has
function kordless.policy.has(file, name) end
--- Asks it. Each answer that is none of nil, false and `{}` is a line of the decision log: `means`
--- says what it did.
---@param file string
---@param name string
---@param args any plain data, 4 MiB
---@param means? "refused"|"changed" if not given: refused
---@return any result what the script returned: such data, too
function kordless.policy.call(file, name, args, means) end
--- Asks it as `call` does, to explain and not to decide: no line of the decision log. Of a list
--- that is returned the line counts that put something at [1], of another answer its return, of
--- none (nil, false, `{}`) the beginning of the function. Slower than `call`.
---@param file string
---@param name string
---@param args any plain data, 4 MiB
---@return any result what the script returned: such data, too
---@return string place which line decided: scripts/booking.lua:31
function kordless.policy.trace(file, name, args) end
--- Ends the request like a script that failed: for a result that is no answer. The decision log
--- says so, behind the line of the answer itself.
---@param file string
---@param name string
---@param why string
---@param args? table it was asked with, for the decision log
function kordless.policy.fail(file, name, why, args) end
--- Names the script's text.
---@param file string
---@return string hash 16 hex digits
function kordless.policy.hash(file) end

--- H, T, P. A plugin's own files by their name, `require("rules")`, or in full,
--- `require("notes.rules")`: two names, two copies. Another's files in full, and only if `uses`
--- lists the plugin: `require("services.store")`. A copy is private, runs with the user's `needs`
--- and `reads`, and finds what it requires itself only if that stands under the user's `uses` as
--- well. plugin, handlers and transactions cannot be required. Policies: the other files of
--- scripts/.
---@param name string
---@return any module what the file returned, made once per state
function require(name) end

--- H; needs "keys". Organizations, for the plugin that manages them (platform).
kordless.organizations = {}
--- H; waits. Makes one and waits until it is durable.
---@param new kordless.new_organization
---@return kordless.organization? made
---@return string? code `exists`: the slug is taken
function kordless.organizations.create(new) end
--- The organization of this name.
---@param name string its id, with or without org_, or its slug
---@return kordless.organization? found nil when there is none
function kordless.organizations.get(name) end
--- At most 101, so that a page of 100 knows whether there are more.
---@param filter {q: string?, cursor: string?} part of a name or slug; the id of the last one seen
---@return kordless.organization[] list
function kordless.organizations.list(filter) end
--- H; waits. Changes what is named and waits until it is durable. One that is suspended is refused
--- from the call on, whatever becomes of the write.
---@param id string
---@param to kordless.organization_change
---@return kordless.organization? changed nil when there is none
---@return string? code `too_large`: the metadata
function kordless.organizations.change(id, to) end

--- H; needs "keys". Whose keys, limits and bookings are one's own.
---@class kordless.organization
---@field id string
---@field slug string
---@field name string
---@field plan? string
---@field created_at? integer
---@field metadata? table
---@field limits? table above the quota policy's
---@field tagline? string
---@field branding? table what customers see of it
---@field suspended boolean all its keys are refused

--- H; needs "keys". One to be.
---@class kordless.new_organization
---@field slug string
---@field name string
---@field plan? string
---@field metadata? table

--- H; needs "keys". What is to be another.
---@class kordless.organization_change
---@field name? string
---@field plan? string
---@field metadata? table merged into what there is (RFC 7396)
---@field limits? table|lightuserdata the same, or json.null: none
---@field tagline? string|lightuserdata json.null: none
---@field branding? table|lightuserdata merged, or json.null: none
---@field suspended? boolean
---@field patch? table for the audit: what was asked

--- H; needs "keys". API keys, for the plugin that manages them (platform).
kordless.keys = {}
--- H; waits. Makes a key and waits until it is durable.
---@param new kordless.new_key
---@return kordless.api_key made with the key itself, this once
function kordless.keys.create(new) end
--- The key of this id.
---@param id string
---@return kordless.api_key? found nil when there is none
function kordless.keys.get(id) end
--- An organization's keys, those that were revoked too: at most 101, so that a page of 100 knows
--- whether there are more.
---@param filter kordless.key_filter
---@return kordless.api_key[] keys
function kordless.keys.list(filter) end
--- The key that goes on for a line of rotations.
---@param line string the id of its first key
---@return kordless.api_key? found nil when there is none
function kordless.keys.newest(line) end
--- An organization's keys that are good now and were made until then, but for development: at most
--- 100, the oldest first.
---@param organization_id string
---@param made integer seconds since 1970: until then
---@return kordless.api_key[] keys
function kordless.keys.old(organization_id, made) end
--- H; waits. Changes what is named and waits until it is durable.
---@param id string
---@param to kordless.key_change
---@return kordless.api_key? changed nil when there is none
---@return string? code `rotated`: it has a successor
function kordless.keys.change(id, to) end
--- H; waits. Refuses the key from the call on, whatever becomes of the write, and waits until that
--- is durable.
---@param id string
---@param reason? string
---@return kordless.api_key? revoked nil when there is none
function kordless.keys.revoke(id, reason) end
--- H; waits. Makes a successor with the old key's label, environment, scopes, dates, note, tags and
--- limits, and waits until it is durable.
---@param id string
---@param grace integer seconds, 0 to 604800, in which both work
---@return kordless.api_key? made with the key itself, this once
---@return string? code `rotated`: it has a successor; `ended`
function kordless.keys.rotate(id, grace) end

--- H; needs "keys". A key to be.
---@class kordless.new_key
---@field organization_id string
---@field label string
---@field note? string
---@field environment? "production"|"development"
---@field scopes? string[] if not given: all
---@field tags? string[] at most 16: a-z 0-9 _ -
---@field not_before? integer
---@field expires_at? integer

--- H; needs "keys". Which keys.
---@class kordless.key_filter
---@field organization_id string
---@field q? string part of a label, or last 4
---@field created_by? string
---@field cursor? string the id of the last one seen

--- H; needs "keys". What is to be another.
---@class kordless.key_change
---@field label? string
---@field note? string
---@field scopes? string[]
---@field tags? string[]|lightuserdata json.null: none
---@field expires_at? integer|lightuserdata json.null: never
---@field limits? table|lightuserdata merged into what there is (RFC 7396), or json.null: none
---@field patch? table for the audit: what was asked

--- H; needs "keys". A key as people may see it.
---@class kordless.api_key
---@field id string
---@field organization_id string
---@field label string
---@field last4 string
---@field environment? string
---@field scopes string[]
---@field tags string[] in their order
---@field note? string
---@field limits? table above the quota policy's
---@field created_by? string
---@field created_at? integer
---@field not_before? integer
---@field expires_at? integer
---@field last_used_at? integer
---@field last_used_ip? string
---@field revoked boolean
---@field revoked_at? integer
---@field revoked_by? string
---@field revoke_reason? string
---@field rotated_from? string
---@field rotated_to? string
---@field line string the id of the first of its line of rotations: usage is counted so
---@field key? string the key itself, of create and rotate alone

--- H; needs "keys". What scripts/quota.lua decides, for the plugin that manages keys (platform).
kordless.quotas = {}
--- The limits of this key, from where, and what is left of them.
---@param id string
---@return kordless.quota? quota nil when there is no such key
function kordless.quotas.explain(id) end
--- H; waits. How the live keys would fare under another policy.
---@param source string another quota.lua
---@return kordless.quota_diff? diff nil when it would not go live
---@return string? faults then: a line each
function kordless.quotas.diff(source) end

--- H; needs "keys". Why a key may do what it may.
---@class kordless.quota
---@field limits table[] {name, limit, used, remaining, reset_after, retry_after, from, reason?, until?} of minute, hour, day; from: override, policy, default
---@field mode "enforce"|"shadow"|"warn"
---@field hash string of the policy's text
---@field over integer of its class: let through, but over
---@field scopes string[] that it may use
---@field withheld string[] that it has and the policy forbids
---@field reads table what the policy read of it

--- H; needs "keys". What would change.
---@class kordless.quota_diff
---@field hash string
---@field keys integer that are neither revoked nor expired
---@field tighter integer
---@field looser integer
---@field costs {route: string, from: integer, to: integer}[] what a request of it counts as, where that changes
---@field first table[] at most 20: {id, label, last4, organization, becomes, from, to, withheld, dearer, cheaper}; the last two count routes that it may use

--- H; needs "keys". Plugins, for the plugin that manages them (platform).
kordless.plugins = {}
--- H; waits. Lets a quarantined plugin run again.
---@param name string or `policy`
---@return boolean? resumed false: it was running; nil: there is none of that name
function kordless.plugins.resume(name) end

--- H; needs "secrets". What plugins read with kordless.secret, for the plugin that sets it
--- (secrets). Names are `plugin.name`.
kordless.secrets = {}
--- What is set, without the values.
---@return {name: string, set_at: integer}[] list
function kordless.secrets.list() end
--- H; waits. Sets one and waits until it is durable.
---@param name string
---@param value string 1 to 8192 bytes
---@return boolean? done
---@return string? code `full`: there are too many
function kordless.secrets.set(name, value) end
--- H; waits. Forgets one and waits until that is durable.
---@param name string
---@return boolean? done
---@return string? code `not_found`
function kordless.secrets.drop(name) end

--- H; needs "keys". Who belongs to an organization, for the plugin that manages them (people). Ids
--- begin with mem_.
kordless.members = {}
--- The member of this id.
---@param id string
---@return kordless.person? found nil when there is none
function kordless.members.get(id) end
--- The member with this email, with the hash that `passwords.check` takes.
---@param email string in lower case
---@return kordless.person? found with `password`
function kordless.members.by_email(email) end
--- Whom this set-up link is for, while it is good.
---@param link string
---@return kordless.person? found
function kordless.members.by_link(link) end
--- Members, those that came first first; without those that were removed.
---@param organization_id? string nil: the operators
---@param cursor? string the id of the last one seen
---@param most? integer 1 to 100
---@return kordless.person[] list
function kordless.members.list(organization_id, cursor, most) end
--- H; waits. Invites somebody and waits until it is durable.
---@param new {organization_id: string?, email: string, name: string?, role: string}
---@param seconds integer how long the link is good
---@return kordless.person? made with `link`, this once
---@return string? code `exists`: the email is taken
function kordless.members.create(new, seconds) end
--- H; waits. Changes what is named. A new role holds, when this returns, for every session.
---@param to {id: string, role: string?, name: string?}
---@return kordless.person? changed
---@return string? code `denied`: the last owner; `not_found`
function kordless.members.change(to) end
--- H; waits. Removes a member for good; no session of it is left when this returns.
---@param id string
---@return kordless.person? removed
---@return string? code `denied`: the last owner; `not_found`
function kordless.members.remove(id) end
--- H; waits. Another set-up link; the one before is over.
---@param id string
---@param seconds integer
---@return kordless.person? member with `link`, this once
---@return string? code `not_found`
function kordless.members.link(id, seconds) end

--- H; needs "keys". A member.
---@class kordless.person
---@field id string
---@field organization_id? string nil: an operator
---@field email string
---@field name? string
---@field role "viewer"|"admin"|"owner"|"operator"
---@field status "invited"|"active"
---@field version integer counts up with every change
---@field created_at? integer
---@field created_by? string
---@field link? string of create and link alone
---@field link_expires_at? integer
---@field password? string its hash, of by_email alone

--- H; needs "keys". Argon2id, on threads of its own (people).
kordless.passwords = {}
--- H; waits. What is kept of a password.
---@param password string at most 128 bytes
---@return string? hash
---@return string? code `busy`
function kordless.passwords.hash(password) end
--- H; waits. Is it the one? Without a hash it is not, as late as with one.
---@param password string
---@param hash? string
---@return boolean? good
---@return string? code `busy`
function kordless.passwords.check(password, hash) end

--- H; needs "keys". Who is signed in (people). A session is good for 12 hours without a request and
--- for 7 days in all.
kordless.sessions = {}
--- Counts a failed sign-in of this account and of the caller's address: 5 a minute each.
---@param email? string nil: the address alone
---@return integer? wait seconds; nil: go on
---@return boolean last no other one this minute
function kordless.sessions.attempt(email) end
--- Takes the attempt back: it was none that failed.
---@param email? string
function kordless.sessions.forgive(email) end
--- H; waits. Begins a session and waits until it is durable.
---@param id string of a member
---@param version integer
---@return {token: string, csrf: string, expires_at: integer}? session
---@return string? code `denied`: the member changed since
function kordless.sessions.begin(id, version) end
--- H; waits. Ends the session that asks.
---@return boolean done
function kordless.sessions.finish() end
--- H; waits. Ends all sessions of a member.
---@param id string of a member
---@return boolean? done
---@return string? code `not_found`
function kordless.sessions.finish_all(id) end
--- H; waits. Uses a set-up link up: the password is set, all sessions end.
---@param link string
---@param hash string
---@param name? string
---@return {id: string, version: integer}? member
---@return string? code `not_found`
function kordless.sessions.set_up(link, hash, name) end
--- H; waits. Sets a password; ends all sessions but the one that asks.
---@param id string of a member
---@param version integer
---@param hash string
---@return {id: string, version: integer}? member
---@return string? code `denied`: the member changed since
function kordless.sessions.password(id, version, hash) end
--- H; waits. A line in the audit: sign-ins failed until none is tried for a while.
---@param id string of a member
---@return boolean? done
function kordless.sessions.refused(id) end
--- What the session that asks must send as X-Kordless-CSRF.
---@return string? csrf nil: no session asks
function kordless.sessions.csrf() end

--- H; needs "keys". Operators' tokens (people).
kordless.tokens = {}
--- H; waits. Makes a token and waits until it is durable.
---@param label string
---@param expires_at? integer
---@return kordless.operator_token made with the token, this once
function kordless.tokens.create(label, expires_at) end
--- All tokens, those that were revoked too.
---@param cursor? string
---@param most? integer 1 to 100
---@return kordless.operator_token[] list newest first
function kordless.tokens.list(cursor, most) end
--- H; waits. Refuses a token from the call on, and waits until that is durable.
---@param id string
---@return kordless.operator_token? revoked
---@return string? code `not_found`
function kordless.tokens.revoke(id) end

--- H; needs "keys". A token as people may see it.
---@class kordless.operator_token
---@field id string
---@field label? string
---@field created_at? integer
---@field created_by? string
---@field expires_at? integer
---@field revoked_at? integer
---@field revoked_by? string
---@field token? string the token itself, of create alone

--- H; needs "keys". What was done and by whom (people).
kordless.audit = {}
--- Rows of the audit.
---@param filter {organization_id: string?, action: string?, object: string?}
---@param before? integer an id: those older than it
---@param most? integer 1 to 100
---@return {id: integer, at: integer, actor: string, action: string, organization_id: string?, object: string?, detail: string?}[] rows newest first; `detail` is JSON
function kordless.audit.list(filter, before, most) end

--- H; needs "keys". How often keys ask, for the plugin that manages them (platform). What was
--- counted is here after a second or two; a rotated key counts under the id of the first of its
--- line.
kordless.usage = {}
--- Sums of an organization's requests; steps in which there was none are not in it.
---@param query kordless.usage_query
---@return kordless.usage_row[]? rows by time and name
---@return string? code `too_many`: more than 10,000
function kordless.usage.rows(query) end
--- Keys that were quiet for 30 days and are active again, newest first, at most 100.
---@param organization_id string
---@param since integer they are active again since then
---@return {key_id: string, before: integer, again: integer}[] keys the last request before the rest and the first after it
function kordless.usage.again(organization_id, since) end
--- Keys that were refused as often, those with the most first, at most 100. It costs what was
--- refused, not what was asked.
---@param organization_id string
---@param since integer rounded down to a whole hour
---@param least integer refusals since then
---@return {key_id: string, refused: integer}[] keys by the first of each line of rotations
function kordless.usage.refused(organization_id, since, least) end
--- What the key has used of its limits and what is left.
---@param key_id string
---@return kordless.usage_window[]? windows key-minute, key-hour, org-day; nil when there is no such key
function kordless.usage.windows(key_id) end
--- The last refusals of the key.
---@param key_id string
---@return kordless.usage_denial[]? denials newest first, at most 50; nil when there is no such key
function kordless.usage.denials(key_id) end

--- H; needs "keys". Which sums.
---@class kordless.usage_query
---@field organization_id string
---@field key_id? string of this key only
---@field from integer rounded down to a whole step
---@field to integer rounded up, not in it
---@field step? "minute"|"hour"|"day" kept for 48 hours, 90 days, 2 years; if not given: hour
---@field by? "key"|"route"|"status" if not given: key
---@field totals? boolean one row for the whole time, without `at`; of more than 10,000 those that were charged most

--- H; needs "keys". Requests of one name, summed up.
---@class kordless.usage_row
---@field at? integer the step's beginning
---@field name string a key's id, a route's label, or `2xx` to `5xx` and `refused`
---@field label? string of a key
---@field last4? string of a key
---@field requests integer all, those refused too
---@field refused integer by limits, or because the key had ended
---@field charged integer what they took from the limits

--- H; needs "keys". A window of a key's limits.
---@class kordless.usage_window
---@field name string
---@field limit integer
---@field used integer
---@field remaining integer
---@field reset_after integer seconds until more is left
---@field retry_after integer seconds until it admits

--- H; needs "keys". A refusal.
---@class kordless.usage_denial
---@field at integer
---@field rule string a window, or a problem's `code`
---@field used? integer of a window, as is the next
---@field limit? integer
---@field wait? integer seconds, as it was told
---@field scope? string that was missing
---@field route string
---@field address string of the caller
---@field request_id string

---@alias kordless.need "db"|"transaction"|"time"|"zone"|"span"|"crypto"|"id"|"policy"|"sleep"|"keys"|"fetch"|"after"|"emit"|"secret"|"secrets"|"metrics"|"record"|"slots"

-- What plugin.lua returns: plain values; it is read without any globals. An unknown key is a
-- fault, and so is whatever has the wrong type.
---@class kordless.manifest
---@field name string the folder's name
---@field version string any text
---@field api? integer 1
---@field needs? kordless.need[] what it may use of `kordless`; keys and secrets are the platform's
---@field hosts? string[] servers that `fetch` may ask: "api.example.com", "api.example.com:8443"
---@field uses? string[] plugins that stand before this one; itself is allowed and needs no entry
---@field reads? string[] tables of others that SQL may read; not the runtime's api_key, member, session, audit, outbox, idempotency, secret, setting
---@field errors? table<string, {status: integer, detail: string}> names of a-z, 0-9 and _; status 400 to 599; `code` of the answer is the name
---@field options? kordless.option[] what the operator may set of this plugin; see kordless.options
---@field secrets? string[] what kordless.secret may read: names of its own
---@field metrics? kordless.metric[] what it counts: see kordless.metrics
---@field events? string[] what its transactions emit, words of a-z, 0-9 and _
---@field hooks? table<string, string> ["notes.kept"] = "on_kept": an event of any plugin, and the function of handlers.lua that is told
---@field assets? string the path, "/" or "/x/", at which the plugin's files for browsers stand: those of its folder assets/ when the server was built
---@field routes? kordless.route[]

-- { "kept_total", type = "counter", help = "Notes that were kept." }
---@class kordless.metric
---@field [1] string its name: a-z, 0-9 and _; a counter's ends in _total
---@field type "counter"|"gauge"
---@field help string a sentence for whoever reads the metrics

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
---@field auth "key"|"organization"|"contact"|"none"|"platform" an API key; a key, or the session of a member, and x-organization-id; neither, limited by address, or a key; nothing; people: operators and members
---@field role? "viewer"|"admin"|"owner"|"operator" of auth "platform": the least that may; if not given: operator. Members see only their own organization: compare with actor.organization_id
---@field scope? string what a key must be allowed: bookings:read, services:write …
---@field idempotent? boolean Idempotency-Key is heeded; see kordless.answer; a 422 is kept too
---@field cached? boolean GET: ETag and 304 over data (not: how often keys ask), policies and minute, the server's work
---@field if_match? boolean If-Match is heeded: the handler gets it as req.if_match
---@field body? boolean|kordless.schema JSON is expected and decoded; if not given: on POST, PUT, PATCH without raw. A schema is checked before the handler runs; with `nullable` nothing need be sent
---@field query? kordless.schema[] parameters, in the order in which faults are told: { "limit", type = "integer", default = 50 }
---@field replies? table<integer, kordless.schema> by status, [200] = …; checked in tests only (kordless-test answers 500 and logs why). Every status below 300 must then be listed
---@field example? {body: any, reply: any} shown in the reference; must fit the schemas, and what it leaves out that may be null, is
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
---@field format? "date-time"|"date"|"slug"|"tag"|"email"|"phone"|"contact"|"id"|"timezone" of strings. date-time: RFC 3339, Z or an offset; email and phone (6 to 15 digits) may be blank; contact: either; the value stays a string
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

-- A person, or an operator's program. A member of no organization is an operator.
---@class kordless.actor
---@field kind "operator"|"token"|"member" on the server's machine; a token of an operator; a session
---@field role "viewer"|"admin"|"owner"|"operator"
---@field id? string of the member, mem_…, or the token, tok_…
---@field email? string of a member
---@field organization_id? string of a member

-- What a handler gets. Any field not listed is absent.
---@class kordless.request
---@field method string
---@field path string
---@field params table<string, string> from the path, decoded
---@field query table<string, any> decoded strings, or what the route's `query` makes of them; given twice is refused before the handler
---@field body? any decoded JSON, any value: look at its type; absent when nothing was sent
---@field raw_body? string on raw routes: the bytes, "" when nothing was sent
---@field headers? {name: string, value: string}[] on raw routes: as they came and in that order, without x-kordless-key, Authorization, Cookie and X-Kordless-CSRF
---@field if_match? string[] on routes with if_match, when it was sent: the versions it names, without quotes; { "*" } for any
---@field organization? {id: string, slug: string, name: string} of the key (auth "key", "organization"), of the member's session (auth "organization"), or of a valid key on a "contact" route
---@field key? {id: string, label: string, environment: string?, last4: string} there with organization, unless a member asks
---@field member? kordless.actor who asks with a session on an auth "organization" route
---@field actor? kordless.actor who asks, on auth "platform" routes
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
--                                                 precondition_failed (412)
--                                                 unprocessable (422)
--   return nil, "slot_taken", {detail = "…", alternatives = …}   more members, own detail
--   return nil, "too_many", {retry_after = 12}    also as the header Retry-After
