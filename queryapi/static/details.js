// Everything of a list: all columns, search, sorting, pages of rows, CSV.

import { csvButton } from "./csv.js";
import { dialog, h, replace } from "./dom.js";
import { amounts, duration, exact, money, percent } from "./words.js";

const PAGE_ROWS = 50;
const TYPING_MS = 250;
const SHOW = {
  bounce_rate: percent,
  exit_rate: percent,
  conversion_rate: percent,
  avg_time: duration,
  scroll_depth: (value) => `${value} %`,
  revenue: money,
};

/** Open the list of a tab; `ask(state, tab, parameters)` gives a page of it, `choose` takes the row that is clicked. */
export function details(state, tab, ask, choose) {
  let offset = 0;
  let sort = `-${tab.columns[0][0]}`;
  let timer;
  let asks = 0;
  const name = `${state.site} ${tab.label.toLowerCase()}`;
  const body = h("div", { class: "scroll", tabindex: "0" });
  const shown = h("span", { class: "muted", role: "status" });
  const back = h("button", { onclick: () => turn(-PAGE_ROWS) }, "‹ Back");
  const forth = h("button", { onclick: () => turn(PAGE_ROWS) }, "Next ›");
  const input = h("input", { type: "search", placeholder: "Search", "aria-label": "Search", oninput: () => (clearTimeout(timer), (timer = setTimeout(search, TYPING_MS))) });
  const box = dialog(tab.label, h("div", { class: "toolbar" }, input, csvButton(name, everything)), body, h("footer", { class: "toolbar" }, shown, back, forth));

  async function load() {
    const mine = ++asks;
    body.setAttribute("aria-busy", "true");
    try {
      const answer = await ask(state, tab, { limit: PAGE_ROWS, offset, search: input.value.trim(), sort });
      // What was asked before may come later.
      if (mine !== asks) return;
      replace(body, h("table", {}, h("thead", {}, h("tr", {}, h("th", {}, tab.label), tab.columns.map(header))), h("tbody", {}, answer.data.map(line))));
      replace(shown, answer.total ? `${offset + 1}–${offset + answer.data.length} of ${exact(answer.total)}${answer.meta.sampled ? ", estimated" : ""}` : "Nothing found");
      back.disabled = offset === 0;
      forth.disabled = offset + PAGE_ROWS >= answer.total;
    } catch (error) {
      if (mine === asks) replace(body, h("p", { class: "empty", role: "alert" }, error.message));
    } finally {
      if (mine === asks) body.removeAttribute("aria-busy");
    }
  }
  function header([key, label]) {
    const order = sort === `-${key}` ? "descending" : sort === key ? "ascending" : null;
    const arrow = { descending: " ↓", ascending: " ↑" }[order];
    return h("th", { class: "number", "aria-sort": order }, key === "revenue" ? label : h("button", { class: "sort", onclick: () => reorder(key) }, label, arrow));
  }
  function line(row) {
    const cell = ([key]) => h("td", { class: "number" }, row[key] === undefined || row[key] === null ? "–" : (SHOW[key] || exact)(row[key]));
    return h("tr", {}, h("td", {}, h("button", { class: "name", onclick: () => (box.close(), choose(row)) }, tab.name(row) ?? "(not set)")), tab.columns.map(cell));
  }
  function search() {
    offset = 0;
    load();
  }
  function turn(by) {
    offset += by;
    load();
  }
  async function reorder(key) {
    sort = sort === `-${key}` ? key : `-${key}`;
    offset = 0;
    await load();
    body.querySelector("[aria-sort] button")?.focus();
  }
  /** Every row, whatever page of them is seen. */
  async function everything() {
    const all = [];
    for (;;) {
      const answer = await ask(state, tab, { limit: 1000, offset: all.length, search: input.value.trim(), sort });
      all.push(...answer.data);
      if (all.length >= answer.total || !answer.data.length) break;
    }
    const keys = tab.columns.map(([key]) => key);
    const cells = (row) => keys.map((key) => (key === "revenue" ? amounts(row[key]) : row[key]));
    return { columns: [tab.label.toLowerCase(), ...keys], rows: all.map((row) => [tab.value(row), ...cells(row)]) };
  }
  load();
}
