-- A booking as an iCalendar object (RFC 5545). Pure.

local ics = {}

-- Section 3.3.11. What is left of the controls has no place in a text value.
local function text(value)
  value = value:gsub("\r\n?", "\n"):gsub("[\\;,]", "\\%0"):gsub("\n", "\\n")
  return (value:gsub("%c", ""))
end

local function utc(seconds)
  return (kordless.time.format(seconds):gsub("[-:]", ""))
end

-- Section 3.1: at most 75 octets a line, the blank of a continued one included, and no
-- character cut in two.
local function fold(line)
  local parts, room = {}, 75
  while #line > room do
    local cut = room
    while line:byte(cut + 1) & 0xC0 == 0x80 do
      cut = cut - 1
    end
    parts[#parts + 1] = line:sub(1, cut)
    line, room = line:sub(cut + 1), 74
  end
  parts[#parts + 1] = line
  return table.concat(parts, "\r\n ")
end
ics.fold = fold

local status = { confirmed = "CONFIRMED", pending = "TENTATIVE", canceled = "CANCELLED" }

-- row: store.booking. The same booking has the same UID for ever; SEQUENCE goes up with
-- every change of it, so that a calendar replaces what it has.
function ics.render(row)
  local lines = {
    "BEGIN:VCALENDAR",
    "VERSION:2.0",
    "PRODID:-//kordless//bookings//EN",
    "CALSCALE:GREGORIAN",
    "BEGIN:VEVENT",
    "UID:" .. row.id .. "@kordless",
    "SEQUENCE:" .. row.sequence,
    "DTSTAMP:" .. utc(row.updated_at),
    "CREATED:" .. utc(row.created_at),
    "LAST-MODIFIED:" .. utc(row.updated_at),
    "DTSTART:" .. utc(row.start_at),
    "DTEND:" .. utc(row.end_at),
    "STATUS:" .. status[row.status],
    "SUMMARY:" .. text(row.service_name .. " – " .. row.organization_name),
    "DESCRIPTION:" .. text("Confirmation number: " .. row.id:upper()),
  }
  if row.location_value then
    lines[#lines + 1] = "LOCATION:" .. text(row.location_value)
  end
  lines[#lines + 1] = "END:VEVENT"
  lines[#lines + 1] = "END:VCALENDAR"
  for i, line in ipairs(lines) do
    lines[i] = fold(line)
  end
  return table.concat(lines, "\r\n") .. "\r\n"
end

return ics
