// What visitors do: events, goals, funnels, ways through pages, coming back, and how fast pages are for them.

import { call, get } from "./api.js";
import { rows } from "./cards.js";
import { dialog, field, h, notify, put, replace } from "./dom.js";
import { asked } from "./state.js";
import { bucket, count, duration, exact, percent } from "./words.js";

const analytics = (state, rest) => `/api/v1/analytics/${encodeURIComponent(state.site)}/${rest}`;
const events = (state) => `/api/v1/events/${encodeURIComponent(state.site)}/custom-events`;
const range = (state) => ({ ...asked(state), compare: undefined });
const money = (revenue) =>
  Object.entries(revenue || {})
    .map(([currency, amount]) => `${amount} ${currency}`)
    .join(", ");

/** The cards, each loading by itself. */
export function behaviourCards(state, context, go, signal) {
  const mayEdit = context.mayEdit;
  return [
    card("Events", (body) => eventsInto(body, state, go, signal)),
    card("Goals", (body) => goalsInto(body, state, mayEdit, go, signal), mayEdit && ["New goal", () => goalDialog(state, () => go({}))]),
    // Links that are shared do not open the list of funnels.
    !context.isShared && card("Funnels", (body) => funnelsInto(body, state, mayEdit, go, signal), mayEdit && ["New funnel", () => funnelDialog(state, null, () => go({}))], "wide"),
    card("Web vitals", (body) => vitalsInto(body, state, signal)),
    card("Journeys", (body) => journeysInto(body, state, signal)),
    card("Retention", (body) => retentionInto(body, state, signal), null, "wide"),
    context.mayReadEvents && card("Latest events", (body) => recentInto(body, state, signal), null, "wide"),
  ].filter(Boolean);
}

function card(title, load, action, extra = "") {
  const body = h("div", { class: "rows", "aria-busy": "true" });
  load(body)
    .catch((error) => error.name !== "AbortError" && replace(body, h("p", { class: "empty", role: "alert" }, error.message)))
    .finally(() => body.removeAttribute("aria-busy"));
  return h("section", { class: `card ${extra}`, "aria-label": title }, h("header", {}, h("h2", {}, title), action && h("button", { class: "quiet", onclick: action[1] }, action[0])), body);
}

async function eventsInto(body, state, go, signal) {
  const answer = await get(events(state), { ...range(state), limit: 9 }, signal);
  const tab = { dimension: "event_type", name: (row) => row.event_type + (row.revenue ? `  ${money(row.revenue)}` : ""), value: (row) => row.event_type };
  replace(body, rows(state, tab, answer.data.map((row) => ({ ...row, percentage: row.conversion_rate })), go));
  for (const [index, item] of [...body.querySelectorAll("li")].entries()) {
    const name = answer.data[index].event_type;
    item.append(h("button", { class: "quiet", "aria-label": `Properties of ${name}`, onclick: () => propertiesDialog(state, name, go) }, "⋯"));
  }
}

async function propertiesDialog(state, eventType, go) {
  const body = h("div", { class: "scroll" });
  const box = dialog(eventType, body);
  try {
    const { properties } = await get(events(state), { ...range(state), event_type: eventType, limit: 50 });
    if (!properties.length) replace(body, h("p", { class: "empty" }, "This event carries no properties."));
    for (const { key } of properties) {
      const { data } = await get(events(state), { ...range(state), event_type: eventType, prop: key, limit: 10 });
      const tab = { dimension: `prop:${key}`, name: (row) => row.value + (row.revenue ? `  ${money(row.revenue)}` : ""), value: (row) => row.value };
      put(body, h("h3", {}, key), rows(state, tab, data.map((row) => ({ ...row, percentage: row.conversion_rate })), (changes) => (box.close(), go(changes))));
    }
  } catch (error) {
    replace(body, h("p", { class: "empty", role: "alert" }, error.message));
  }
}

async function goalsInto(body, state, mayEdit, go, signal) {
  const { data } = await get(analytics(state, "goals"), range(state), signal);
  if (!data.length) return replace(body, h("p", { class: "empty" }, !mayEdit ? "None." : "Name what visitors should do: a page to reach, an event to send. Past visits count too."));
  const line = (goal) =>
    h("tr", {}, h("td", {}, goal.name), h("td", { class: "number" }, exact(goal.unique_visitors)), h("td", { class: "number" }, exact(goal.events)), h("td", { class: "number" }, percent(goal.conversion_rate)), h("td", { class: "number" }, money(goal.revenue)), mayEdit && h("td", { class: "number" }, h("button", { class: "quiet", "aria-label": `Delete the goal ${goal.name}`, onclick: () => removal("goal", goal.name, `/api/v1/websites/${encodeURIComponent(state.site)}/goals/${goal.id}`, () => go({})) }, "×")));
  const head = ["Goal", "Visitors", "Times", "Rate", "Earned"].map((name, index) => h("th", { class: index ? "number" : "" }, name));
  if (mayEdit) head.push(h("th", {}, h("span", { class: "unseen" }, "Delete")));
  return replace(body, h("div", { class: "scroll", tabindex: "0" }, h("table", {}, h("thead", {}, h("tr", {}, head)), h("tbody", {}, data.map(line)))));
}

