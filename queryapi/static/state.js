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
  const parts = path.split("/").filter(Boolean).map(decodeURIComponent);
  const given = Object.fromEntries(new URLSearchParams(query || ""));
  let filters = [];
  try {
    filters = given.filters ? JSON.parse(given.filters) : [];
  } catch {
    filters = [];
  }
  delete given.filters;
  if (parts[0] === "site" && parts[1]) {
    const view = parts[2] === "settings" ? "settings" : "site";
    return { ...DEFAULTS, ...given, filters: Array.isArray(filters) ? filters : [], view, site: parts[1] };
  }
  return { view: "sites" };
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
    include_bots: state.bots ? "true" : undefined,
  };
}

/** The filters with one more; a second value of one dimension and operator is an alternative. */
export function withFilter(filters, operator, dimension, value) {
  const at = filters.findIndex((one) => one[0] === operator && one[1] === dimension);
  if (at < 0) return [...filters, [operator, dimension, [value]]];
  if (filters[at][2].includes(value)) return filters;
  return filters.map((one, index) => (index === at ? [operator, dimension, [...one[2], value]] : one));
}
