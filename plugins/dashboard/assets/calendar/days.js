// Days as the organization's clocks have them: some last 23 hours, some 25. A date is
// "2031-03-09", an instant is in milliseconds.
import { addDays, dateOf as dateIn, sayDate, wall } from "../days.js";
import { currentZone } from "../time.js";

export { addDays };

const DAY = 86400e3, MINUTE = 60e3;

const cache = new Map();
function memo(key, make) {
  const full = `${currentZone()} ${key}`;
  if (!cache.has(full)) cache.set(full, make());
  return cache.get(full);
}

const clock = (at) => wall(currentZone(), at);
const offset = (at) => clock(at) - Math.floor(at / 1000) * 1000;

const plain = (date) => Date.parse(`${date}T00:00:00Z`);
const named = (utc) => new Date(utc).toISOString().slice(0, 10);

export const dateOf = (at) => dateIn(currentZone(), at);
export const today = () => dateOf(Date.now());
export const monday = (date) => addDays(date, -((new Date(plain(date)).getUTCDay() + 6) % 7));
export const isDate = (text) => /^\d{4}-\d\d-\d\d$/.test(text ?? "") && !Number.isNaN(plain(text))
  && named(plain(text)) === text;

// "Mon 9 Mar", however the options say it.
export const say = (date, options = { weekday: "short", day: "numeric", month: "short" }) => sayDate(date, options);

// The first t of [low, high) for which it is true, to the second.
function first(low, high, holds) {
  while (high - low > 1000) {
    const middle = low + Math.floor((high - low) / 2000) * 1000;
    if (holds(middle)) high = middle;
    else low = middle;
  }
  return high;
}

// The first instant of a date.
export function startOf(date) {
  return memo(`start ${date}`, () =>
    first(plain(date) - DAY, plain(date) + DAY, (at) => clock(at) >= plain(date)));
}

// A date's instants, and where its clock is changed.
export function dayOf(date) {
  return memo(`day ${date}`, () => {
    const start = startOf(date), end = startOf(addDays(date, 1));
    const before = offset(start), after = offset(end - 1000);
    const change = before === after ? null : first(start, end, (at) => offset(at) === after);
    return { date, start, end, before, after, change, utc: plain(date) };
  });
}

// Which of a day's hours there are, once or twice: [first, second].
function hours(day) {
  const there = Array.from({ length: 24 }, () => [true, false]);
  if (day.change === null) return there;
  const at = (day.change + day.after - day.utc) / MINUTE, jump = (day.after - day.before) / MINUTE;
  for (let hour = 0; hour < 24; hour += 1) {
    if (jump > 0 && hour * 60 >= at - jump && hour * 60 + 60 <= at) there[hour][0] = false;
    if (jump < 0 && hour * 60 + 60 > at && hour * 60 < at - jump) there[hour][1] = true;
  }
  return there;
}

// Is this the second time that the clock shows it?
function again(day, at) {
  return day.change !== null && day.after < day.before && at >= day.change
    && clock(at) < day.change + day.before;
}

function zoneShort(at) {
  const form = memo("short", () => new Intl.DateTimeFormat("en-GB",
    { timeZone: currentZone(), timeZoneName: "short" }));
  return form.formatToParts(at).find((part) => part.type === "timeZoneName").value;
}

// "America/New York (UTC−5)" as it is at that instant.
export function zoneAt(at) {
  const form = memo("offset", () => new Intl.DateTimeFormat("en-GB",
    { timeZone: currentZone(), timeZoneName: "shortOffset" }));
  const short = form.formatToParts(at).find((part) => part.type === "timeZoneName").value;
  const place = currentZone().replaceAll("_", " ");
  return short === place || place === "UTC" ? place
    : `${place} (${short.replace("GMT", "UTC").replace("-", "−")})`;
}

// One axis for these dates: a row for each hour that any of them has, those that a clock
// shows twice twice. at(date, instant) is a position in rows; instant(date, position) is back.
export function axis(dates) {
  const days = new Map(dates.map((date) => [date, dayOf(date)]));
  const have = new Map([...days].map(([date, day]) => [date, hours(day)]));
  const rows = [];
  for (let hour = 0; hour < 24; hour += 1) {
    for (const twice of [0, 1]) {
      if ([...have.values()].some((there) => there[hour][twice])) rows.push({ hour, twice });
    }
  }
  const instant = (date, position) => {
    const day = days.get(date), row = rows[Math.min(Math.floor(position), rows.length - 1)];
    const wall = day.utc + (row.hour * 60 + (position % 1) * 60) * MINUTE;
    const early = wall - day.before;
    return row.twice || (day.change !== null && early >= day.change) ? wall - day.after : early;
  };
  for (const [i, row] of rows.entries()) {
    const twin = rows.some((one) => one.hour === row.hour && one.twice !== row.twice);
    const date = twin ? dates.find((one) => have.get(one)[row.hour][1]) : null;
    row.label = `${String(row.hour).padStart(2, "0")}:00`;
    if (twin) row.zone = zoneShort(instant(date, i + 0.5));
  }
  return {
    rows, days, instant,
    has: (date, row) => have.get(date)[row.hour][row.twice],
    at: (date, at) => {
      const day = days.get(date);
      if (at < day.start) return 0;
      if (at >= day.end) return rows.length;
      const minutes = (clock(at) - day.utc) / MINUTE, twice = Number(again(day, at));
      const index = rows.findIndex((row) => row.hour === Math.floor(minutes / 60) && row.twice === twice);
      return index + minutes % 60 / 60;
    },
  };
}