function goalDialog(state, done) {
  const name = h("input", { required: true, maxlength: 200 });
  const kind = h("select", {}, h("option", { value: "page" }, "A page is seen"), h("option", { value: "event" }, "An event is sent"));
  const target = h("input", { required: true, placeholder: "/thanks or /docs/**" });
  kind.addEventListener("change", () => (target.placeholder = kind.value === "page" ? "/thanks or /docs/**" : "signup"));
  const form = h("form", { class: "form", onsubmit: save }, field("Name", name), field("Met when", kind), field("Which", target), h("button", { class: "primary" }, "Create"));
  const box = dialog("New goal", form);
  async function save(event) {
    event.preventDefault();
    const what = kind.value === "page" ? { page: target.value } : { event_type: target.value };
    try {
      await call("POST", `/api/v1/websites/${encodeURIComponent(state.site)}/goals`, { name: name.value, ...what });
      box.close();
      done();
    } catch (error) {
      notify(error.message);
    }
  }
}

async function funnelsInto(body, state, mayEdit, go, signal) {
  const { data } = await get(`/api/v1/funnels/${encodeURIComponent(state.site)}`, { limit: 20 }, signal);
  if (!data.length) return replace(body, h("p", { class: "empty" }, "A funnel shows how many visitors get from step to step. It is computed over past visits too."));
  replace(body);
  for (const funnel of data) {
    const steps = h("div", { class: "funnel", "aria-busy": "true" });
    const tools = mayEdit && [
      h("button", { class: "quiet", onclick: () => funnelDialog(state, funnel, () => go({})) }, "Edit"),
      h("button", { class: "quiet", onclick: () => removal("funnel", funnel.name, `/api/v1/funnels/${funnel.id}`, () => go({})) }, "Delete"),
    ];
    put(body, h("div", { class: "funnel-head" }, h("h3", {}, funnel.name), tools), steps);
    get(`/api/v1/funnels/${funnel.id}/performance`, range(state), signal)
      .then((found) => replace(steps, found.steps.map((step) => funnelStep(step, found))))
      .catch((error) => error.name !== "AbortError" && replace(steps, h("p", { class: "empty", role: "alert" }, error.message)))
      .finally(() => steps.removeAttribute("aria-busy"));
  }
}

function funnelStep(step, found) {
  const bar = h("span", { class: "fill", "aria-hidden": "true" });
  bar.style.height = `${step.conversion_rate}%`;
  const lost = step.order > 1 ? `−${count(step.dropoff)} (${percent(step.dropoff_rate)})` : `of ${count(found.total_visitors)} visitors`;
  return h(
    "div",
    { class: "step" },
    h("div", { class: "column" }, bar),
    h("b", {}, count(step.visitors)),
    h("span", {}, percent(step.conversion_rate)),
    h("span", { class: "step-name", title: step.name }, step.name),
    h("small", {}, lost, step.median_time_from_previous !== null && step.visitors > 0 ? ` · ${duration(step.median_time_from_previous)}` : ""),
  );
}

function removal(kind, name, path, done) {
  const box = dialog(
    `Delete ${kind}`,
    h("p", {}, `Delete “${name}”? The visits stay.`),
    h("button", {
      class: "danger",
      onclick: async () => {
        try {
          await call("DELETE", path);
          box.close();
          done();
        } catch (error) {
          notify(error.message);
        }
      },
    }, "Delete"),
  );
}

