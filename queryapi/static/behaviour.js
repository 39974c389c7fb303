// What visitors do: goals, funnels, ways through pages, coming back, and how fast pages are for them.

import { get } from "./api.js";
import { csvButton } from "./csv.js";
import { h, replace } from "./dom.js";
import { funnelDialog, funnelsInto, funnelsTable } from "./funnels.js";
import { goalDialog, goalsInto, goalsTable } from "./goals.js";
import { whenSeen } from "./seen.js";
import { asked } from "./state.js";
import { bucket, count, exact, percent } from "./words.js";

const analytics = (state, rest, more, signal) => get(`/api/v1/analytics/${encodeURIComponent(state.site)}/${rest}`, { ...asked(state), ...more }, signal);

/** The cards, each loading by itself when it comes near the screen. */
export function behaviourCards(state, context, go, signal) {
  const { mayEdit } = context;
  const again = () => go({});
  return [
    card(state, signal, { title: "Goals", load: (body) => goalsInto(body, state, mayEdit, go, signal), table: goalsTable, action: mayEdit && ["New goal", () => goalDialog(state, again)] }),
    !context.isPublic && card(state, signal, { title: "Funnels", load: (body) => funnelsInto(body, state, mayEdit, go, signal), table: funnelsTable, action: mayEdit && ["New funnel", () => funnelDialog(state, null, again)], isWide: true }),
    card(state, signal, { title: "Web vitals", load: (body) => vitalsInto(body, state, signal), table: vitalsTable }),
    card(state, signal, { title: "Journeys", load: (body) => journeysInto(body, state, signal), table: journeysTable }),
    card(state, signal, { title: "Retention", load: (body) => retentionInto(body, state, signal), table: retentionTable, isWide: true }),
    context.mayReadEvents && card(state, signal, { title: "Latest events", load: (body) => recentInto(body, state, signal), table: recentTable, isWide: true }),
  ];
}

function card(state, signal, { title, load, table, action, isWide }) {
  const body = h("div", { class: "rows" });
  const tools = [action && h("button", { class: "quiet", onclick: action[1] }, action[0]), csvButton(`${state.site} ${title.toLowerCase()}`, () => table(state))];
  const root = h("section", { class: isWide ? "card wide" : "card", "aria-label": title }, h("header", {}, h("h2", {}, title), tools), body);
  whenSeen(root, signal, async () => {
    body.setAttribute("aria-busy", "true");
    try {
      await load(body);
    } catch (error) {
      if (!signal.aborted) replace(body, h("p", { class: "empty", role: "alert" }, error.message));
    } finally {
      body.removeAttribute("aria-busy");
    }
  });
  return root;
}

const VITALS = [
  ["lcp", "Largest paint", "ms"],
  ["inp", "Interaction", "ms"],
  ["cls", "Layout shift", ""],
  ["fcp", "First paint", "ms"],
  ["ttfb", "First byte", "ms"],
];

async function vitalsInto(body, state, signal) {
  const answer = await analytics(state, "performance", {}, signal);
  if (!answer.samples) return replace(body, h("p", { class: "empty" }, "No page loads were measured in this period."));
  const line = ([key, label, unit]) => {
    const vital = answer[key];
    const bar = h("span", { class: "vital-bar", "aria-hidden": "true" }, ["good", "needs_improvement", "poor"].map((part) => h("i", { class: part })));
    ["good", "needs_improvement", "poor"].forEach((part, index) => (bar.children[index].style.width = `${vital[part]}%`));
    return h("li", { title: `${vital.samples} measured: ${vital.good} % good, ${vital.poor} % poor` }, h("span", { class: "name" }, label), bar, h("b", { class: vital.rating || "" }, vital.p75 === null ? "–" : `${exact(vital.p75)} ${unit}`));
  };
  return replace(body, h("ul", { class: "vitals" }, VITALS.map(line)), h("p", { class: "muted" }, `75th percentile of ${exact(answer.samples)} page loads`));
}

async function vitalsTable(state) {
  const answer = await analytics(state, "performance");
  const columns = ["samples", "p75", "good", "needs_improvement", "poor"];
  return { columns: ["vital", ...columns], rows: VITALS.map(([key]) => [key, ...columns.map((column) => answer[key][column])]) };
}

