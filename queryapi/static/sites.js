// All websites, each with its last week.

import { call, get } from "./api.js";
import { spark } from "./chart.js";
import { dialog, field, h, notify, replace } from "./dom.js";
import { whenSeen } from "./seen.js";
import { change, count } from "./words.js";

/** Draw the list into `root`. */
export function sitesView(root, context, go, signal, reloadSites) {
  const search = h("input", { type: "search", placeholder: "Search", "aria-label": "Search websites", oninput: () => draw() });
  const list = h("div", { class: "sites" });
  const add = context.mayManage && h("button", { class: "primary", onclick: () => addDialog(go, reloadSites) }, "Add website");
  replace(root, h("div", { class: "toolbar top" }, h("h1", {}, "Websites"), h("span", { class: "muted" }, "Last 7 days, against the 7 before"), h("span", { class: "grow" }), context.sites.length > 6 && search, add), list);

  function draw() {
    const wanted = search.value.trim().toLowerCase();
    const found = context.sites.filter((site) => `${site.id} ${site.name}`.toLowerCase().includes(wanted));
    const none = context.sites.length ? "No website is called so." : "No website yet. Add the first one, and put its snippet into its pages.";
    replace(list, found.map(siteCard), !found.length && h("p", { class: "empty card" }, none));
  }
  function siteCard(site) {
    const figures = h("div", { class: "site-figures" });
    const link = `#/site/${encodeURIComponent(site.id)}`;
    const card = h("a", { class: "card site", href: link }, h("h2", {}, site.name || site.id), figures);
    whenSeen(card, signal, () => fill(figures, encodeURIComponent(site.id)));
    return card;
  }
  function fill(figures, id) {
    const base = `/api/v1/analytics`;
    figures.setAttribute("aria-busy", "true");
    Promise.all([get(`${base}/timeseries/${id}`, { period: "7d", metrics: "unique_visitors", interval: "day", compare: "none" }, signal), get(`${base}/dashboard/${id}`, { period: "7d", utm_limit: 1 }, signal)])
      .then(([series, totals]) => {
        const values = series.data.map((item) => item.unique_visitors);
        const moved = totals.comparison?.change.unique_visitors;
        replace(figures, spark(values, "Visitors of the last 7 days"), h("div", {}, h("b", {}, count(totals.metrics.unique_visitors)), " visitors ", moved !== undefined && h("span", { class: `moved ${moved > 0 ? "good" : moved < 0 ? "bad" : ""}` }, change(moved))));
      })
      .catch((error) => error.name !== "AbortError" && replace(figures, h("p", { class: "muted" }, error.message)))
      .finally(() => figures.removeAttribute("aria-busy"));
  }
  draw();
}

function addDialog(go, reloadSites) {
  const id = h("input", { required: true, pattern: "[A-Za-z0-9._:\\-]{1,128}", placeholder: "example.com" });
  const zones = h("datalist", { id: "new-zones" }, Intl.supportedValuesOf("timeZone").map((zone) => h("option", { value: zone })));
  const zone = h("input", { list: "new-zones", value: Intl.DateTimeFormat().resolvedOptions().timeZone });
  const domains = h("input", { placeholder: "example.com, www.example.com" });
  const form = h("form", { class: "form", onsubmit: save }, field("Id", id, "Letters, digits and . _ : - ; the domain is a good one"), field("Domains", domains, "Their links to each other are no referrals"), field("Time zone", zone), zones, h("button", { class: "primary" }, "Add"));
  const box = dialog("Add website", form);
  async function save(event) {
    event.preventDefault();
    const listed = domains.value.split(",").map((one) => one.trim()).filter(Boolean);
    try {
      await call("POST", "/api/v1/websites", { id: id.value, timezone: zone.value || "UTC", domains: listed });
      await reloadSites();
      box.close();
      go({ view: "site", site: id.value });
    } catch (error) {
      notify(error.message);
    }
  }
}
