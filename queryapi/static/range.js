// Which days are shown, in whose time zone, beside which others.

import { dialog, field, h, menu } from "./dom.js";
import { COMPARES, PERIODS } from "./state.js";

/** The menus of the period and of what it is compared with. */
export function rangeMenus(state, context, go) {
  const period = state.from ? `${state.from} – ${state.to}` : PERIODS.find(([key]) => key === state.period)?.[1] || state.period;
  const periods = PERIODS.map(([key, label]) => [label, () => go({ period: key, from: null, to: null }), !state.from && state.period === key]);
  periods.push(["Choose days…", () => daysDialog(state, context, go), !!state.from]);
  const compare = COMPARES.map(([key, label]) => [label, () => go({ compare: key }), state.compare === key]);
  return [menu(period, periods, { class: "pill", id: "period" }), menu(comparedTo(state), compare, { class: "pill", id: "compare" })];
}

function comparedTo(state) {
  const [key, label] = COMPARES.find(([one]) => one === state.compare) || COMPARES[0];
  return key === "none" ? label : `vs ${label.toLowerCase()}`;
}

function daysDialog(state, context, go) {
  // The day it is where days are counted; this form of a date is the input's own.
  const timeZone = state.timezone || context.sites.find((site) => site.id === state.site)?.timezone;
  const today = new Intl.DateTimeFormat("sv-SE", { timeZone }).format(new Date());
  const from = h("input", { type: "date", required: true, max: today, value: state.from || today });
  const to = h("input", { type: "date", required: true, max: today, value: state.to || today });
  const form = h("form", { class: "form", onsubmit: choose }, field("From", from), field("To", to), h("button", { class: "primary" }, "Show"));
  const box = dialog("Choose days", form);
  function choose(event) {
    event.preventDefault();
    if (from.value > to.value) return to.setCustomValidity("must not be before From"), to.reportValidity(), to.setCustomValidity("");
    box.close();
    go({ from: from.value, to: to.value, period: null });
  }
}

export function zoneDialog(state, go) {
  const list = h("datalist", { id: "zones" }, Intl.supportedValuesOf("timeZone").map((zone) => h("option", { value: zone })));
  const input = h("input", { list: "zones", placeholder: "the website's own", value: state.timezone || "" });
  const form = h("form", { class: "form", onsubmit: choose }, field("Days are counted in", input), list, h("button", { class: "primary" }, "Use"));
  const box = dialog("Time zone", form);
  function choose(event) {
    event.preventDefault();
    box.close();
    go({ timezone: input.value.trim() || null });
  }
}