async function journeysInto(body, state, signal) {
  const answer = await analytics(state, "journeys", { steps: 4, limit: 9 }, signal);
  if (!answer.data.length) return replace(body, h("p", { class: "empty" }, "Nothing in this period."));
  const line = (way) => h("li", {}, h("span", { class: "way" }, way.pages.map((page, index) => [index > 0 && h("i", { "aria-label": "then" }, "→"), h("span", {}, page)])), h("span", { class: "share" }, percent(way.percentage)), h("span", { class: "value" }, count(way.sessions)));
  return replace(body, h("p", { class: "unit" }, "Visits"), h("ul", { class: "bars ways" }, answer.data.map(line)));
}

async function journeysTable(state) {
  const { data } = await analytics(state, "journeys", { steps: 4, limit: 1000 });
  return { columns: ["sessions", "percentage", "page_1", "page_2", "page_3", "page_4"], rows: data.map((way) => [way.sessions, way.percentage, ...Array.from({ length: 4 }, (_, at) => way.pages[at])]) };
}

async function retentionInto(body, state, signal) {
  const answer = await analytics(state, "retention", { interval: "week" }, signal);
  const weeks = answer.data.slice(-12);
  if (!weeks.some((week) => week.visitors)) return replace(body, h("p", { class: "empty" }, "Nothing in this period."));
  const most = Math.max(...weeks.map((week) => week.periods.length));
  const head = h("tr", {}, h("th", {}, "First seen"), h("th", { class: "number" }, "Visitors"), Array.from({ length: most }, (_, index) => h("th", { class: "number" }, index ? `+${index}` : "Week")));
  const line = (week) =>
    h(
      "tr",
      {},
      h("td", {}, bucket(week, "day")),
      h("td", { class: "number" }, exact(week.visitors)),
      week.periods.map((cell) => {
        const box = h("td", { class: "number cell" }, week.visitors ? percent(cell.percentage) : "");
        box.style.setProperty("--share", String(cell.percentage / 100));
        return box;
      }),
    );
  const note = answer.meta.visitors === "visitor_days" && h("p", { class: "muted" }, "Visitors are known for one day here, so none can be seen to come back. A website with persistent ids can tell.");
  return replace(body, h("div", { class: "scroll", tabindex: "0" }, h("table", { class: "retention" }, h("thead", {}, head), h("tbody", {}, weeks.map(line)))), note);
}

async function retentionTable(state) {
  const { data } = await analytics(state, "retention", { interval: "week" });
  return { columns: ["first_seen", "visitors", "weeks_later", "returned", "percentage"], rows: data.flatMap((week) => week.periods.map((cell) => [week.date, week.visitors, cell.period, cell.visitors, cell.percentage])) };
}

const latest = (state, limit, signal) => get(`/api/v1/events/${encodeURIComponent(state.site)}/recent`, { ...asked(state), limit }, signal);

async function recentInto(body, state, signal) {
  const answer = await latest(state, 12, signal);
  if (!answer.data.length) return replace(body, h("p", { class: "empty" }, "Nothing in this period."));
  const time = new Intl.DateTimeFormat("en-GB", { dateStyle: "short", timeStyle: "medium", timeZone: answer.range.timezone });
  const line = (event) => h("tr", {}, h("td", {}, time.format(new Date(event.timestamp))), h("td", {}, event.event_type), h("td", {}, event.page), h("td", {}, event.source || ""), h("td", {}, [event.city, event.country].filter(Boolean).join(", ")), h("td", {}, [event.browser, event.os].filter(Boolean).join(" / ")));
  const head = ["Time", "Event", "Page", "Source", "Place", "With"].map((name) => h("th", {}, name));
  return replace(body, h("div", { class: "scroll", tabindex: "0" }, h("table", {}, h("thead", {}, h("tr", {}, head)), h("tbody", {}, answer.data.map(line)))));
}

async function recentTable(state) {
  const { data } = await latest(state, 500);
  const columns = ["timestamp", "event_type", "page", "source", "country", "city", "browser", "os"];
  return { columns, rows: data.map((event) => columns.map((column) => event[column])) };
}
