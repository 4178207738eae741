package.path = "plugins/?.lua;tests/spec/?.lua;" .. package.path
local sqlite = require("support.sqlite")

describe("the ledger", function()
  local db

  before_each(function()
    db = sqlite.open()
    db:migrate("plugins/bookings")
    db:query("INSERT INTO subject VALUES ('host', 'org', 1), ('class', 'org', 3)")
  end)

  after_each(function()
    db:close()
  end)

  local function claim(subject, b0, b1, units, kind, owner)
    local expires = kind == "hold" and 1 or nil
    return db:try("INSERT INTO claim (subject, kind, b0, b1, units, owner, expires_at)"
      .. " VALUES (?, ?, ?, ?, ?, ?, ?)", subject, kind or "booking", b0, b1, units or 1,
      owner or "book_1", expires)
  end

  local function refused(words, _, why)
    assert.is_string(why)
    assert.truthy(why:find(words, 1, true), why)
  end

  it("takes claims that touch and refuses those that overlap", function()
    assert(claim("host", 100, 200))
    assert(claim("host", 200, 300))
    assert(claim("host", 50, 100))
    refused("over capacity", claim("host", 199, 201))
    refused("over capacity", claim("host", 0, 1000))
    refused("over capacity", claim("host", 120, 130))
  end)

  it("counts the peak and not the sum", function()
    assert(claim("class", 0, 100, 2))
    assert(claim("class", 100, 200, 2))
    assert(claim("class", 200, 300, 2))
    assert(claim("class", 50, 250, 1)) -- overlaps six units, meets two at a time
    refused("over capacity", claim("class", 50, 60, 1))
  end)

  it("fills to the exact capacity, nested and chained", function()
    assert(claim("class", 0, 300, 1))
    assert(claim("class", 50, 250, 1))
    assert(claim("class", 100, 200, 1))
    refused("over capacity", claim("class", 150, 160, 1))
    refused("over capacity", claim("class", 0, 300, 2))
    assert(claim("class", 200, 250, 1))
    assert(claim("class", 250, 400, 2))
  end)

  it("sees a peak that begins inside the new claim", function()
    assert(claim("class", 100, 110, 2))
    assert(claim("class", 105, 120, 1))
    refused("over capacity", claim("class", 0, 200, 1))
    assert(claim("class", 0, 100, 3))
  end)

  it("refuses a subject it does not know", function()
    db:run("PRAGMA foreign_keys = OFF;")
    refused("over capacity", claim("nobody", 0, 10))
    db:run("PRAGMA foreign_keys = ON;")
    refused("FOREIGN KEY", claim("nobody", 0, 10, 1, "time_off"))
  end)

  it("lets time off land on anything and keep out what comes after", function()
    assert(claim("host", 100, 200))
    assert(claim("host", 0, 1000, 1, "time_off"))
    assert(claim("host", 500, 600, 1, "busy"))
    refused("time off", claim("host", 300, 400))
    refused("time off", claim("host", 999, 1001, 1, "hold"))
    assert(claim("host", 1000, 1100, 1, "pending"))
  end)

  it("guards pending and hold as bookings", function()
    assert(claim("host", 0, 10, 1, "pending"))
    refused("over capacity", claim("host", 5, 15, 1, "hold"))
    assert(claim("host", 10, 20, 1, "hold"))
    refused("over capacity", claim("host", 15, 25))
  end)

  it("has no claim over 48 hours, empty, or of no units", function()
    refused("CHECK", claim("host", 0, 172801))
    refused("CHECK", claim("host", 5, 5))
    refused("CHECK", claim("host", 5, 6, 0))
    refused("CHECK", claim("host", 5, 6, 0, "busy"))
    assert(claim("host", 0, 172800))
    refused("over capacity", claim("host", 172799, 172900)) -- a long way back
    assert(claim("host", 172800, 172900))
  end)

  it("changes claims by delete and insert only", function()
    assert(claim("host", 0, 10))
    refused("delete and insert", db:try("UPDATE claim SET b1 = 5"))
    refused("delete and insert", db:try("UPDATE claim SET units = 1"))
    refused("over capacity", db:try("INSERT OR REPLACE INTO claim (id, subject, kind, b0, b1,"
      .. " units, owner) SELECT id, subject, kind, b0, b1 + 5, units, owner FROM claim"))
    assert.equal(10, db:query("SELECT b1 FROM claim")[1].b1)
  end)

  it("moves a claim onto its own place in one transaction, or leaves it", function()
    assert(claim("host", 0, 100, 1, "booking", "a"))
    assert(claim("host", 200, 300, 1, "booking", "b"))
    db:query("BEGIN")
    db:query("DELETE FROM claim WHERE owner = 'a'")
    assert(claim("host", 50, 150, 1, "booking", "a"))
    db:query("COMMIT")
    db:query("BEGIN")
    db:query("DELETE FROM claim WHERE owner = 'a'")
    refused("over capacity", claim("host", 150, 250, 1, "booking", "a"))
    db:query("ROLLBACK")
    assert.same({ { b0 = 50 }, { b0 = 200 } }, db:query("SELECT b0 FROM claim ORDER BY b0"))
  end)

  it("never lowers a capacity below the present peak", function()
    assert(claim("class", 0, 100, 2))
    assert(claim("class", 100, 200, 2))
    refused("below what is taken", db:try("UPDATE subject SET capacity = 1 WHERE id = 'class'"))
    assert(db:try("UPDATE subject SET capacity = 2 WHERE id = 'class'"))
    refused("over capacity", claim("class", 0, 10, 1))
    assert(db:try("UPDATE subject SET capacity = 9 WHERE id = 'class'"))
    assert(claim("class", 0, 10, 7))
  end)

  it("does not let a subject slip away under its claims", function()
    assert(claim("class", 0, 100, 2))
    refused("there already", db:try("INSERT OR REPLACE INTO subject VALUES ('class', 'org', 1)"))
    refused("keeps its id", db:try("UPDATE subject SET id = 'other' WHERE id = 'class'"))
    refused("has claims", db:try("DELETE FROM subject WHERE id = 'class'"))
    db:query("DELETE FROM claim")
    assert(db:try("DELETE FROM subject WHERE id = 'class'"))
  end)

  it("agrees with counting instant by instant", function()
    math.randomseed(7)
    local taken, script, expect = {}, {}, {}
    for i = 1, 400 do
      local b0 = math.random(0, 60)
      local b1, units = b0 + math.random(1, 12), math.random(1, 2)
      local peak = 0
      for t = b0, b1 - 1 do
        peak = math.max(peak, taken[t] or 0)
      end
      expect[i] = peak + units <= 3 and i or nil
      for t = b0, expect[i] and b1 - 1 or b0 - 1 do
        taken[t] = (taken[t] or 0) + units
      end
      script[i] = ("INSERT INTO claim VALUES (%d, 'class', 'booking', %d, %d, %d, 'x', NULL);")
        :format(i, b0, b1, units)
    end
    db:run(table.concat(script, "\n"))
    local seen = {}
    for _, row in ipairs(db:query("SELECT id FROM claim")) do
      seen[row.id] = row.id
    end
    assert.same(expect, seen)
  end)
end)
