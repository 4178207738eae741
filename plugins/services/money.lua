-- Money is integer minor units inside and a number of major units on the wire. How many
-- digits a currency has: ISO 4217; two where it is not listed here.

local money = {}

local digits = {}
for code in ("BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"):gmatch("%a+") do
  digits[code] = 0
end
for code in ("BHD IQD JOD KWD LYD OMR TND"):gmatch("%a+") do
  digits[code] = 3
end
digits.CLF, digits.UYW = 4, 4

function money.digits(currency)
  return digits[currency] or 2
end

-- 4550, "USD" is 45.5. nil stays nil.
function money.major(minor, currency)
  local n = money.digits(currency)
  if not minor or n == 0 then
    return minor
  end
  return minor / 10 ^ n
end

-- 45.5, "USD" is 4550; nil when the currency has no such fraction.
function money.minor(major, currency)
  local scale = 10 ^ money.digits(currency)
  local minor = math.floor(major * scale + 0.5)
  return minor / scale == major and math.tointeger(minor) or nil
end

return money
