// What an owner decides of a website.

import { call } from "./api.js";
import { field, h, notify } from "./dom.js";

/** The form of a website as the API gives it; `done` is told when it is saved. */
export function registrationForm(website, done) {
  const name = h("input", { value: website.name || "", maxlength: 200 });
  const zones = h("datalist", { id: "site-zones" }, Intl.supportedValuesOf("timeZone").map((zone) => h("option", { value: zone })));
  const zone = h("input", { list: "site-zones", value: website.timezone });
  const domains = h("input", { value: (website.domains || []).join(", ") });
  const retention = h("input", { type: "number", min: 8, max: 3660, value: website.retention_days ?? "" });
  const identity = choice([["given", "As events say"], ["derived", "Never known again another day"], ["persistent", "Known again, by an id in the browser"]], website.identity || "given");
  const gpc = choice([["derive", "No lasting id for them"], ["drop", "Do not count them"], ["ignore", "Count them as all others"]], website.gpc || "derive");
  const excluded = h("textarea", { rows: 3, placeholder: "203.0.113.0/24" }, (website.excluded_networks || []).join("\n"));
  const engaged = h("input", { type: "number", min: 1, max: 86400, value: website.engaged_threshold_s ?? "" });
  const splits = h("input", { type: "checkbox" });
  splits.checked = !!website.split_on_campaign;
  const isPublic = h("input", { type: "checkbox" });
  isPublic.checked = !!website.is_public;
  const save = async (event) => {
    event.preventDefault();
    const split = (text, by) => text.split(by).map((one) => one.trim()).filter(Boolean);
    try {
      await call("PUT", `/api/v1/websites/${encodeURIComponent(website.id)}`, {
        name: name.value || null,
        timezone: zone.value,
        domains: split(domains.value, ","),
        retention_days: retention.value ? Number(retention.value) : null,
        identity: identity.value,
        gpc: gpc.value,
        excluded_networks: split(excluded.value, "\n"),
        engaged_threshold_s: engaged.value ? Number(engaged.value) : null,
        split_on_campaign: splits.checked,
        is_public: isPublic.checked,
      });
      await done();
      notify("Saved");
    } catch (error) {
      notify(error.message);
    }
  };
  return h(
    "form",
    { class: "form two", onsubmit: save },
    field("Name", name),
    field("Time zone", zone),
    zones,
    field("Domains", domains, "Links between them are no referrals"),
    field("Keep single events for days", retention, "Empty: as the installation says. Totals stay"),
    field("Visitors", identity),
    field("Who sends Global Privacy Control", gpc),
    field("Networks not to count", excluded, "One a line"),
    field("A visit of one page is no bounce after seconds", engaged, "Of reading it. Empty: it always is"),
    h("label", { class: "check" }, splits, h("span", {}, "Who comes by another campaign begins another visit")),
    h("label", { class: "check" }, isPublic, h("span", {}, "Everybody may read the reports, at ", h("small", {}, `${location.origin}/#/site/${encodeURIComponent(website.id)}`))),
    h("button", { class: "primary" }, "Save"),
  );
}

function choice(options, value) {
  const select = h("select", {}, options.map(([key, label]) => h("option", { value: key }, label)));
  select.value = value;
  return select;
}
