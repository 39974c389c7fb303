// Goals: what visitors should do, and how many did.

import { call, get } from "./api.js";
import { dialog, field, h, notify, replace } from "./dom.js";
import { removal } from "./removal.js";
import { asked } from "./state.js";
import { amounts, exact, money, percent } from "./words.js";

const path = (state, id = "") => `/api/v1/websites/${encodeURIComponent(state.site)}/goals${id && `/${id}`}`;

const ask = (state, signal) => get(`/api/v1/analytics/${encodeURIComponent(state.site)}/goals`, asked(state), signal);

export async function goalsInto(body, state, mayEdit, go, signal) {
  const { data } = await ask(state, signal);
  if (!data.length) return replace(body, h("p", { class: "empty" }, mayEdit ? "Name what visitors should do: a page to reach, an event to send. Past visits count too." : "No goal is set up."));
  const remove = (goal) => removal("Delete goal", `Delete “${goal.name}”? The visits stay.`, path(state, goal.id), () => go({}));
  const line = (goal) =>
    h(
      "tr",
      {},
      h("td", {}, goal.name),
      [exact(goal.unique_visitors), exact(goal.events), percent(goal.conversion_rate), money(goal.revenue)].map((cell) => h("td", { class: "number" }, cell)),
      mayEdit && h("td", { class: "number" }, h("button", { class: "quiet", "aria-label": `Delete the goal ${goal.name}`, onclick: () => remove(goal) }, "×")),
    );
  const head = ["Goal", "Visitors", "Times", "Rate", "Earned"].map((name, index) => h("th", { class: index ? "number" : "" }, name));
  if (mayEdit) head.push(h("th", {}, h("span", { class: "unseen" }, "Delete")));
  return replace(body, h("div", { class: "scroll", tabindex: "0" }, h("table", {}, h("thead", {}, h("tr", {}, head)), h("tbody", {}, data.map(line)))));
}

export async function goalsTable(state) {
  const { data } = await ask(state);
  return { columns: ["goal", "unique_visitors", "events", "conversion_rate", "revenue"], rows: data.map((goal) => [goal.name, goal.unique_visitors, goal.events, goal.conversion_rate, amounts(goal.revenue)]) };
}

export function goalDialog(state, done) {
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
      await call("POST", path(state), { name: name.value, ...what });
      box.close();
      done();
    } catch (error) {
      notify(error.message);
    }
  }
}
