// Funnels: how many visitors get from step to step.

import { call, get } from "./api.js";
import { dialog, field, h, notify, put, replace } from "./dom.js";
import { removal } from "./removal.js";
import { whenSeen } from "./seen.js";
import { asked } from "./state.js";
import { count, duration, percent } from "./words.js";

const MOST_STEPS = 10;

const list = (state, signal) => get(`/api/v1/funnels/${encodeURIComponent(state.site)}`, { limit: 100 }, signal);
const performance = (state, funnel, signal) => get(`/api/v1/funnels/${funnel.id}/performance`, asked(state), signal);

export async function funnelsInto(body, state, mayEdit, go, signal) {
  const { data } = await list(state, signal);
  if (!data.length) return replace(body, h("p", { class: "empty" }, "A funnel shows how many visitors get from step to step. It is computed over past visits too."));
  replace(body);
  for (const funnel of data) {
    const steps = h("div", { class: "funnel" });
    const tools = mayEdit && [
      h("button", { class: "quiet", onclick: () => funnelDialog(state, funnel, () => go({})) }, "Edit"),
      h("button", { class: "quiet", onclick: () => removal("Delete funnel", `Delete “${funnel.name}”? The visits stay.`, `/api/v1/funnels/${funnel.id}`, () => go({})) }, "Delete"),
    ];
    put(body, h("div", { class: "funnel-head" }, h("h3", {}, funnel.name), tools), steps);
    whenSeen(steps, signal, () => stepsInto(steps, state, funnel, signal));
  }
}

async function stepsInto(root, state, funnel, signal) {
  root.setAttribute("aria-busy", "true");
  try {
    const found = await performance(state, funnel, signal);
    replace(root, found.steps.map((step) => funnelStep(step, found)));
  } catch (error) {
    if (!signal.aborted) replace(root, h("p", { class: "empty", role: "alert" }, error.message));
  } finally {
    root.removeAttribute("aria-busy");
  }
}

export async function funnelsTable(state) {
  const { data } = await list(state);
  const rows = [];
  for (const funnel of data) {
    const { steps } = await performance(state, funnel);
    rows.push(...steps.map((step) => [funnel.name, step.order, step.name, step.visitors, step.conversion_rate, step.dropoff, step.dropoff_rate, step.median_time_from_previous]));
  }
  return { columns: ["funnel", "order", "step", "visitors", "conversion_rate", "dropoff", "dropoff_rate", "median_time_from_previous"], rows };
}

function funnelStep(step, found) {
  const bar = h("span", { class: "fill", "aria-hidden": "true" });
  bar.style.height = `${step.conversion_rate}%`;
  const lost = step.order > 1 ? `−${count(step.dropoff)} (${percent(step.dropoff_rate)})` : `of ${found.meta.sampled ? "about " : ""}${count(found.total_visitors)} visitors`;
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

export function funnelDialog(state, funnel, done) {
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
  const form = h("form", { class: "form", onsubmit: save }, field("Name", name), h("span", {}, "Steps, in their order"), steps, h("button", { type: "button", onclick: () => (steps.children.length < MOST_STEPS ? add(null) : notify(`${MOST_STEPS} steps at most`)) }, "+ Step"), h("button", { class: "primary" }, funnel ? "Save" : "Create"));
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
