// Numbers, times and names as people read them.

const compact = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });
const plain = new Intl.NumberFormat("en");

export const METRICS = {
  unique_visitors: { label: "Visitors", show: count },
  sessions: { label: "Visits", show: count },
  page_views: { label: "Page views", show: count },
  pages_per_session: { label: "Views per visit", show: (value) => value.toFixed(2) },
  bounce_rate: { label: "Bounce rate", show: percent, isLowBetter: true },
  avg_session_time: { label: "Visit time", show: duration },
  avg_engaged_time: { label: "Engaged time", show: duration },
  events: { label: "Events", show: count },
};
export const TILES = ["unique_visitors", "sessions", "page_views", "pages_per_session", "bounce_rate", "avg_session_time", "avg_engaged_time"];

export const DIMENSIONS = {
  page: "Page",
  entry_page: "Entry page",
  exit_page: "Exit page",
  hostname: "Host",
  source: "Source",
  channel: "Channel",
  referrer: "Referrer",
  utm_source: "UTM source",
  utm_medium: "UTM medium",
  utm_campaign: "UTM campaign",
  utm_term: "UTM term",
  utm_content: "UTM content",
  country: "Country",
  region: "Region",
  city: "City",
  continent: "Continent",
  device: "Device",
  browser: "Browser",
  os: "System",
  screen: "Screen",
  event_type: "Event",
};
export const OPERATORS = {
  is: "is",
  is_not: "is not",
  contains: "contains",
  contains_not: "does not contain",
  matches: "matches",
  matches_not: "does not match",
};

export function count(value) {
  return value >= 10000 ? compact.format(value) : plain.format(value);
}

export function exact(value) {
  return typeof value === "number" ? plain.format(value) : String(value ?? "");
}

export function percent(value) {
  return `${value.toFixed(value >= 99.95 || value === 0 ? 0 : 1)} %`;
}

export function duration(seconds) {
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} m ${String(seconds % 60).padStart(2, "0")} s`;
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, "0")} m`;
}

/** Sums by currency, `1,019.90 EUR, 5.00 USD`; each amount is a decimal in a string, which no number would hold. */
export function money(revenue) {
  return amounts(revenue, (amount) => amount.replace(/^-?\d+/, (whole) => plain.format(whole)));
}

/** The same as programs read them, `1019.90 EUR, 5.00 USD`. */
export function amounts(revenue, show = String) {
  return Object.entries(revenue || {})
    .map(([currency, amount]) => `${show(amount)} ${currency}`)
    .join(", ");
}

/** A change as `+12.2 %`, in points for a percentage; `new` where there was nothing before. */
export function change(value, metric) {
  if (value === null || value === undefined) return "new";
  const sign = value > 0 ? "+" : value < 0 ? "−" : "";
  return `${sign}${Math.abs(value)} ${metric === "bounce_rate" ? "pt" : "%"}`;
}

/** A bucket's name; `time` is ISO 8601 with the zone's own offset, whose clock it shows. */
export function bucket(item, interval) {
  const text = written(item, BUCKETS[interval] || BUCKETS.day);
  return interval === "week" ? `Week of ${text}` : text;
}

/** The same, as short as an axis wants it. */
export function tick(item, interval) {
  return written(item, TICKS[interval] || TICKS.day);
}

const clock = { hour: "2-digit", minute: "2-digit", hour12: false };
const moment = { weekday: "short", day: "numeric", month: "short", ...clock };
const BUCKETS = { "15m": moment, hour: moment, day: { weekday: "short", day: "numeric", month: "short", year: "numeric" }, month: { month: "long", year: "numeric" } };
const TICKS = { "15m": clock, hour: clock, day: { day: "numeric", month: "short" }, month: { month: "short", year: "2-digit" } };
// Made once each: to make one takes as long as to write a thousand dates.
const formats = new Map();

function written(item, options) {
  if (!formats.has(options)) formats.set(options, new Intl.DateTimeFormat("en-GB", { ...options, timeZone: "UTC" }));
  return formats.get(options).format(new Date(`${item.time.slice(0, 19)}Z`));
}

/** The flag of a country, by its two letters. */
export function flag(code) {
  if (!/^[A-Z]{2}$/.test(code || "")) return "";
  return String.fromCodePoint(...[...code].map((letter) => 0x1f1a5 + letter.charCodeAt(0)));
}
