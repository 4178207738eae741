-- Few instructions, much work: what a count of instructions alone would not see.
local run = "handler transaction policy"
local big = "local a = ('x'):rep(1 << %d) local b = a:sub(2) .. 'x' "

return {
  { "drained_next", run, "stopped",
    "local t = {} for i = 1, 1e5 do t['k' .. i] = 1 end for k in pairs(t) do t[k] = nil end"
    .. " while true do next(t) end" },
  { "drained_next_large", "handler", "stopped",
    "local t = {} for i = 1, 5e5 do t[i + 0.5] = 1 end for k in pairs(t) do t[k] = nil end"
    .. " while true do next(t) end" },
  { "drained_array", run, "stopped",
    "local t = {} for i = 1, 2e4 do t[i] = 1 end for i = 1, 2e4 do t[i] = nil end while true do next(t) end" },
  { "drained_pairs", run, "stopped",
    "local t = {} for i = 1, 1e4 do t['k' .. i] = 1 end for k in pairs(t) do t[k] = nil end"
    .. " while true do for _ in pairs(t) do end end" },
  { "drained_queue", run, "stopped",
    "local t = {} for i = 1, 2e4 do t['k' .. i] = 1 end while true do local k = next(t) if k then t[k] = nil end end" },
  { "drained_encode", run, "stopped",
    "local t, l = {}, {} for i = 1, 2e4 do t['k' .. i] = 1 end for k in pairs(t) do t[k] = nil end"
    .. " for i = 1, 5e3 do l[i] = t end while true do kordless.json.encode(l) end" },
  { "equal_strings", run, "stopped", big:format(20) .. "while true do local x = a == b end" },
  { "less_strings", run, "stopped", big:format(20) .. "while true do local x = a < b end" },
  { "less_equal_strings", run, "stopped", big:format(20) .. "while true do local x = a <= b end" },
  { "less_zero_bytes", run, "stopped",
    "local a = ('\\0'):rep(1 << 18) local b = a .. '1' while true do local x = a < b end" },
  { "equal_behind_pcall", run, "stopped",
    big:format(20) .. "while true do pcall(function() while true do local x = a == b end end) end" },
  { "equal_in_sort", run, "stopped",
    big:format(19) .. "local t = {} for i = 1, 2000 do t[i] = a end table.sort(t)" },
  { "string_keys", run, "stopped", big:format(20) .. "local t = { [a] = 1 } while true do local x = t[b] end" },
  { "number_from_blanks", run, "stopped",
    "local a = (' '):rep(1 << 20) .. '1' while true do local x = a + 1 end" },
  { "number_from_digits", run, "stopped",
    "local a = ('1'):rep(1 << 20) while true do local x = tonumber(a) end" },
  { "number_in_base", run, "stopped",
    "local a = ('1'):rep(1 << 20) while true do local x = tonumber(a, 2) end" },
  { "number_as_argument", run, "stopped",
    "local a = (' '):rep(1 << 20) .. '1' while true do math.floor(a) end" },
  { "varargs_passed", run, "stopped",
    "local t = {} for i = 1, 5e4 do t[i] = i end local function g() end"
    .. " local function f(...) while true do g(...) end end f(table.unpack(t))" },
  { "varargs_returned", run, "stopped",
    "local t = {} for i = 1, 5e4 do t[i] = i end local function g(...) return ... end"
    .. " local function f(...) while true do g(...) end end f(table.unpack(t))" },
  { "rehash", run, "stopped",
    "local t = {} for i = 1, 4e4 do t[i] = i end local n = 0"
    .. " while true do for i = 1, 5 do t['a' .. n + i] = 1 end for i = 1, 5 do t['a' .. n + i] = nil end n = n + 5 end" },
  { "index_chain", run, "stopped",
    "local t = {} for i = 1, 1500 do t = setmetatable({}, { __index = t }) end while true do local x = t.x end" },
  { "floats_as_text", run, "stopped", "while true do local x = 1.7976931348623157e308 .. '' end" },
  { "border", run, "stopped",
    "local t = {} for i = 1, 4e4 do t[i] = i end while true do t[#t] = nil t[#t + 1] = 1 local x = #t end" },
  { "long_concat", run, "stopped",
    "local a = ('x'):rep(1 << 18) while true do local x = a .. a .. a .. a end" },
  { "remove_first", run, "stopped",
    "local t = {} for i = 1, 4e4 do t[i] = i end while true do table.insert(t, 1, table.remove(t, 1)) end" },
  { "sort_again", run, "stopped",
    "local t = {} for i = 1, 2e4 do t[i] = i end while true do table.sort(t) end" },
  { "upvalues", run, "stopped",
    "while true do local a, b, c, d, e = 1, 2, 3, 4, 5 local f = function() return a, b, c, d, e end f() end" },
  { "at_load", "top module rules", "budget is used up",
    big:format(20) .. "while true do local x = a == b end" },
}
