// Days and the clock of a zone: "2026-12-01" and "09:30" to instants and back.

const DAY = 86400e3;
const clocks = new Map();

// What a clock in the zone shows at an instant, as if it were UTC: milliseconds.
export function wall(zone, at) {
  if (!clocks.has(zone)) {
    clocks.set(zone, new Intl.DateTimeFormat("en-US", { timeZone: zone, hourCycle: "h23", year: "numeric",
      month: "numeric", day: "numeric", hour: "numeric", minute: "numeric", second: "numeric" }));
  }
  const part = Object.fromEntries(clocks.get(zone).formatToParts(at).map((one) => [one.type, Number(one.value)]));
  return Date.UTC(part.year, part.month - 1, part.day, part.hour, part.minute, part.second);
}

// "2026-12-01", "09:30" in the zone -> "2026-12-01T14:30:00Z". A time that the clock leaves out
// is the one after the gap; of two, the first.
export function instantOf(zone, date, clock = "00:00") {
  const [hour, minute] = clock.split(":").map(Number);
  const meant = Date.parse(`${date}T00:00:00Z`) + (hour * 60 + minute) * 60e3;
  const before = meant - (wall(zone, meant - DAY) - (meant - DAY));
  const after = meant - (wall(zone, meant + DAY) - (meant + DAY));
  const fits = [Math.min(before, after), Math.max(before, after)].find((at) => wall(zone, at) === meant);
  return new Date(fits ?? before).toISOString().replace(".000Z", "Z");
}

export function dateOf(zone, at = Date.now()) {
  return new Date(wall(zone, new Date(at).getTime())).toISOString().slice(0, 10);
}

export function addDays(date, days) {
  return new Date(Date.parse(`${date}T00:00:00Z`) + days * DAY).toISOString().slice(0, 10);
}

// "Tue 1 Dec 2026"; how: options of Intl.DateTimeFormat in place of these.
export function sayDate(date, how = { weekday: "short", day: "numeric", month: "short", year: "numeric" }) {
  return new Intl.DateTimeFormat("en-GB", { timeZone: "UTC", ...how }).format(new Date(`${date}T00:00:00Z`));
}

// "9", "930", "9:30", "24" -> "09:00", "09:30", "24:00"; null where it is no time of a day.
export function readClock(text) {
  const found = text.trim().match(/^(\d{1,2})(?:[:.h ]?([0-5]\d))?$/);
  const clock = found && `${found[1].padStart(2, "0")}:${found[2] ?? "00"}`;
  return clock && clock <= "24:00" ? clock : null;
}
