// What is left: the three windows that decide together.
import { formatSpan } from "./time.js";
import { meter } from "./ui.js";

const names = { "key-minute": ["Key, a minute", "in the last minute"],
  "key-hour": ["Key, an hour", "in the last hour"],
  "org-day": ["Organization, a day", "in the last 24 hours"] };

function text(window) {
  const [, when] = names[window.name] ?? [window.name, ""];
  const used = `${window.used.toLocaleString("en")} of ${window.limit.toLocaleString("en")} ${when}`;
  return window.remaining > 0 ? `${used}, ${window.remaining.toLocaleString("en")} left`
    : `${used}, none left for ${formatSpan(window.retry_after)}`;
}

export function windows(list) {
  return list.map((window) => meter((names[window.name] ?? [window.name])[0], window.used, window.limit,
    text(window)));
}
