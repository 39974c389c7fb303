// Links that show one website's numbers to whoever has them.

import { call, get } from "./api.js";
import { dialog, field, h, notify, replace } from "./dom.js";
import { removal } from "./removal.js";

const path = (site) => `/api/v1/websites/${encodeURIComponent(site)}/shares`;

/** Make, list and revoke share links; the filters of the view can be made part of a new one. */
export function shareDialog(state) {
  const list = h("div", {});
  const name = h("input", { required: true, maxlength: 200, value: "Shared" });
  const password = h("input", { type: "password", autocomplete: "new-password" });
  const forced = h("input", { type: "checkbox" });
  const made = h("div", {});
  const form = h(
    "form",
    { class: "form", onsubmit: create },
    field("Name", name),
    field("Password, if any", password),
    state.filters.length > 0 && h("label", { class: "check" }, forced, "Only what the filters above leave"),
    h("button", { class: "primary" }, "Make a link"),
  );
  dialog("Share", h("p", { class: "muted" }, "Whoever has the link sees the totals of this website, no single visits, and nothing else."), form, made, h("h3", {}, "Links"), list);

  async function create(event) {
    event.preventDefault();
    const body = { name: name.value };
    if (password.value) body.password = password.value;
    if (forced.checked) body.filters = state.filters;
    try {
      const share = await call("POST", path(state.site), body);
      const url = share.url || `${location.origin}/share/${share.token}`;
      replace(made, h("p", { class: "notice" }, "Copy it now, it is not shown again: ", h("code", {}, new URL(url, location.origin).href)));
      load();
    } catch (error) {
      notify(error.message);
    }
  }
  async function load() {
    try {
      const { data } = await get(path(state.site));
      replace(list, data.length ? h("ul", { class: "plain" }, data.map(line)) : h("p", { class: "empty" }, "None"));
    } catch (error) {
      replace(list, h("p", { class: "empty", role: "alert" }, error.message));
    }
  }
  function line(share) {
    const revoke = () => removal("Revoke link", `Revoke “${share.name}”? Whoever has it sees nothing any more.`, `${path(state.site)}/${share.id}`, load);
    return h("li", {}, h("span", { class: "grow" }, share.name, share.has_password && h("small", {}, " with password")), h("button", { class: "quiet", "aria-label": `Revoke ${share.name}`, onclick: revoke }, "Revoke"));
  }
  load();
}
