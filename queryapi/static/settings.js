// Everything that can be set of a website.

import { annotations } from "./annotations.js";
import { call, get } from "./api.js";
import { dialog, field, h, notify, replace } from "./dom.js";
import { ingestReport } from "./ingest.js";
import { keys } from "./keys.js";
import { moving } from "./moving.js";
import { registrationForm } from "./registration.js";
import { shareDialog } from "./sharing.js";
import { snippetOf } from "./snippet.js";

const path = (site) => `/api/v1/websites/${encodeURIComponent(site)}`;

/** Draw the settings of the state's website into `root`. */
export async function settingsView(root, state, context, go, reloadSites) {
  const body = h("div", { class: "settings", "aria-busy": "true" });
  const title = h("h1", {}, state.site);
  replace(root, h("div", { class: "toolbar top" }, title, h("span", { class: "grow" }), h("button", { class: "pill", onclick: () => go({ view: "site" }) }, "Back to the numbers")), body);
  try {
    const website = await get(path(state.site));
    title.textContent = website.name || website.id;
    replace(
      body,
      section("Snippet", "Put this into every page.", snippetOf(state.site)),
      context.mayManage && section("Website", null, registrationForm(website, reloadSites)),
      context.mayManage && section("API keys", "For servers that send events or read reports.", keys(state.site)),
      context.mayEdit && section("Annotations", `Notes on the graph: a release, a campaign. Times are those of ${website.timezone}.`, annotations(state.site, website.timezone)),
      context.mayManage && section("Share links", "Who has one sees the reports of this website, and nothing else.", h("button", { onclick: () => shareDialog(state) }, "Share links…")),
      section("Ingest report", "What became of the events that came in.", ingestReport(state.site)),
      context.mayManage && section("Export and import", ["All stored events, with ids of visitors. For many millions ", h("code", {}, "analytics export"), " and ", h("code", {}, "analytics import events"), " are better. A file that is imported twice adds nothing."], moving(state.site)),
      context.mayManage && section("Delete", "The registration with its funnels, goals and keys goes; its events too, if you say so.", h("button", { class: "danger", onclick: () => deleteDialog(state.site, go, reloadSites) }, "Delete this website…")),
    );
  } catch (error) {
    replace(body, h("p", { class: "empty", role: "alert" }, error.message));
  } finally {
    body.removeAttribute("aria-busy");
  }
}

function section(title, text, ...children) {
  return h("section", { class: "card", "aria-label": title }, h("header", {}, h("h2", {}, title)), text && h("p", { class: "muted" }, text), ...children);
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
