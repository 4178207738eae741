-- Writes the table of http/asset.h, at build: `embed.lua OUT PLUGIN/NAME=FILE…`. Each file
-- is copied and packed into OUT/, and OUT.c includes the bytes. What stands in an index as
-- {{assets}} becomes the folder that is named after the content of all its neighbours. Lines
-- that are comments stay behind: who reads them has the sources. The same files give the same
-- bytes.

local types = {
  html = "text/html; charset=utf-8", js = "text/javascript; charset=utf-8",
  css = "text/css; charset=utf-8", svg = "image/svg+xml", png = "image/png",
  woff2 = "font/woff2", txt = "text/plain; charset=utf-8",
}

local function read(path)
  local f = assert(io.open(path, "rb"))
  local text = f:read("a")
  f:close()
  return text
end

local function write(path, text)
  local f = assert(io.open(path, "wb"))
  assert(f:write(text))
  assert(f:close())
end

local function run(command)
  local p = assert(io.popen(command))
  local out = p:read("a")
  assert(p:close(), command)
  return out
end

-- A tenth of a module is comments. What is not ours is packed as it is.
local function without_comments(name, text)
  if not name:find("%.js$") or name == "chart.js" then return text end
  local kept, ticks = {}, 0
  for line in text:gmatch("[^\n]*\n?") do
    local comment = line:find("^%s*//")
    assert(not comment or ticks % 2 == 0, name .. ": in a template it may be none: " .. line)
    if not comment then
      kept[#kept + 1], ticks = line, ticks + select(2, line:gsub("`", ""))
    end
  end
  return table.concat(kept)
end

-- plugin -> its files by name
local function collect(words)
  local plugins = {}
  for i = 2, #words do
    local plugin, name, path = words[i]:match("^([%w_]+)/([%w_./-]+)=(.+)$")
    assert(plugin and not name:find("..", 1, true), "not PLUGIN/NAME=FILE: " .. words[i])
    assert(types[name:match("%.(%w+)$")], "no media type for " .. name)
    plugins[plugin] = plugins[plugin] or {}
    table.insert(plugins[plugin], { plugin = plugin, name = name,
      text = without_comments(name, read(path)) })
  end
  return plugins
end

local out, all = arg[1], {}

local function hash(text)
  write(out .. "/hashed", text)
  return run(("sha256sum <%s/hashed"):format(out)):sub(1, 16)
end

-- One name for all that an index may load.
local function name_of(files)
  local list = {}
  for i, file in ipairs(files) do
    file.hash = hash(file.text)
    list[i] = file.name .. " " .. file.hash .. "\n"
  end
  return "assets/" .. hash(table.concat(list))
end

local function place(files)
  table.sort(files, function(a, b) return a.name < b.name end)
  local folder = name_of(files)
  for _, file in ipairs(files) do
    file.fixed = file.name ~= "index.html"
    file.path = file.fixed and folder .. "/" .. file.name or ""
    if not file.fixed then
      file.text = file.text:gsub("{{assets}}", (folder:gsub("%%", "%%%%")))
      file.hash = hash(file.text)
    end
    all[#all + 1] = file
  end
end

local function store(i, file)
  local path = ("%s/%d"):format(out, i)
  write(path, file.text)
  run(("gzip -9n <%s >%s.gz"):format(path, path))
  local packed = #read(path .. ".gz")
  file.packed = packed < #file.text and packed or 0
end

local function bytes(i, suffix, ending)
  return ('__asm__(".pushsection .rodata\\n%s%d:\\n.incbin \\"%s/%d%s\\"\\n.popsection\\n");\n'
    .. "extern const char %s%d[];\n"):format(suffix, i, out, i, ending, suffix, i)
end

local row_form = '    {{"%s", %d}, {"%s", %d}, "%s", STR("W/\\"%s\\""), %s, {plain%d, %d}, '
  .. "{packed%d, %d}},\n"
local function row(i, file)
  return row_form:format(file.plugin, #file.plugin, file.path, #file.path,
    types[file.name:match("%.(%w+)$")], file.hash, file.fixed, i, #file.text, i, file.packed)
end

local plugins, names = collect(arg), {}
os.execute(("rm -rf '%s' && mkdir -p '%s'"):format(out, out))
for plugin in pairs(plugins) do names[#names + 1] = plugin end
table.sort(names)
for _, plugin in ipairs(names) do place(plugins[plugin]) end

local parts = { '/* Written by runtime/http/embed.lua. */\n#include "http/asset.h"\n\n' }
for i, file in ipairs(all) do
  store(i, file)
  parts[#parts + 1] = bytes(i, "plain", "") .. bytes(i, "packed", ".gz")
end
parts[#parts + 1] = "\nstatic const struct asset all[] = {\n"
for i, file in ipairs(all) do parts[#parts + 1] = row(i, file) end
parts[#parts + 1] = "};\n\nconst struct asset *asset_all(int *n)\n{\n"
  .. ("    *n = %d;\n    return all;\n}\n"):format(#all)
write(out .. ".c", table.concat(parts))
