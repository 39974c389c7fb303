// API keys of a website: made, listed, revoked.

import { call, get } from "./api.js";
import { h, notify, replace } from "./dom.js";
import { removal } from "./removal.js";

const path = (site, rest = "") => `/api/v1/websites/${encodeURIComponent(site)}/keys${rest}`;
const SCOPES = ["stats:read", "events:read", "funnels:write", "ingest", "ingest:import"];

export function keys(site) {
  const list = h("div", {});
  const name = h("input", { placeholder: "Name", "aria-label": "Name of the key", maxlength: 200, required: true });
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
          const key = await call("POST", path(site), { name: name.value, scopes });
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
      const { data } = await get(path(site));
      replace(list, data.length ? h("ul", { class: "plain" }, data.map(line)) : h("p", { class: "empty" }, "None"));
    } catch (error) {
      replace(list, h("p", { class: "empty", role: "alert" }, error.message));
    }
  }
  function line(key) {
    const revoke = () => removal("Revoke key", `Revoke “${key.name}”? What uses it is refused from then on.`, path(site, `/${key.id}`), load);
    return h("li", {}, h("span", { class: "grow" }, key.name, " ", h("small", {}, key.scopes.join(", "))), h("button", { class: "quiet", "aria-label": `Revoke ${key.name}`, onclick: revoke }, "Revoke"));
  }
  load();
  return h("div", {}, form, made, list);
}
