// Whom the numbers are about: filters, and segments, which are filters that a website keeps under a name.

import { call, get } from "./api.js";
import { dialog, field, h, menu, notify, replace } from "./dom.js";
import { removal } from "./removal.js";
import { DIMENSIONS, OPERATORS } from "./words.js";

const segments = (state, rest = "") => `/api/v1/websites/${encodeURIComponent(state.site)}/segments${rest}`;

/** The row of filters that are met now, each of which a click takes away. */
export function filterRow(state, context, go, signal) {
  const forced = context.forced.map((filter) => h("span", { class: "chip" }, label(filter)));
  const chosen = state.filters.map((filter, index) => chip(label(filter), () => go({ filters: state.filters.filter((_, at) => at !== index) })));
  const segment = state.segment && chip(["Segment ", h("b", {}, "…")], () => go({ segment: null }));
  const kept = h("span", { class: "kept" });
  const add = h("button", { class: "chip add", onclick: () => filterDialog(state, go) }, "+ Filter");
  const clear = chosen.length + (segment ? 1 : 0) > 1 && h("button", { class: "quiet", onclick: () => go({ filters: [], segment: null }) }, "Clear all");
  // Guests have no list of segments.
  if (!context.isGuest) keptInto(kept, segment, state, context, go, signal);
  return h("div", { class: "chips", role: "group", "aria-label": "Filters" }, forced, segment, chosen, add, kept, clear);
}

function chip(text, remove) {
  return h("button", { class: "chip", title: "Remove this filter", onclick: remove }, text, h("span", { "aria-hidden": "true" }, " ×"));
}

async function keptInto(root, chosen, state, context, go, signal) {
  const { data } = await get(segments(state), {}, signal).catch(() => ({ data: [] }));
  if (signal.aborted) return;
  const found = data.find((one) => one.id === state.segment);
  if (found) chosen.querySelector("b").textContent = found.name;
  const items = data.map((one) => [one.name, () => go({ segment: one.id }), one === found]);
  if (context.mayEdit && state.filters.length) items.push(["Save these filters…", () => nameDialog(state, { name: "", filters: state.filters }, (made) => go({ segment: made.id, filters: [] })), false]);
  if (context.mayEdit && data.length) items.push(["Change segments…", () => segmentsDialog(state, go), false]);
  if (items.length) replace(root, menu("Segments", items, { class: "chip add" }));
}

/** Rename and delete; a segment that is deleted while it is met is met no longer. */
function segmentsDialog(state, go) {
  const list = h("ul", { class: "plain" });
  const box = dialog("Segments", list);
  let isChanged = false;
  let isGone = false;
  box.addEventListener("close", () => isChanged && go(isGone ? { segment: null } : {}));
  const line = (one) =>
    h(
      "li",
      {},
      h("span", { class: "grow" }, one.name, " ", h("small", {}, one.filters.map((filter, index) => [index > 0 && ", ", label(filter)]))),
      h("button", { class: "quiet", "aria-label": `Rename ${one.name}`, onclick: () => nameDialog(state, one, load) }, "Rename"),
      h("button", { class: "quiet", "aria-label": `Delete ${one.name}`, onclick: () => removal("Delete segment", `Delete “${one.name}”? Nothing that is stored goes.`, segments(state, `/${one.id}`), () => ((isGone ||= one.id === state.segment), load())) }, "Delete"),
    );
  async function load(change) {
    isChanged ||= change !== null;
    try {
      const { data } = await get(segments(state));
      replace(list, data.length ? data.map(line) : h("li", { class: "empty" }, "None"));
    } catch (error) {
      replace(list, h("li", { class: "empty", role: "alert" }, error.message));
    }
  }
  load(null);
}

function nameDialog(state, segment, done) {
  const name = h("input", { required: true, maxlength: 200, value: segment.name });
  const form = h("form", { class: "form", onsubmit: save }, field("Name", name), h("p", { class: "muted" }, segment.filters.map((filter) => h("span", { class: "chip" }, label(filter)))), h("button", { class: "primary" }, "Save"));
  const box = dialog(segment.id ? "Rename segment" : "New segment", form);
  async function save(event) {
    event.preventDefault();
    const body = { name: name.value, filters: segment.filters };
    try {
      const made = await call(segment.id ? "PUT" : "POST", segments(state, segment.id ? `/${segment.id}` : ""), body);
      box.close();
      done(made);
    } catch (error) {
      notify(error.message);
    }
  }
}

/** A filter in words; one that the page could not have made is shown as it stands in the address. */
function label(filter) {
  const [operator, dimension, values] = Array.isArray(filter) ? filter : [];
  if (!Array.isArray(values)) return JSON.stringify(filter);
  const name = DIMENSIONS[dimension] || String(dimension).replace(/^prop:/, "");
  return [`${name} ${OPERATORS[operator] || operator} `, h("b", {}, values.join(" or "))];
}

function filterDialog(state, go) {
  const dimension = h("select", {}, Object.entries(DIMENSIONS).map(([key, name]) => h("option", { value: key }, name)), h("option", { value: "prop" }, "Property…"));
  const key = h("input", { placeholder: "property", "aria-label": "Property", hidden: true });
  const operator = h("select", {}, Object.entries(OPERATORS).map(([name, shown]) => h("option", { value: name }, shown)));
  const value = h("input", { required: true, placeholder: "value" });
  dimension.addEventListener("change", () => {
    key.hidden = dimension.value !== "prop";
    key.required = !key.hidden;
  });
  const form = h("form", { class: "form", onsubmit: add }, field("What", dimension), key, field("How", operator), field("Value", value), h("button", { class: "primary" }, "Add"));
  const box = dialog("Filter", form);
  function add(event) {
    event.preventDefault();
    const name = dimension.value === "prop" ? `prop:${key.value.trim()}` : dimension.value;
    box.close();
    go({ filters: [...state.filters, [operator.value, name, [value.value]]] });
  }
}
