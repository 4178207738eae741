-- What the routes of people run: a file for each kind of thing.
local handlers = {}

for _, part in ipairs({ require("members"), require("sessions"), require("tokens") }) do
  for name, handler in pairs(part) do
    handlers[name] = handler
  end
end

return handlers
