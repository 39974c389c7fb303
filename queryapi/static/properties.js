// What an event carries: each property with its values.

import { get } from "./api.js";
import { dialog, h, put, replace } from "./dom.js";
import { csvButton } from "./csv.js";
import { asked } from "./state.js";
import { amounts, money } from "./words.js";

const COLUMNS = ["events", "unique_visitors", "conversion_rate", "revenue"];

/** `rows` draws the values of a property as the lists of the page are drawn. */
export async function propertiesDialog(state, eventType, rows, go) {
  const body = h("div", { class: "scroll", tabindex: "0", "aria-busy": "true" });
  const box = dialog(eventType, body);
  const ask = (more) => get(`/api/v1/events/${encodeURIComponent(state.site)}/custom-events`, { ...asked(state), event_type: eventType, ...more });
  try {
    const { properties } = await ask({ limit: 50 });
    if (!properties.length) replace(body, h("p", { class: "empty" }, "This event carries no properties."));
    for (const { key } of properties) {
      const { data } = await ask({ prop: key, limit: 10 });
      const tab = { dimension: `prop:${key}`, columns: [["unique_visitors", "Visitors"]], share: "conversion_rate", name: (row) => row.value, value: (row) => row.value, note: (row) => money(row.revenue) };
      const table = async () => {
        const { data: all } = await ask({ prop: key, limit: 1000 });
        return { columns: [key, ...COLUMNS], rows: all.map((row) => [row.value, row.events, row.unique_visitors, row.conversion_rate, amounts(row.revenue)]) };
      };
      put(body, h("div", { class: "toolbar" }, h("h3", { class: "grow" }, key), csvButton(`${state.site} ${eventType} ${key}`, table)), rows(state, tab, data, (changes) => (box.close(), go(changes))));
    }
  } catch (error) {
    replace(body, h("p", { class: "empty", role: "alert" }, error.message));
  } finally {
    body.removeAttribute("aria-busy");
  }
}
