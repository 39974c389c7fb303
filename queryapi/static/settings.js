// Everything that can be set of a website.

import { call, get } from "./api.js";
import { dialog, field, h, notify, replace } from "./dom.js";
import { shareDialog } from "./sharing.js";
import { snippetOf } from "./snippet.js";
import { exact } from "./words.js";

const path = (site, rest = "") => `/api/v1/websites/${encodeURIComponent(site)}${rest}`;
const SCOPES = ["stats:read", "events:read", "funnels:write", "ingest", "ingest:import"];

/** Draw the settings of the state's website into `root`. */
export async function settingsView(root, state, context, go, reloadSites) {
  const body = h("div", { class: "settings" }, h("p", { class: "empty" }, "Loading…"));
  replace(root, h("div", { class: "toolbar top" }, h("h1", {}, context.sites.find((site) => site.id === state.site)?.name || state.site), h("span", { class: "grow" }), h("button", { class: "pill", onclick: () => go({ view: "site" }) }, "Back to the numbers")), body);
  try {
    const website = await get(path(state.site));
    replace(
      body,
      section("Snippet", "Put this into every page.", snippetOf(state.site)),
      context.mayManage && section("Website", null, websiteForm(website, reloadSites)),
      context.mayManage && section("API keys", "For servers that send events or read reports.", keys(state.site)),
      context.mayEdit && section("Annotations", "Notes on the graph: a release, a campaign.", annotations(state.site)),
      context.mayManage && section("Share links", null, h("button", { onclick: () => shareDialog(state) }, "Share links…")),
      section("Ingest report", "What became of the events of the last 7 days.", ingest(state.site)),
      context.mayManage && section("Delete", "The registration with its funnels, goals and keys goes; its events too, if you say so.", h("button", { class: "danger", onclick: () => deleteDialog(state.site, go, reloadSites) }, "Delete this website…")),
    );
  } catch (error) {
    replace(body, h("p", { class: "empty", role: "alert" }, error.message));
  }
}

function section(title, text, ...children) {
  return h("section", { class: "card", "aria-label": title }, h("header", {}, h("h2", {}, title)), text && h("p", { class: "muted" }, text), ...children);
}

