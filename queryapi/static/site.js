// One website: its numbers, their course, and where they come from.

import { get } from "./api.js";
import { CARDS, listCard } from "./cards.js";
import { drawSeries } from "./chart.js";
import { behaviourCards } from "./behaviour.js";
import { field, h, dialog, menu, put, replace } from "./dom.js";
import { snippetOf } from "./snippet.js";
import { follow } from "./live.js";
import { drawMap } from "./map.js";
import { shareDialog } from "./sharing.js";
import { COMPARES, PERIODS, asked, changed } from "./state.js";
import { DIMENSIONS, METRICS, OPERATORS, TILES, change, count } from "./words.js";

const INTERVALS = [
  ["auto", "Auto"],
  ["hour", "Hours"],
  ["day", "Days"],
  ["week", "Weeks"],
  ["month", "Months"],
];
const path = (state, kind) => `/api/v1/analytics/${kind}/${encodeURIComponent(state.site)}`;

/** Draw the view into `root`; `go` takes changes of the state, `signal` ends everything under way. */
export function siteView(root, state, context, go, signal) {
  const tiles = h("div", { class: "tiles", role: "group", "aria-label": "Totals" });
  const chart = h("div", { class: "chart-box" });
  const intervals = h("div", { class: "tabs" });
  const now = h("button", { class: "pill live", "aria-live": "polite", onclick: () => liveDialog(state) }, h("i"), h("b", {}, "–"), " here now");
  const cards = h("div", { class: "cards" });
  const notes = h("div", { class: "notices" });
  replace(
    root,
    toolbar(state, context, go, now),
    chips(state, context, go),
    notes,
    h("section", { class: "card main", "aria-label": "Over time" }, tiles, h("div", { class: "chart-head" }, intervals), chart),
    cards,
    h("p", { class: "foot" }, "Places: ", h("a", { href: "https://db-ip.com", rel: "noreferrer noopener" }, "IP Geolocation by DB-IP"), " · ", h("a", { href: "/docs" }, "API")),
  );
  for (const [key, label] of INTERVALS) {
    const isChosen = (state.interval || "auto") === key;
    intervals.append(h("button", { "aria-pressed": String(isChosen), onclick: () => go({ interval: key === "auto" ? null : key }) }, label));
  }
  totals(state, tiles, notes, go, signal, context);
  course(state, chart, go, signal, context);
  for (const card of CARDS) cards.append(listCard(state, card, go, signal, drawMap));
  put(cards, behaviourCards(state, context, go, signal));
  follow(state, signal, (body) => {
    now.querySelector("b").textContent = count(body.current_visitors);
    now.classList.toggle("on", body.current_visitors > 0);
    if (root.dataset.isEmpty && (body.page_views_last_1h > 0 || body.active_users > 0)) go({});
  });
}

function toolbar(state, context, go, now) {
  const period = state.from ? `${state.from} – ${state.to}` : PERIODS.find(([key]) => key === state.period)?.[1] || state.period;
  const periods = PERIODS.map(([key, label]) => [label, () => go({ period: key, from: null, to: null }), !state.from && state.period === key]);
  periods.push(["Choose days…", () => daysDialog(state, context, go), !!state.from]);
  const compare = COMPARES.map(([key, label]) => [label, () => go({ compare: key }), state.compare === key]);
  const more = [
    [state.bots ? "Leave out robots" : "Include robots", () => go({ bots: state.bots ? null : "1" }), !!state.bots],
    ["Time zone…", () => zoneDialog(state, go), false],
  ];
  if (context.isShared) return h("div", { class: "toolbar top" }, h("h1", {}, state.site), now, h("span", { class: "grow" }), menu(period, periods), menu(comparedTo(state), compare), menu("⋯", more, { class: "pill", "aria-label": "More" }));
  more.push(["Settings", () => go({ view: "settings" }), false]);
  if (context.mayManage) more.push(["Share…", () => shareDialog(state), false]);
  const sites = context.sites.map((site) => [site.name || site.id, () => go({ site: site.id, filters: [] }), site.id === state.site]);
  return h(
    "div",
    { class: "toolbar top" },
    h("h1", {}, menu(context.sites.find((site) => site.id === state.site)?.name || state.site, sites, { class: "pill title" })),
    now,
    h("span", { class: "grow" }),
    menu(period, periods, { class: "pill", id: "period" }),
    menu(comparedTo(state), compare),
    h("button", { class: "pill roomy", onclick: () => go({ view: "settings" }) }, "Settings"),
    menu("⋯", more, { class: "pill", "aria-label": "More" }),
  );
}