function funnelDialog(state, funnel, done) {
  const name = h("input", { required: true, maxlength: 200, value: funnel?.name || "" });
  const steps = h("div", { class: "steps" });
  const add = (step) => {
    const isPage = !step || step.event_type === "pageview";
    const kind = h("select", { "aria-label": "Kind" }, h("option", { value: "page" }, "Page"), h("option", { value: "event" }, "Event"));
    kind.value = isPage ? "page" : "event";
    const target = h("input", { required: true, placeholder: "/cart or signup", "aria-label": "Page or event", value: step ? (isPage ? step.page : step.event_type) : "" });
    const line = h("div", { class: "toolbar" }, kind, target, h("button", { type: "button", class: "icon", "aria-label": "Remove step", onclick: () => line.remove() }, "×"));
    // A name that was given stays; one that is only what the step asks for follows it.
    const isNamed = step && step.name !== (step.page || step.event_type);
    line.step = () => ({ ...(step ? { id: step.id } : {}), ...(isNamed ? { name: step.name } : {}), ...(kind.value === "page" ? { page: target.value } : { event_type: target.value }), ...(step?.properties ? { properties: step.properties } : {}) });
    steps.append(line);
  };
  for (const step of funnel?.steps || [null, null]) add(step);
  const form = h("form", { class: "form", onsubmit: save }, field("Name", name), h("span", {}, "Steps, in their order"), steps, h("button", { type: "button", onclick: () => steps.children.length < 10 && add(null) }, "+ Step"), h("button", { class: "primary" }, funnel ? "Save" : "Create"));
  const box = dialog(funnel ? "Edit funnel" : "New funnel", form);
  async function save(event) {
    event.preventDefault();
    const body = { website_id: state.site, name: name.value, steps: [...steps.children].map((line, index) => ({ ...line.step(), order: index + 1 })) };
    if (funnel) Object.assign(body, { scope: funnel.scope, order: funnel.order, window_seconds: funnel.window_seconds });
    try {
      await call(funnel ? "PUT" : "POST", funnel ? `/api/v1/funnels/${funnel.id}` : "/api/v1/funnels", body);
      box.close();
      done();
    } catch (error) {
      notify(error.message);
    }
  }
}

const VITALS = [
  ["lcp", "Largest paint", "ms"],
  ["inp", "Interaction", "ms"],
  ["cls", "Layout shift", ""],
  ["fcp", "First paint", "ms"],
  ["ttfb", "First byte", "ms"],
];

async function vitalsInto(body, state, signal) {
  const answer = await get(analytics(state, "performance"), range(state), signal);
  if (!answer.samples) return replace(body, h("p", { class: "empty" }, "No page loads were measured in this period."));
  const line = ([key, label, unit]) => {
    const vital = answer[key];
    const bar = h("span", { class: "vital-bar", "aria-hidden": "true" }, ["good", "needs_improvement", "poor"].map((part) => h("i", { class: part })));
    ["good", "needs_improvement", "poor"].forEach((part, index) => (bar.children[index].style.width = `${vital[part]}%`));
    return h("li", { title: `${vital.samples} measured: ${vital.good} % good, ${vital.poor} % poor` }, h("span", { class: "name" }, label), bar, h("b", { class: vital.rating || "" }, vital.p75 === null ? "–" : `${exact(vital.p75)} ${unit}`));
  };
  return replace(body, h("ul", { class: "vitals" }, VITALS.map(line)), h("p", { class: "muted" }, `75th percentile of ${exact(answer.samples)} page loads`));
}

async function journeysInto(body, state, signal) {
  const answer = await get(analytics(state, "journeys"), { ...range(state), steps: 4, limit: 9 }, signal);
  if (!answer.data.length) return replace(body, h("p", { class: "empty" }, "Nothing in this period."));
  const line = (way) => h("li", {}, h("span", { class: "way" }, way.pages.map((page, index) => [index > 0 && h("i", { "aria-label": "then" }, "→"), h("span", {}, page)])), h("span", { class: "share" }, percent(way.percentage)), h("span", { class: "value" }, count(way.sessions)));
  return replace(body, h("ul", { class: "bars ways" }, answer.data.map(line)));
}

async function retentionInto(body, state, signal) {
  const answer = await get(analytics(state, "retention"), { ...range(state), interval: "week" }, signal);
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

async function recentInto(body, state, signal) {
  const answer = await get(`/api/v1/events/${encodeURIComponent(state.site)}/recent`, { ...range(state), limit: 12 }, signal);
  if (!answer.data.length) return replace(body, h("p", { class: "empty" }, "Nothing in this period."));
  const time = new Intl.DateTimeFormat("en-GB", { dateStyle: "short", timeStyle: "medium" });
  const line = (event) => h("tr", {}, h("td", {}, time.format(new Date(event.timestamp))), h("td", {}, event.event_type), h("td", {}, event.page), h("td", {}, event.source || ""), h("td", {}, [event.city, event.country].filter(Boolean).join(", ")), h("td", {}, [event.browser, event.os].filter(Boolean).join(" / ")));
  const head = ["Time", "Event", "Page", "Source", "Place", "With"].map((name) => h("th", {}, name));
  return replace(body, h("div", { class: "scroll", tabindex: "0" }, h("table", {}, h("thead", {}, h("tr", {}, head)), h("tbody", {}, answer.data.map(line)))));
}
