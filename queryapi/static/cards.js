// The lists of a website: what each asks for, how its rows are named, and what a click on one filters by.

import { get } from "./api.js";
import { h, replace } from "./dom.js";
import { late } from "./late.js";
import { drawMap } from "./map.js";
import { whenSeen } from "./seen.js";
import { asked, withFilter } from "./state.js";
import { count, flag, money, percent } from "./words.js";

const VISITORS = ["unique_visitors", "Visitors"];
const SESSION_COLUMNS = [VISITORS, ["sessions", "Visits"], ["page_views", "Views"], ["bounce_rate", "Bounce"]];
const PAGE_COLUMNS = [
  ["unique", "Visitors"],
  ["views", "Views"],
  ["bounce_rate", "Bounce"],
  ["avg_time", "Time"],
  ["exit_rate", "Exits"],
  ["scroll_depth", "Scroll"],
];
const named = (dimension) => ({ dimension, name: (row) => row[dimension], value: (row) => row[dimension] });
const utm = (part) => ({ label: part[0].toUpperCase() + part.slice(1), path: "utm", extra: { group: `utm_${part}` }, columns: SESSION_COLUMNS, ...named(`utm_${part}`) });
const place = (row, name) => `${flag(row.country)} ${name}`.trim();

export const CARDS = [
  {
    key: "sources",
    title: "Sources",
    tabs: [
      { label: "Sources", path: "dashboard/sources", columns: SESSION_COLUMNS, ...named("source") },
      { label: "Channels", path: "channels", columns: SESSION_COLUMNS, ...named("channel") },
      { label: "Referrers", path: "top-referrers", extra: { group: "url" }, columns: SESSION_COLUMNS, ...named("referrer"), link: (row) => `https://${row.referrer}` },
      { label: "UTM", kinds: ["campaign", "source", "medium", "term", "content"].map(utm) },
    ],
  },
  {
    key: "pages",
    title: "Pages",
    tabs: [
      { label: "Pages", path: "top-pages", columns: PAGE_COLUMNS, ...named("page") },
      { label: "Entry", path: "entry-pages", columns: [["entries", "Entries"], ...PAGE_COLUMNS], dimension: "entry_page", name: (row) => row.page, value: (row) => row.page },
      { label: "Exit", path: "exit-pages", columns: [["exits", "Exits"], ...PAGE_COLUMNS], dimension: "exit_page", name: (row) => row.page, value: (row) => row.page },
      { label: "Hosts", path: "top-pages", extra: { view: "hostname" }, columns: PAGE_COLUMNS.slice(0, 2), ...named("hostname") },
    ],
  },
  {
    key: "places",
    title: "Places",
    tabs: [
      { label: "Map", path: "top-countries", columns: SESSION_COLUMNS, dimension: "country", name: (row) => place(row, row.name), value: (row) => row.country || "(not set)", isMap: true },
      { label: "Countries", path: "top-countries", columns: SESSION_COLUMNS, dimension: "country", name: (row) => place(row, row.name), value: (row) => row.country || "(not set)" },
      { label: "Regions", path: "geo/regions", columns: SESSION_COLUMNS, dimension: "region", name: (row) => place(row, row.name), value: (row) => row.region || "(not set)" },
      { label: "Cities", path: "geo/cities", columns: SESSION_COLUMNS, dimension: "city", name: (row) => place(row, row.city), value: (row) => row.city },
    ],
  },
  {
    key: "devices",
    title: "Devices",
    tabs: [
      { label: "Browsers", path: "top-browsers", columns: SESSION_COLUMNS, ...named("browser") },
      { label: "Systems", path: "top-os", columns: SESSION_COLUMNS, ...named("os") },
      { label: "Devices", path: "top-devices", columns: SESSION_COLUMNS, ...named("device") },
    ],
  },
  {
    key: "events",
    title: "Events",
    nothing: "No events of your own in this period. Pages send them with data-event, or by analytics(“signup”).",
    tabs: [
      {
        label: "Events",
        path: "custom-events",
        columns: [VISITORS, ["events", "Times"], ["conversion_rate", "Rate"], ["revenue", "Earned"]],
        share: "conversion_rate",
        dimension: "event_type",
        name: (row) => row.event_type,
        value: (row) => row.event_type,
        note: (row) => money(row.revenue),
        more: (state, row, go) => h("button", { class: "quiet", "aria-label": `Properties of ${row.event_type}`, title: "Properties", onclick: async () => (await late("./properties.js")).propertiesDialog(state, row.event_type, rows, go) }, "⋯"),
      },
    ],
  },
];

