// The lists of a website: what each asks for, how its rows are named, and what a click on one filters by.

import { get } from "./api.js";
import { dialog, h, notify, put, replace } from "./dom.js";
import { asked, withFilter } from "./state.js";
import { METRICS, csv, duration, exact, flag, count, percent } from "./words.js";

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
const SHOW = {
  bounce_rate: percent,
  exit_rate: percent,
  conversion_rate: percent,
  percentage: percent,
  avg_time: duration,
  avg_session_time: duration,
  scroll_depth: (value) => `${value} %`,
};

const at = (state, rest) => `/api/v1/analytics/${encodeURIComponent(state.site)}/${rest}`;
const named = (dimension) => ({ dimension, name: (row) => row[dimension], value: (row) => row[dimension] });
const utm = (part) => ({ label: part, path: "utm", extra: { group: `utm_${part}` }, columns: SESSION_COLUMNS, ...named(`utm_${part}`) });
const place = (row, name) => `${flag(row.country)} ${name}`.trim();

export const CARDS = [
  {
    key: "sources",
    title: "Sources",
    tabs: [
      { label: "Sources", path: "dashboard/sources", columns: SESSION_COLUMNS, ...named("source") },
      { label: "Channels", path: "channels", columns: SESSION_COLUMNS, ...named("channel") },
      { label: "Referrers", path: "top-referrers", extra: { group: "url" }, columns: SESSION_COLUMNS, ...named("referrer"), link: (row) => `https://${row.referrer}` },
      { label: "Campaigns", path: "utm", extra: { group: "utm_campaign" }, columns: SESSION_COLUMNS, ...named("utm_campaign"), more: ["source", "medium", "term", "content"].map(utm) },
    ],
  },
  {
    key: "pages",
    title: "Pages",
    tabs: [
      { label: "Pages", path: "top-pages", columns: PAGE_COLUMNS, measure: "unique", ...named("page") },
      { label: "Entry", path: "entry-pages", columns: [["entries", "Entries"], ...PAGE_COLUMNS], measure: "entries", dimension: "entry_page", name: (row) => row.page, value: (row) => row.page },
      { label: "Exit", path: "exit-pages", columns: [["exits", "Exits"], ...PAGE_COLUMNS], measure: "exits", dimension: "exit_page", name: (row) => row.page, value: (row) => row.page },
      { label: "Hosts", path: "top-pages", extra: { view: "hostname" }, columns: PAGE_COLUMNS.slice(0, 2), measure: "unique", ...named("hostname") },
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
];

/** Where a card's tab is asked. */
function address(state, path) {
  const site = encodeURIComponent(state.site);
  if (path.startsWith("geo/")) return `/api/v1/analytics/geo/${site}/${path.slice(4)}`;
  if (path.startsWith("dashboard/")) return `/api/v1/analytics/dashboard/${site}/${path.slice(10)}`;
  return at(state, path);
}

/** Ask for a page of a tab's rows. */
function ask(state, tab, more, signal) {
  return get(address(state, tab.path), { ...asked(state), compare: "none", ...tab.extra, ...more }, signal);
}

/** A card that shows its first tab, and the others as they are chosen. `go` takes changes of the state. */
export function listCard(state, card, go, signal, drawMap) {
  const body = h("div", { class: "rows" });
  const tabs = h("div", { class: "tabs", role: "tablist", "aria-label": card.title });
  const more = h("button", { class: "quiet", onclick: () => details(state, current, go) }, "Details");
  const root = h("section", { class: "card list", "aria-label": card.title }, h("header", {}, h("h2", {}, card.title), tabs), body, h("footer", {}, more));
  const key = `analytics.tab.${card.key}`;
  let current = card.tabs.find((tab) => tab.label === sessionStorage.getItem(key)) || card.tabs[0];

  async function show(tab) {
    current = tab;
    for (const button of tabs.children) button.setAttribute("aria-selected", String(button.textContent === tab.label));
    body.setAttribute("aria-busy", "true");
    try {
      const answer = await ask(state, tab, { limit: tab.isMap ? 300 : 9 }, signal);
      if (current !== tab) return;
      replace(body, tab.isMap ? drawMap(answer.data, (code) => pick(state, tab, code, go)) : rows(state, tab, answer.data, go));
      more.hidden = !answer.total;
    } catch (error) {
      if (error.name !== "AbortError") replace(body, h("p", { class: "empty", role: "alert" }, error.message));
    } finally {
      body.removeAttribute("aria-busy");
    }
  }
  for (const tab of card.tabs) {
    const choose = () => {
      sessionStorage.setItem(key, tab.label);
      show(tab);
    };
    tabs.append(h("button", { role: "tab", "aria-selected": "false", onclick: choose }, tab.label));
  }
  show(current);
  return root;
}

function pick(state, tab, value, go, isExcluded = false) {
  go({ filters: withFilter(state.filters, isExcluded ? "is_not" : "is", tab.dimension, value) });
}

/** Rows with bars; a click filters by one, with Alt everything else. */
export function rows(state, tab, data, go) {
  if (!data.length) return h("p", { class: "empty" }, "Nothing in this period.");
  const measure = tab.measure || "unique_visitors";
  const most = Math.max(...data.map((row) => row[measure]), 1);
  const list = h("ul", { class: "bars" });
  for (const row of data) {
    const name = tab.name(row) ?? "(not set)";
    const bar = h("span", { class: "bar", "aria-hidden": "true" });
    bar.style.width = `${(100 * row[measure]) / most}%`;
    const filter = (event) => pick(state, tab, String(tab.value(row) ?? "(not set)"), go, event.altKey);
    put(
      list,
      h(
        "li",
        {},
        bar,
        tab.dimension ? h("button", { class: "name", title: `${name} — click to filter, Alt-click to leave out`, onclick: filter }, name) : h("span", { class: "name" }, name),
        tab.link && h("a", { class: "out", href: tab.link(row), rel: "noreferrer noopener", target: "_blank", "aria-label": `Open ${name}` }, "↗"),
        row.percentage !== undefined && h("span", { class: "share" }, percent(row.percentage)),
        h("span", { class: "value" }, count(row[measure])),
      ),
    );
  }
  return list;
}

/** Everything of a tab: all columns, search, pages of rows, CSV. */
function details(state, tab, go) {
  const size = 50;
  let offset = 0;
  let sort = null;
  let search = "";
  let timer;
  const body = h("div", { class: "scroll", tabindex: "0" });
  const shown = h("span", { class: "muted" });
  const back = h("button", { onclick: () => turn(-size) }, "‹ Back");
  const forth = h("button", { onclick: () => turn(size) }, "Next ›");
  const input = h("input", {
    type: "search",
    placeholder: "Search",
    "aria-label": "Search",
    oninput: () => {
      clearTimeout(timer);
      timer = setTimeout(() => {
        search = input.value.trim();
        offset = 0;
        load();
      }, 250);
    },
  });
  const box = dialog(
    tab.label,
    h("div", { class: "toolbar" }, input, h("button", { onclick: download }, "CSV")),
    body,
    h("footer", { class: "toolbar" }, shown, back, forth),
  );

  async function load() {
    try {
      const answer = await ask(state, tab, { limit: size, offset, search, sort });
      const head = h("tr", {}, h("th", {}, tab.label), tab.columns.map(([key, label]) => h("th", { class: "number", "aria-sort": sort === `-${key}` ? "descending" : sort === key ? "ascending" : null }, h("button", { class: "sort", onclick: () => order(key) }, label, sort === `-${key}` ? " ↓" : sort === key ? " ↑" : ""))));
      const lines = answer.data.map((row) =>
        h(
          "tr",
          {},
          h("td", {}, h("button", { class: "name", onclick: () => choose(row) }, tab.name(row) ?? "(not set)")),
          tab.columns.map(([key]) => h("td", { class: "number" }, row[key] === undefined || row[key] === null ? "–" : (SHOW[key] || exact)(row[key]))),
        ),
      );
      replace(body, h("table", {}, h("thead", {}, head), h("tbody", {}, lines)));
      replace(shown, answer.total ? `${offset + 1}–${offset + answer.data.length} of ${exact(answer.total)}` : "Nothing found");
      back.disabled = offset === 0;
      forth.disabled = offset + size >= answer.total;
    } catch (error) {
      replace(body, h("p", { class: "empty", role: "alert" }, error.message));
    }
  }
  function turn(by) {
    offset += by;
    load();
  }
  function order(key) {
    sort = sort === `-${key}` ? key : `-${key}`;
    offset = 0;
    load();
  }
  function choose(row) {
    box.close();
    pick(state, tab, String(tab.value(row) ?? "(not set)"), go);
  }
  async function download() {
    try {
      const all = [];
      for (let from = 0; from < 100_000; from += 1000) {
        const answer = await ask(state, tab, { limit: 1000, offset: from, search, sort });
        all.push(...answer.data);
        if (all.length >= answer.total) break;
      }
      const keys = tab.columns.map(([key]) => key);
      save(`${state.site}-${tab.label.toLowerCase()}.csv`, csv([tab.label, ...keys], all.map((row) => [tab.value(row), ...keys.map((key) => row[key])])));
    } catch (error) {
      notify(error.message);
    }
  }
  load();
}

/** Hand a text to the browser as a file. */
export function save(name, text) {
  const url = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
  h("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}

export { METRICS };
