// What became of the events that came in: each outcome and each reason that the API names, whatever they are.

import { get } from "./api.js";
import { csvButton } from "./csv.js";
import { h, replace } from "./dom.js";
import { exact } from "./words.js";

const PERIODS = [
  ["24h", "Last 24 hours"],
  ["7d", "Last 7 days"],
  ["30d", "Last 30 days"],
];
const SPOKEN = { dropped_reasons: "dropped", dropped_by_gateway: "not taken in", flags: "stored, and taken for a" };
const MEANT = {
  accepted: "taken in by the gateway",
  duplicates: "came twice, counted once",
  "dead lettered": "could not be stored, kept aside",
};

/** The report, of a period that is chosen above it. */
export function ingestReport(site) {
  const period = h("select", { "aria-label": "Period", onchange: load }, PERIODS.map(([key, label]) => h("option", { value: key }, label)));
  period.value = "7d";
  const body = h("div", { class: "scroll", tabindex: "0" });
  const ask = async () => outcomes((await get(`/api/v1/websites/${encodeURIComponent(site)}/ingest-report`, { period: period.value })).totals);
  const line = ([name, events, part]) => h("tr", {}, h("td", { class: part ? "part" : "" }, part ? `${part}: ${name}` : name, MEANT[name] && h("small", {}, ` ${MEANT[name]}`)), h("td", { class: "number" }, exact(events)));
  async function load() {
    body.setAttribute("aria-busy", "true");
    try {
      const head = h("tr", {}, h("th", {}, "Outcome"), h("th", { class: "number" }, "Events"));
      replace(body, h("table", {}, h("thead", {}, head), h("tbody", {}, (await ask()).map(line))));
    } catch (error) {
      replace(body, h("p", { class: "empty", role: "alert" }, error.message));
    } finally {
      body.removeAttribute("aria-busy");
    }
  }
  const table = async () => ({ columns: ["outcome", "reason", "events"], rows: (await ask()).map(([name, events, part]) => (part ? [part, name, events] : [name, "", events])) });
  load();
  return h("div", {}, h("div", { class: "toolbar" }, period, csvButton(`${site} ingest report`, table)), body);
}

// [name, events, what it is a part of]: a count is a line, counts by name follow it as its parts.
function outcomes(totals) {
  const lines = [];
  for (const [name, told] of Object.entries(totals)) {
    const spoken = SPOKEN[name] || name.replaceAll("_", " ");
    if (typeof told === "number") lines.push([spoken, told]);
    else for (const [part, events] of Object.entries(told)) lines.push([part.replaceAll("_", " "), events, spoken]);
  }
  return lines;
}