function comparedTo(state) {
  const [key, label] = COMPARES.find(([one]) => one === state.compare) || COMPARES[0];
  return key === "none" ? label : `vs ${label.toLowerCase()}`;
}

function chips(state, context, go) {
  const forced = (context.forced || []).map((filter) => h("span", { class: "chip" }, label(filter)));
  const named = state.filters.map((filter, index) =>
    h(
      "button",
      { class: "chip", title: "Remove this filter", onclick: () => go({ filters: state.filters.filter((_, at) => at !== index) }) },
      label(filter),
      h("span", { "aria-hidden": "true" }, " ×"),
    ),
  );
  const add = h("button", { class: "chip add", onclick: () => filterDialog(state, go) }, "+ Filter");
  return h("div", { class: "chips", role: "group", "aria-label": "Filters" }, forced, named, add, named.length > 1 && h("button", { class: "quiet", onclick: () => go({ filters: [] }) }, "Clear all"));
}

function label(filter) {
  const [operator, dimension, values] = filter;
  if (!Array.isArray(values)) return `${operator} …`;
  const name = DIMENSIONS[dimension] || dimension.replace(/^prop:/, "");
  return [`${name} ${OPERATORS[operator] || operator} `, h("b", {}, values.join(" or "))];
}

async function totals(state, root, notes, go, signal, context) {
  try {
    const answer = await get(path(state, "dashboard"), { ...asked(state), compare: state.compare, utm_limit: 1 }, signal);
    const { comparison } = answer;
    replace(
      root,
      TILES.map((key) => {
        const metric = METRICS[key];
        const moved = comparison ? comparison.change[key] : undefined;
        const isGood = moved > 0 !== !!metric.isLowBetter;
        return h(
          "button",
          { class: "tile-button", "aria-pressed": String(state.metric === key), onclick: () => go({ metric: key }) },
          h("span", { class: "label" }, metric.label),
          h("span", { class: "figure" }, metric.show(answer.metrics[key])),
          comparison && moved !== undefined && h("span", { class: `moved ${moved ? (isGood ? "good" : "bad") : ""}` }, change(moved, key)),
        );
      }),
    );
    const { sampled, warnings } = answer.meta;
    replace(
      notes,
      sampled && h("p", { class: "notice" }, `Visitors are estimated, to about ${sampled.error_percent} %.`),
      warnings.includes("comparison_out_of_retention") && h("p", { class: "notice" }, "The period before is older than what is kept."),
    );
    if (!answer.metrics.page_views && !answer.metrics.events && !state.filters.length && !context.isShared) await welcome(state, notes, signal);
  } catch (error) {
    if (error.name !== "AbortError") replace(root, h("p", { class: "empty", role: "alert" }, error.message));
  }
}

async function welcome(state, notes, signal) {
  const ever = await get(path(state, "dashboard"), { period: "all", compare: "none" }, signal);
  if (ever.metrics.page_views || ever.metrics.events) return;
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
  const metric = METRICS[state.metric] ? state.metric : "unique_visitors";
  root.setAttribute("aria-busy", "true");
  try {
    const [answer, notes] = await Promise.all([
      get(path(state, "timeseries"), { ...asked(state), compare: state.compare, interval: state.interval, metrics: metric }, signal),
      // Share links do not show them.
      context.isShared ? { data: [] } : get(`/api/v1/websites/${encodeURIComponent(state.site)}/annotations`, {}, signal),
    ]);
    const { data, comparison, interval } = answer;
    const { from, to } = answer.range;
    const annotations = notes.data.filter((note) => Date.parse(note.at) >= Date.parse(from) && Date.parse(note.at) < Date.parse(to));
    const onpick = interval === "day" ? (item) => go({ from: item.date, to: item.date, period: null }) : undefined;
    drawSeries(root, { items: data, comparison, interval, metric: { key: metric, ...METRICS[metric] }, annotations, onpick });
    context.drawn?.();
  } catch (error) {
    if (error.name !== "AbortError") replace(root, h("p", { class: "empty", role: "alert" }, error.message));
  } finally {
    root.removeAttribute("aria-busy");
  }
}

