// One website: its numbers, their course, and where they come from.

import { get } from "./api.js";
import { CARDS, listCard } from "./cards.js";
import { drawSeries } from "./chart.js";
import { csvButton } from "./csv.js";
import { h, menu, put, replace } from "./dom.js";
import { filterRow } from "./filters.js";
import { late } from "./late.js";
import { follow, liveDialog } from "./live.js";
import { rangeMenus, zoneDialog } from "./range.js";
import { printAll } from "./seen.js";
import { courseOf, totalsOf } from "./state.js";
import { METRICS, TILES, change, count } from "./words.js";

const INTERVALS = [
  ["auto", "Auto"],
  ["hour", "Hours"],
  ["day", "Days"],
  ["week", "Weeks"],
  ["month", "Months"],
];

/** Draw the view into `root`; `go` takes changes of the state, `signal` ends everything under way. */
export function siteView(root, state, context, go, signal) {
  const tiles = h("div", { class: "tiles", role: "group", "aria-label": "Totals" });
  const chart = h("div", { class: "chart-box" });
  const now = h("button", { class: "pill live", onclick: () => liveDialog(state) }, h("i"), h("b", {}, "–"), " here now");
  const cards = h("div", { class: "cards" });
  const notes = h("div", { class: "notices" });
  replace(
    root,
    toolbar(state, context, go, now, signal),
    filterRow(state, context, go, signal),
    notes,
    h("section", { class: "card main", "aria-label": "Over time" }, tiles, h("div", { class: "chart-head" }, intervals(state, go), csvButton(`${state.site} over time`, () => courseTable(state))), chart),
    cards,
    h("p", { class: "foot" }, "Places: ", h("a", { href: "https://db-ip.com", rel: "noreferrer noopener" }, "IP Geolocation by DB-IP"), " · ", h("a", { href: "/docs" }, "API")),
  );
  course(state, chart, go, signal, context);
  totals(state, tiles, notes, go, signal, context);
  put(cards, CARDS.map((card) => listCard(state, card, go, signal)));
  late("./behaviour.js").then(({ behaviourCards }) => put(cards, behaviourCards(state, context, go, signal)));
  follow(state, signal, (body) => {
    now.querySelector("b").textContent = count(body.current_visitors);
    now.classList.toggle("on", body.current_visitors > 0);
    if (root.dataset.isEmpty && (body.page_views_last_1h > 0 || body.active_users > 0)) go({});
  });
}

function toolbar(state, context, go, now, signal) {
  const more = [
    [state.bots ? "Leave out robots" : "Include robots", () => go({ bots: state.bots ? null : "1" }), !!state.bots],
    ["Time zone…", () => zoneDialog(state, go), !!state.timezone],
    ["Print…", printAll, false],
  ];
  if (!context.isGuest) more.push(["Settings", () => go({ view: "settings" }), false]);
  if (context.mayManage) more.push(["Share…", async () => (await late("./sharing.js")).shareDialog(state), false]);
  const title = h("h1", {}, siteMenu(state, context, go));
  // Their names need not be known for the numbers to be shown.
  context.sitesCome.then(() => signal.aborted || replace(title, siteMenu(state, context, go)), () => {});
  return h(
    "div",
    { class: "toolbar top" },
    title,
    now,
    h("span", { class: "grow" }),
    rangeMenus(state, context, go),
    !context.isGuest && h("button", { class: "pill roomy", onclick: () => go({ view: "settings" }) }, "Settings"),
    menu("⋯", more, { class: "pill", "aria-label": "More" }),
  );
}

function siteMenu(state, context, go) {
  if (context.isGuest) return state.site;
  const sites = context.sites.map((site) => [site.name || site.id, () => go({ site: site.id, filters: [], segment: null }), site.id === state.site]);
  return menu(context.sites.find((site) => site.id === state.site)?.name || state.site, sites, { class: "pill title" });
}

function intervals(state, go) {
  const button = ([key, label]) => h("button", { "aria-pressed": String((state.interval || "auto") === key), onclick: () => go({ interval: key === "auto" ? null : key }) }, label);
  return h("div", { class: "tabs", role: "group", "aria-label": "Interval" }, INTERVALS.map(button));
}