function websiteForm(website, reloadSites) {
  const name = h("input", { value: website.name || "", maxlength: 200 });
  const zones = h("datalist", { id: "site-zones" }, Intl.supportedValuesOf("timeZone").map((zone) => h("option", { value: zone })));
  const zone = h("input", { list: "site-zones", value: website.timezone });
  const domains = h("input", { value: (website.domains || []).join(", ") });
  const retention = h("input", { type: "number", min: 8, max: 3660, value: website.retention_days ?? "" });
  const identity = choice([["given", "As events say"], ["derived", "Never known again another day"], ["persistent", "Known again, by an id in the browser"]], website.identity || "given");
  const gpc = choice([["derive", "No lasting id for them"], ["drop", "Do not count them"], ["ignore", "Count them as all others"]], website.gpc || "derive");
  const excluded = h("textarea", { rows: 3, placeholder: "203.0.113.0/24" }, (website.excluded_networks || []).join("\n"));
  const isPublic = h("input", { type: "checkbox" });
  isPublic.checked = !!website.is_public;
  const save = async (event) => {
    event.preventDefault();
    const split = (text, by) => text.split(by).map((one) => one.trim()).filter(Boolean);
    try {
      await call("PUT", path(website.id), {
        name: name.value || null,
        timezone: zone.value,
        domains: split(domains.value, ","),
        retention_days: retention.value ? Number(retention.value) : null,
        identity: identity.value,
        gpc: gpc.value,
        excluded_networks: split(excluded.value, "\n"),
        is_public: isPublic.checked,
      });
      await reloadSites();
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
    h("label", { class: "check" }, isPublic, "Everybody may read the reports"),
    h("button", { class: "primary" }, "Save"),
  );
}

function choice(options, value) {
  const select = h("select", {}, options.map(([key, label]) => h("option", { value: key }, label)));
  select.value = value;
  return select;
}

function keys(site) {
  const list = h("div", {});
  const name = h("input", { placeholder: "Name", "aria-label": "Name", maxlength: 200, required: true });
  const scope = h("select", { "aria-label": "Scope" }, SCOPES.map((one) => h("option", { value: one }, one)));
  const made = h("div", {});
  const form = h(
    "form",
    {
      class: "toolbar",
      onsubmit: async (event) => {
        event.preventDefault();
        const scopes = scope.value === "ingest:import" ? ["ingest", "ingest:import"] : [scope.value];
        try {
          const key = await call("POST", path(site, "/keys"), { name: name.value, scopes });
          replace(made, h("p", { class: "notice" }, "Copy it now, it is not shown again: ", h("code", {}, key.key)));
          load();
        } catch (error) {
          notify(error.message);
        }
      },
    },
    name,
    scope,
    h("button", {}, "Make a key"),
  );
  async function load() {
    try {
      const { data } = await get(path(site, "/keys"));
      replace(list, data.length ? h("ul", { class: "plain" }, data.map(line)) : h("p", { class: "empty" }, "None"));
    } catch (error) {
      replace(list, h("p", { class: "empty", role: "alert" }, error.message));
    }
  }
  function line(key) {
    const revoke = () =>
      call("DELETE", path(site, `/keys/${key.id}`))
        .then(load)
        .catch((error) => notify(error.message));
    return h("li", {}, h("span", { class: "grow" }, key.name, " ", h("small", {}, key.scopes.join(", "))), h("button", { class: "quiet", onclick: revoke }, "Revoke"));
  }
  load();
  return h("div", {}, form, made, list);
}

function annotations(site) {
  const list = h("div", {});
  const at = h("input", { type: "datetime-local", required: true, "aria-label": "When" });
  const text = h("input", { required: true, maxlength: 500, placeholder: "What happened", "aria-label": "What happened" });
  const form = h(
    "form",
    {
      class: "toolbar",
      onsubmit: async (event) => {
        event.preventDefault();
        try {
          await call("POST", path(site, "/annotations"), { at: new Date(at.value).toISOString(), text: text.value });
          text.value = "";
          load();
        } catch (error) {
          notify(error.message);
        }
      },
    },
    at,
    text,
    h("button", {}, "Add"),
  );
  async function load() {
    try {
      const { data } = await get(path(site, "/annotations"));
      replace(list, data.length ? h("ul", { class: "plain" }, data.map(line)) : h("p", { class: "empty" }, "None"));
    } catch (error) {
      replace(list, h("p", { class: "empty", role: "alert" }, error.message));
    }
  }
  function line(note) {
    const remove = () =>
      call("DELETE", path(site, `/annotations/${note.id}`))
        .then(load)
        .catch((error) => notify(error.message));
    return h("li", {}, h("span", { class: "grow" }, h("small", {}, new Date(note.at).toLocaleString("en-GB")), " ", note.text), h("button", { class: "quiet", onclick: remove }, "Delete"));
  }
  load();
  return h("div", {}, form, list);
}

function ingest(site) {
  const body = h("div", {}, h("p", { class: "empty" }, "Loading…"));
  get(path(site, "/ingest-report"), { period: "7d" })
    .then((report) => {
      const { dropped_reasons: reasons, flags, ...outcomes } = report.totals;
      const line = (name, events) => h("tr", {}, h("td", {}, name.replaceAll("_", " ")), h("td", { class: "number" }, exact(events)));
      const lines = [
        Object.entries(outcomes).map(([name, events]) => line(name, events)),
        Object.entries(reasons).map(([name, events]) => line(`dropped: ${name}`, events)),
        Object.entries(flags).map(([name, events]) => line(`stored, taken for a ${name}`, events)),
      ];
      replace(body, h("table", {}, h("tbody", {}, lines)));
    })
    .catch((error) => replace(body, h("p", { class: "empty", role: "alert" }, error.message)));
  return body;
}

function deleteDialog(site, go, reloadSites) {
  const typed = h("input", { required: true, autocomplete: "off" });
  const purge = h("input", { type: "checkbox" });
  const form = h(
    "form",
    {
      class: "form",
      onsubmit: async (event) => {
        event.preventDefault();
        if (typed.value !== site) return notify("That is not its id");
        try {
          await call("DELETE", path(site) + (purge.checked ? "?purge=true" : ""));
          await reloadSites();
          box.close();
          go({ view: "sites" });
        } catch (error) {
          notify(error.message);
        }
      },
    },
    field(`Type ${site} to delete it`, typed),
    h("label", { class: "check" }, purge, "Delete its events too, for good"),
    h("button", { class: "danger" }, "Delete"),
  );
  const box = dialog("Delete website", form);
}