function daysDialog(state, context, go) {
  // The day it is where days are counted; this form of a date is the input's own.
  const timeZone = state.timezone || context.sites.find((site) => site.id === state.site)?.timezone;
  const today = new Intl.DateTimeFormat("sv-SE", { timeZone }).format(new Date());
  const from = h("input", { type: "date", required: true, max: today, value: state.from || today });
  const to = h("input", { type: "date", required: true, max: today, value: state.to || today });
  const form = h("form", { class: "form", onsubmit: choose }, field("From", from), field("To", to), h("button", { class: "primary" }, "Show"));
  const box = dialog("Choose days", form);
  function choose(event) {
    event.preventDefault();
    if (from.value > to.value) return to.setCustomValidity("must not be before From"), to.reportValidity(), to.setCustomValidity("");
    box.close();
    go({ from: from.value, to: to.value, period: null });
  }
}

function zoneDialog(state, go) {
  const list = h("datalist", { id: "zones" }, Intl.supportedValuesOf("timeZone").map((zone) => h("option", { value: zone })));
  const input = h("input", { list: "zones", placeholder: "the website's own", value: state.timezone || "" });
  const form = h(
    "form",
    {
      class: "form",
      onsubmit: (event) => {
        event.preventDefault();
        box.close();
        go({ timezone: input.value.trim() || null });
      },
    },
    field("Days are counted in", input),
    list,
    h("button", { class: "primary" }, "Use"),
  );
  const box = dialog("Time zone", form);
}

function filterDialog(state, go) {
  const dimension = h("select", {}, Object.entries(DIMENSIONS).map(([key, name]) => h("option", { value: key }, name)), h("option", { value: "prop" }, "Property…"));
  const key = h("input", { placeholder: "property", "aria-label": "Property", hidden: true });
  const operator = h("select", {}, Object.entries(OPERATORS).map(([name, shown]) => h("option", { value: name }, shown)));
  const value = h("input", { required: true, placeholder: "value" });
  dimension.addEventListener("change", () => (key.hidden = dimension.value !== "prop"));
  const form = h(
    "form",
    {
      class: "form",
      onsubmit: (event) => {
        event.preventDefault();
        const name = dimension.value === "prop" ? `prop:${key.value.trim()}` : dimension.value;
        box.close();
        go({ filters: [...state.filters, [operator.value, name, [value.value]]] });
      },
    },
    field("What", dimension),
    key,
    field("How", operator),
    field("Value", value),
    h("button", { class: "primary" }, "Add"),
  );
  const box = dialog("Filter", form);
}

function liveDialog(state) {
  const ends = new AbortController();
  const body = h("div", { class: "live-body" }, "Loading…");
  const box = dialog("Right now", body);
  box.addEventListener("close", () => ends.abort());
  const list = (title, rows, name, value) => h("section", {}, h("h3", {}, title), rows.length ? h("ul", { class: "bars" }, rows.map((row) => h("li", {}, h("span", { class: "name" }, name(row)), h("span", { class: "value" }, count(value(row)))))) : h("p", { class: "empty" }, "Nobody"));
  follow(state, ends.signal, (told) => {
    const items = told.series_30m;
    const chart = h("div", { class: "chart-box" });
    replace(
      body,
      h(
        "div",
        { class: "tiles" },
        [["In 5 minutes", told.current_visitors], ["In 30 minutes", told.active_users], ["Views, 5 minutes", told.page_views_last_5m], ["Views, 1 hour", told.page_views_last_1h]].map(([name, value]) =>
          h("div", { class: "tile-button" }, h("span", { class: "label" }, name), h("span", { class: "figure" }, count(value))),
        ),
      ),
      chart,
      h(
        "div",
        { class: "columns" },
        list("Pages", told.top_pages_realtime, (row) => row.page, (row) => row.views),
        list("Sources", told.sources, (row) => row.source, (row) => row.visitors),
        list("Countries", told.countries, (row) => row.name, (row) => row.visitors),
      ),
    );
    drawSeries(chart, { items, comparison: null, interval: "15m", metric: { key: "page_views", label: "Page views", show: count } });
  });
}

export { changed };
