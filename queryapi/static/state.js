// What the page shows, all of it in the address: back, forward, reload and a copied link give the same.

export const PERIODS = [
  ["today", "Today"],
  ["yesterday", "Yesterday"],
  ["24h", "Last 24 hours"],
  ["7d", "Last 7 days"],
  ["28d", "Last 28 days"],
  ["30d", "Last 30 days"],
  ["90d", "Last 90 days"],
  ["month", "This month"],
  ["last_month", "Last month"],
  ["year", "This year"],
  ["12mo", "Last 12 months"],
  ["all", "All time"],
];
export const COMPARES = [
  ["previous", "Period before"],
  ["year_over_year", "Year before"],
  ["none", "No comparison"],
];
const DEFAULTS = { period: "30d", compare: "previous", metric: "unique_visitors" };

/** The state in an address: `view` is sites, site, settings or setup. */
export function parse(hash) {
  if (hash.startsWith("#setup=")) return { view: "setup", token: hash.slice(7) };
  const [path, query] = hash.replace(/^#\/?/, "").split("?");
  const [kind, site, rest] = path.split("/");
  if (kind !== "site" || !site) return { view: "sites" };
  const { filters, ...given } = Object.fromEntries(new URLSearchParams(query || ""));
  return { ...DEFAULTS, ...given, filters: filters ? decodedFilters(filters) : [], view: rest === "settings" ? "settings" : "site", site: decoded(site) };
}

// What is no list of filters stays one that the API refuses: left out, more would be shown than was asked for.
function decodedFilters(text) {
  try {
    const filters = JSON.parse(text);
    return Array.isArray(filters) ? filters : [filters];
  } catch {
    return [text];
  }
}

function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** The address of a state. */
export function format(state) {
  if (state.view === "sites") return "#/";
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(state)) {
    if (["view", "site", "filters"].includes(name) || !value || DEFAULTS[name] === value) continue;
    query.set(name, value);
  }
  if (state.filters?.length) query.set("filters", JSON.stringify(state.filters));
  const text = query.toString();
  const path = `#/site/${encodeURIComponent(state.site)}${state.view === "settings" ? "/settings" : ""}`;
  return text ? `${path}?${text}` : path;
}

/** The state with changes; null takes a name out. */
export function changed(state, changes) {
  const next = { ...state, ...changes };
  for (const name of Object.keys(next)) if (next[name] === null) delete next[name];
  return next;
}

/** The parameters of a report. */
export function asked(state) {
  return {
    ...(state.from && state.to ? { from: state.from, to: state.to } : { period: state.period }),
    timezone: state.timezone,
    filters: state.filters.length ? JSON.stringify(state.filters) : undefined,
    segment: state.segment,
    include_bots: state.bots ? "true" : undefined,
  };
}

/** Path and parameters of the totals, and of their course: what is asked for first. */
export function totalsOf(state) {
  return [report(state, "dashboard"), { ...asked(state), compare: state.compare, utm_limit: 1 }];
}

export function courseOf(state) {
  return [report(state, "timeseries"), { ...asked(state), compare: state.compare, interval: state.interval, metrics: state.metric }];
}

function report(state, kind) {
  return `/api/v1/analytics/${kind}/${encodeURIComponent(state.site)}`;
}

/** Path and parameters of a page of websites. */
export function sitesFrom(offset) {
  return ["/api/v1/websites", { limit: 1000, offset }];
}

/** The filters with one more; a second value of one dimension and operator is an alternative. */
export function withFilter(filters, operator, dimension, value) {
  const at = filters.findIndex((one) => one[0] === operator && one[1] === dimension);
  if (at < 0) return [...filters, [operator, dimension, [value]]];
  if (filters[at][2].includes(value)) return filters;
  return filters.map((one, index) => (index === at ? [operator, dimension, [...one[2], value]] : one));
}