/** Where a card's tab is asked. */
function address(state, path) {
  const site = encodeURIComponent(state.site);
  if (path === "custom-events") return `/api/v1/events/${site}/${path}`;
  if (path.startsWith("geo/")) return `/api/v1/analytics/geo/${site}/${path.slice(4)}`;
  if (path.startsWith("dashboard/")) return `/api/v1/analytics/dashboard/${site}/${path.slice(10)}`;
  return `/api/v1/analytics/${site}/${path}`;
}

/** Ask for a page of a tab's rows; the most of its first column, which the card shows, come first. */
function ask(state, tab, more, signal) {
  return get(address(state, tab.path), { ...asked(state), compare: "none", sort: `-${tab.columns[0][0]}`, ...tab.extra, ...more }, signal);
}

/** A card that shows its first tab, and the others as they are chosen. `go` takes changes of the state. */
export function listCard(state, card, go, signal) {
  const body = h("div", { class: "rows" });
  const kinds = h("div", { class: "tabs kinds", role: "group", "aria-label": "Part of UTM", hidden: true });
  const more = h("button", { class: "quiet", "aria-label": `Details of ${card.title}`, hidden: true, onclick: async () => (await late("./details.js")).details(state, current, ask, (row) => pick(state, current, String(current.value(row) ?? "(not set)"), go)) }, "Details");
  const estimated = h("span", { class: "muted", hidden: true, title: "From a part of the visitors" }, "Estimated");
  const key = `analytics.tab.${card.key}`;
  let current;

  async function show(tab) {
    current = tab;
    body.setAttribute("aria-busy", "true");
    try {
      const answer = await ask(state, tab, { limit: tab.isMap ? 300 : 9 }, signal);
      if (current !== tab) return;
      replace(body, tab.isMap ? drawMap(answer.data, (code) => pick(state, tab, code, go)) : rows(state, tab, answer.data, go, card.nothing));
      more.hidden = !answer.total;
      estimated.hidden = !answer.meta.sampled;
    } catch (error) {
      if (!signal.aborted && current === tab) replace(body, h("p", { class: "empty", role: "alert" }, error.message));
    } finally {
      if (current === tab) body.removeAttribute("aria-busy");
    }
  }
  function choose(tab, shown = tab.kinds?.[0] || tab) {
    sessionStorage.setItem(key, tab.label);
    for (const button of tabs.children) button.setAttribute("aria-pressed", String(button.textContent === tab.label));
    kinds.hidden = !tab.kinds;
    replace(kinds, (tab.kinds || []).map((kind) => h("button", { "aria-pressed": String(kind === shown), onclick: () => (choose(tab, kind), kinds.children[tab.kinds.indexOf(kind)].focus()) }, kind.label)));
    show(shown);
  }
  const tabs = h("div", { class: "tabs", role: "group", "aria-label": `Views of ${card.title}` }, card.tabs.length > 1 && card.tabs.map((tab) => h("button", { onclick: () => choose(tab) }, tab.label)));
  const root = h("section", { class: `card list ${card.key}`, "aria-label": card.title }, h("header", {}, h("h2", {}, card.title), tabs), kinds, body, h("footer", {}, estimated, more));
  whenSeen(root, signal, () => choose(card.tabs.find((tab) => tab.label === sessionStorage.getItem(key)) || card.tabs[0]));
  return root;
}

function pick(state, tab, value, go, isExcluded = false) {
  go({ filters: withFilter(state.filters, isExcluded ? "is_not" : "is", tab.dimension, value) });
}

/** Rows with bars; a click filters by one, with Alt everything else. */
function rows(state, tab, data, go, nothing = "Nothing in this period.") {
  if (!data.length) return h("p", { class: "empty" }, nothing);
  const [[measure, label]] = tab.columns;
  const most = Math.max(...data.map((row) => row[measure]), 1);
  const line = (row) => {
    const name = tab.name(row) ?? "(not set)";
    const bar = h("span", { class: "bar", "aria-hidden": "true" });
    bar.style.width = `${(100 * row[measure]) / most}%`;
    const filter = (event) => pick(state, tab, String(tab.value(row) ?? "(not set)"), go, event.altKey);
    return h(
      "li",
      {},
      bar,
      h("button", { class: "name", title: `${name} — click to filter, Alt-click to leave out`, onclick: filter }, name),
      tab.link && h("a", { class: "out", href: tab.link(row), rel: "noreferrer noopener", target: "_blank", "aria-label": `Open ${name}` }, "↗"),
      tab.note && h("span", { class: "share" }, tab.note(row)),
      h("span", { class: "share" }, percent(row[tab.share || "percentage"])),
      h("span", { class: "value" }, count(row[measure])),
      tab.more?.(state, row, go),
    );
  };
  return [h("p", { class: "unit" }, label), h("ul", { class: "bars" }, data.map(line))];
}