async function totals(state, root, notes, go, signal, context) {
  try {
    const { metrics, comparison, meta } = await get(...totalsOf(state), signal);
    if (signal.aborted) return;
    // A rate of no visits was not lower: what there is now is new.
    const moved = (key) => (comparison?.metrics.sessions === 0 && metrics[key] ? null : comparison?.change[key]);
    replace(root, TILES.map((key) => tile(key, metrics[key], moved(key), state, go)));
    replace(
      notes,
      meta.sampled && h("p", { class: "notice" }, estimated(meta.sampled.metrics)),
      meta.warnings.includes("comparison_out_of_retention") && h("p", { class: "notice" }, "The period before is older than what is kept."),
    );
    if (!metrics.page_views && !metrics.events && !state.filters.length && !state.segment && !context.isGuest) await welcome(state, notes, signal);
  } catch (error) {
    if (signal.aborted) return;
    if (error.status === 401) context.refused(error);
    // Every other report would say the same.
    else if (error.code === "website_not_found") replace(root.closest("main"), h("p", { class: "empty card", role: "alert" }, `There is no website ${state.site} that you may see. `, h("a", { href: "#/" }, "All websites")));
    else replace(root, h("p", { class: "empty", role: "alert" }, error.message));
  }
}

/** `moved` is undefined where there is nothing to compare with. */
function tile(key, value, moved, state, go) {
  const metric = METRICS[key];
  const isGood = moved > 0 !== !!metric.isLowBetter;
  return h(
    "button",
    { class: "tile-button", "aria-pressed": String(state.metric === key), onclick: () => go({ metric: key }) },
    h("span", { class: "label" }, metric.label),
    h("span", { class: "figure" }, metric.show(value)),
    moved !== undefined && h("span", { class: `moved ${moved ? (isGood ? "good" : "bad") : ""}` }, change(moved, key)),
  );
}

// With filters everything comes from a sample, rates and means too; without, visitors alone.
function estimated(metrics) {
  const bounds = Object.entries(metrics).map(([key, percent]) => `${METRICS[key].label.toLowerCase()} to about ${percent} %`);
  return `Estimated from a part of the visitors: ${bounds.join(", ")}.`;
}

async function welcome(state, notes, signal) {
  const [path] = totalsOf(state);
  const ever = await get(path, { period: "all", compare: "none" }, signal);
  if (ever.metrics.page_views || ever.metrics.events) return;
  const { snippetOf } = await late("./snippet.js");
  if (signal.aborted) return;
  notes.closest("main").dataset.isEmpty = "1";
  put(
    notes,
    h(
      "section",
      { class: "card welcome" },
      h("h2", {}, "Waiting for the first visit"),
      h("p", {}, "Put this into the pages of the website. This page turns live by itself."),
      snippetOf(state.site),
    ),
  );
}

async function course(state, root, go, signal, context) {
  root.setAttribute("aria-busy", "true");
  // The graph does not wait for them.
  const told = context.isPublic ? { data: [] } : get(`/api/v1/websites/${encodeURIComponent(state.site)}/annotations`, {}, signal).catch(() => ({ data: [] }));
  try {
    const { data, comparison, interval, range } = await get(...courseOf(state), signal);
    if (signal.aborted) return;
    const onpick = interval === "day" ? (item) => go({ from: item.date, to: item.date, period: null }) : undefined;
    const series = { items: data, comparison, interval, metric: { key: state.metric, ...METRICS[state.metric] }, annotations: [], onpick };
    const draw = drawSeries(root, series);
    const within = (note) => Date.parse(note.at) >= Date.parse(range.from) && Date.parse(note.at) < Date.parse(range.to);
    series.annotations = (await told).data.filter(within);
    if (series.annotations.length) draw();
  } catch (error) {
    if (!signal.aborted) replace(root, h("p", { class: "empty", role: "alert" }, error.message));
  } finally {
    root.removeAttribute("aria-busy");
  }
}

async function courseTable(state) {
  const [path, parameters] = courseOf(state);
  const metrics = Object.keys(METRICS);
  const { data } = await get(path, { ...parameters, compare: "none", metrics: metrics.join() });
  return { columns: ["time", ...metrics], rows: data.map((item) => [item.time, ...metrics.map((metric) => item[metric])]) };
}
