-- Commands and files, for the conversations: what a person would do at a prompt.

local shell = {}

function shell.quote(text)
  return "'" .. tostring(text):gsub("'", "'\\''") .. "'"
end

function shell.join(list)
  local quoted = {}
  for i, text in ipairs(list) do quoted[i] = shell.quote(text) end
  return table.concat(quoted, " ")
end

function shell.read(path)
  local f = io.open(path, "rb")
  if not f then return nil end
  local text = f:read("a")
  f:close()
  return text
end

function shell.tail(text, lines)
  local kept = {}
  for line in (text or ""):gmatch("[^\n]+") do kept[#kept + 1] = line end
  return table.concat(kept, "\n", math.max(1, #kept - lines + 1))
end

function shell.write(path, text)
  local f = assert(io.open(path, "wb"))
  f:write(text)
  f:close()
end

-- A new directory under $TMPDIR; remove it with shell.remove.
function shell.temp_dir()
  local p = io.popen('mktemp -d "${TMPDIR:-/tmp}/kordless-talk.XXXXXX"')
  local path = p:read("l")
  p:close()
  return assert(path, "mktemp failed")
end

function shell.remove(path)
  assert(path:find("/kordless-talk.", 1, true), "not one of ours: " .. path)
  os.execute("rm -rf " .. shell.quote(path))
end

-- Runs a list of words, without input or with this text. Returns exit status, standard
-- output, standard error.
function shell.run(words, environment, input)
  local dir = shell.temp_dir()
  local out, err = dir .. "/out", dir .. "/err"
  shell.write(dir .. "/in", input or "")
  local line = ("%s %s <%s >%s 2>%s"):format(environment or "", shell.join(words),
    shell.quote(dir .. "/in"), shell.quote(out), shell.quote(err))
  local _, how, code = os.execute(line)
  if how == "signal" then code = 128 + code end
  local text, errors = shell.read(out), shell.read(err)
  shell.remove(dir)
  return code, text, errors
end

return shell
