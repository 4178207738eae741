#include "lua/api_row.h"

#include "lua/hook.h"
#include "lua/job.h"
#include "lua/transaction.h"

/* The second part: what reaches the store, the clock, other servers and policies. */

const struct api_row api_host[] = {
    {"db", API_LIBRARY, H | T, NEED_DB,
     .text =
         "SQL. In a handler read only, on a snapshot that holds every commit "
         "acknowledged before the request began; in a transaction also writes, and "
         "reads what it wrote. A plugin writes the tables its own migrations made "
         "and reads those its manifest lists under `reads` as well; files taken from "
         "another plugin by `uses` read with these rights too, so list its tables. "
         "`?` parameters only; json.null and nil bind NULL, true and false 1 and 0; "
         "missing ones are NULL, too many raise. SQL steps are charged to the call's "
         "budget. Never allowed: transaction control, ATTACH, PRAGMA, and CREATE, "
         "ALTER, DROP outside migrations."},
    {"db.query", API_FUNCTION, H | T, NEED_DB, .waits = API_MAY_WAIT,
     .call = lib_db_query,
     .takes = LIST{{"sql", "string", ""}, {"...", "any", "one for each `?`"}, END},
     .gives = LIST{{"rows", "table[]", "column name to value; NULL is absent"}, END},
     .text = "All rows."},
    {"db.one", API_FUNCTION, H | T, NEED_DB, .waits = API_MAY_WAIT, .call = lib_db_one,
     .takes = LIST{{"sql", "string", ""}, {"...", "any", "one for each `?`"}, END},
     .gives = LIST{{"row", "table?", "nil when there is none"}, END},
     .text = "The first row."},
    {"db.taken", API_FUNCTION, H | T, NEED_DB, .waits = API_MAY_WAIT,
     .call = lib_db_taken,
     .takes = LIST{{"sql", "string", ""}, {"...", "any", "one for each `?`"}, END},
     .gives = LIST{{"taken", "kordless.taken", ""}, END},
     .text =
         "All rows of a query, which writes nothing, as what is taken of each "
         "subject's time, for `slots:add`, without a table for each. Columns by "
         "position: subject, a, b; and if there are more: blocks, at, units. A row "
         "keeps [a, b) of the subject busy. With an `at` it is a gathering that "
         "began then and of which `units` places are taken; with a true `blocks` it "
         "also keeps others from joining one. Needs `slots` too."},
    {"db.exec", API_FUNCTION, T, NEED_DB, .call = lib_db_exec,
     .takes = LIST{{"sql", "string", ""}, {"...", "any", "one for each `?`"}, END},
     .gives = LIST{{"changed", "integer", "rows"}, END},
     .text =
         "Writes. A refusal by UNIQUE, CHECK or a trigger raises an error that pcall "
         "sees as a table `{code = \"exists\"|\"constraint\", message = \"…\"}`; what "
         "that statement did is undone, and the transaction may go on. Other errors "
         "are strings."},

    {"transaction", API_FUNCTION, H, NEED_TRANSACTION, .waits = API_WAITS,
     .call = transaction_wait,
     .takes = LIST{{"name", "string", ""}, {"args", "table", "plain data"}, END},
     .gives = LIST{{"result", "any", "what it returned, or what it refused with"}, END},
     .text =
         "Runs `name` of this plugin's transactions.lua on the writer and waits "
         "until it is durable. Arguments and results are plain data: nil, booleans, "
         "numbers, strings, json.null and tables of these without metatables, 64 "
         "KiB. The function may run twice: everything it needs is in `args`. It gets "
         "`(args)`; when it raises, nothing of it stands, and unless the handler "
         "catches that the answer is 500. 200,000 steps; 503 over budget, when too "
         "many writes wait, or when the disk is full."},
    {"refuse", API_FUNCTION, T, 0, .call = lib_host_refuse,
     .takes = LIST{{"value", "any", "plain data"}, END},
     .text = "Rolls this transaction back and gives `value` to the handler as its "
             "result. Does not return; a pcall around it does not undo it."},
    {"answer", API_FUNCTION, T, 0, .call = lib_host_answer,
     .takes = LIST{{"status", "integer", "200 to 299"}, {"body", "any", ""}, END},
     .gives = LIST{{"answer", "{status: integer, body: string}", "encoded"}, END},
     .text =
         "The reply this transaction is made for. On a route with `idempotent = "
         "true` the bytes are kept, in this very transaction, for whoever repeats "
         "the request. Return it from the transaction, and status and body from the "
         "handler, as they are."},

    {"emit", API_FUNCTION, T, NEED_EMIT, .call = hook_emit,
     .takes = LIST{{"name", "string", "one that plugin.lua lists under `events`"},
                   {"data?", "any", "plain data"},
                   END},
     .text =
         "Says what this transaction did: an event, and plain data about it. When the "
         "transaction is durable, each plugin with a hook for it is told, `{ event = "
         "\"notes.kept\", data = … }`; when it is undone, nobody. All events of one "
         "transaction have at most 64 KiB. A hook runs as kordless.after does, right "
         "away, in memory only: what must not be lost in a crash is a row of your "
         "own."},
    {"record", API_FUNCTION, T, NEED_RECORD, .call = lib_audit_record,
     .takes = LIST{{"action", "string", "two words: `\"host.deleted\"`"},
                   {"object?", "string", "the id of what was changed"},
                   {"detail?", "table", "what of it, an object of at most 4 KiB"},
                   {"organization_id?", "string",
                    "where the caller has none; else it must be the caller's"},
                   END},
     .text =
         "Adds a row to the audit, in this transaction: it stands if all of it does. "
         "Who did it is the server's to say (the key, the member, the token; "
         "\"contact\" for a customer, \"plugin\" for what a plugin does by itself), "
         "and when; the plugin's name is put in front of the action. At most 32 rows; "
         "none ever changes or goes, so put no secret and nothing personal into it."},
    {"problem", API_FUNCTION, H, 0, .call = lib_host_problem,
     .takes = LIST{{"name", "string", ""}, {"members?", "table", ""}, END},
     .text = "Ends the request with an error of the manifest or of the server, as "
             "returning nil, name, members from the handler would. Does not return; a "
             "pcall around it does not undo it, and nothing more is written."},

    {"sleep", API_FUNCTION, H, NEED_SLEEP, .waits = API_WAITS, .call = lib_host_sleep,
     .takes = LIST{{"seconds", "number", "0 to 60, fractions too"}, END},
     .text = "Lets time pass; others are served meanwhile. A call waits at most 1,000 "
             "times. If "
             "the caller leaves, the handler ends there; what it has written stays."},

    {"metrics", API_LIBRARY, H, NEED_METRICS,
     .text =
         "What the plugin counts for `GET /metrics`, where it stands as "
         "`kordless_plugin_<plugin>_<name>`. plugin.lua lists each under `metrics`; "
         "there are no labels. A value outlives reloads and ends with the process."},
    {"metrics.add", API_FUNCTION, H, NEED_METRICS, .call = lib_measure_add,
     .takes = LIST{{"name", "string", "one that plugin.lua lists under `metrics`"},
                   {"n?", "integer", "1 if not given; below 0 of a gauge only"},
                   END},
     .text = "Adds to a counter or a gauge."},
    {"metrics.set", API_FUNCTION, H, NEED_METRICS, .call = lib_measure_set,
     .takes = LIST{{"name", "string", "a gauge"}, {"value", "integer", ""}, END},
     .text = "Sets a gauge."},

    {"secret", API_FUNCTION, H, NEED_SECRET, .call = lib_vault_secret,
     .takes =
         LIST{{"name", "string", "one that plugin.lua lists under `secrets`"}, END},
     .gives = LIST{{"value", "string?", "nil: it is not set"}, END},
     .text =
         "What the operator set with `kordless secret set <plugin>.<name>`. Read it "
         "where you use it: it may change at any time."},

    {"fetch", API_FUNCTION, H, NEED_FETCH, .waits = API_WAITS, .call = lib_fetch_wait,
     .takes = LIST{{"options", "kordless.fetch_options", ""}, END},
     .gives = LIST{{"response", "kordless.fetch_response?", ""},
                   {"code", "string?", "a word for what went wrong outside"},
                   {"why", "string?", "and a sentence"},
                   END},
     .text =
         "One request to another server; waits until the response is whole. A host "
         "must stand under `hosts` in this plugin's plugin.lua and under "
         "`fetch_hosts` in the operator's scripts/kordless.lua: `api.example.com` "
         "for its ports 80 and 443, `api.example.com:8443` for that port alone. "
         "Private, loopback and link-local addresses are refused whatever the name. "
         "https only to servers that prove their name (TLS 1.2 or newer). Redirects "
         "are not followed; connections and answers are not kept. If the caller "
         "leaves, the request is given up and the handler ends there, unless "
         "`detached`. Wrong arguments raise; what went wrong outside is returned: "
         "nil, a word, a sentence. The words: invalid_url host_not_allowed "
         "unresolved address_refused connect_failed tls_failed timeout too_large "
         "bad_response busy (256 requests, or 512 MiB, are under way on this "
         "worker)."},
    {"fetch_options", API_CLASS, H, NEED_FETCH,
     .takes = LIST{{"url", "string", "`https://host[:port]/path?query`"},
                   {"method?", "string", "if not given: GET"},
                   {"headers?", "table<string, string>",
                    "at most 50; those of the framing are ours"},
                   {"body?", "string", "at most 8 MiB"},
                   {"timeout_ms?", "integer",
                    "in all, finding the address too: 1 to 60000, else 10000"},
                   {"max_bytes?", "integer",
                    "of the response's body: 0 to 8388608, else 1048576"},
                   {"detached?", "boolean", "goes on when the caller leaves"},
                   END},
     .text = "What to ask."},
    {"fetch_response", API_CLASS, H, NEED_FETCH,
     .takes = LIST{{"status", "integer", ""},
                   {"headers", "table<string, string>",
                    "names in lower case; several of one name are joined by \", \""},
                   {"body", "string", ""},
                   END},
     .text = "What was answered."},

    {"after", API_FUNCTION, H, NEED_AFTER, .call = job_after,
     .takes = LIST{{"seconds", "number", "0 to 86400"},
                   {"name", "string", "of a function of handlers.lua"},
                   {"args?", "any", "plain data, 64 KiB"},
                   END},
     .gives =
         LIST{{"taken", "boolean", "false: 1,000 wait on this worker already"}, END},
     .text =
         "In `seconds` runs the function `name` of this plugin's handlers.lua with a "
         "copy of `args`, in the version that is live by then, with a budget of its "
         "own and no request. It may wait and write as any handler; what it returns "
         "is ignored, an error is logged. It is kept in memory only: what waits when "
         "the server stops is dropped, with a line in the log (after_dropped)."},

    {"policy", API_LIBRARY, H, NEED_POLICY,
     .text = "Asks a function of the operator's scripts/<file>.lua in its own state. "
             "Only data crosses. When the script fails or has no such function, `call` "
             "raises, and unless that is caught the answer is 503 `policy_failed`; the "
             "log has file:line. What the script used is charged to the handler; after "
             "ten kills in a minute it fails unrun."},
    {"policy.has", API_FUNCTION, H, NEED_POLICY, .call = lib_policy_has,
     .takes = LIST{{"file", "string", ""}, {"name", "string", ""}, END},
     .gives = LIST{{"has", "boolean", ""}, END},
     .text = "Has the script such a function?"},
    {"policy.call", API_FUNCTION, H, NEED_POLICY, .call = lib_policy_call,
     .takes = LIST{{"file", "string", ""},
                   {"name", "string", ""},
                   {"args", "any", "plain data, 4 MiB"},
                   {"means?", "\"refused\"|\"changed\"", "if not given: refused"},
                   END},
     .gives = LIST{{"result", "any", "what the script returned: such data, too"}, END},
     .text = "Asks it. Each answer that is none of nil, false and `{}` is a line of "
             "the decision log: `means` says what it did."},
    {"policy.trace", API_FUNCTION, H, NEED_POLICY, .call = lib_policy_trace,
     .takes = LIST{{"file", "string", ""},
                   {"name", "string", ""},
                   {"args", "any", "plain data, 4 MiB"},
                   END},
     .gives = LIST{{"result", "any", "what the script returned: such data, too"},
                   {"place", "string", "which line decided: scripts/booking.lua:31"},
                   END},
     .text = "Asks it as `call` does, to explain and not to decide: no line of the "
             "decision log. Of a list that is returned the line counts that put "
             "something at [1], of another answer its return, of none (nil, false, "
             "`{}`) the beginning of the function. Slower than `call`."},
    {"policy.fail", API_FUNCTION, H, NEED_POLICY, .call = lib_policy_fail,
     .takes = LIST{{"file", "string", ""},
                   {"name", "string", ""},
                   {"why", "string", ""},
                   {"args?", "table", "it was asked with, for the decision log"},
                   END},
     .text = "Ends the request like a script that failed: for a result that is no "
             "answer. The decision log says so, behind the line of the answer itself."},
    {"policy.hash", API_FUNCTION, H, NEED_POLICY, .call = lib_policy_hash,
     .takes = LIST{{"file", "string", ""}, END},
     .gives = LIST{{"hash", "string", "16 hex digits"}, END},
     .text = "Names the script's text."},

    {"require", API_GLOBAL, H | T | P, 0, .takes = LIST{{"name", "string", ""}, END},
     .gives =
         LIST{{"module", "any", "what the file returned, made once per state"}, END},
     .text =
         "A plugin's own files by their name, `require(\"rules\")`, or in full, "
         "`require(\"notes.rules\")`: two names, two copies. Another's files in "
         "full, and only if `uses` lists the plugin: `require(\"services.store\")`. "
         "A copy is private, runs with the user's `needs` and `reads`, and finds "
         "what it requires itself only if that stands under the user's `uses` as "
         "well. plugin, handlers and transactions cannot be required. Policies: the "
         "other files of scripts/."},
    {.next = api_platform},
};
