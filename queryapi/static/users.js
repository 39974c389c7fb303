// Who may sign in, and what they may do.

import { call, get } from "./api.js";
import { dialog, field, h, notify, replace } from "./dom.js";

const ROLES = [
  ["viewer", "Viewer: reads reports"],
  ["editor", "Editor: also single events, goals, funnels, annotations"],
  ["owner", "Owner: everything"],
];

/** List, add and change the people of the installation. */
export function usersDialog(context) {
  const list = h("div", {});
  const email = h("input", { type: "email", required: true, autocomplete: "off" });
  const name = h("input", { maxlength: 200, autocomplete: "off" });
  const role = roles("viewer");
  const sites = h("select", {}, h("option", { value: "" }, "All websites"), context.sites.map((site) => h("option", { value: site.id }, site.name || site.id)));
  const made = h("div", { role: "status" });
  const form = h("form", { class: "form two", onsubmit: add }, field("E-mail", email), field("Name", name), field("Role", role), field("Websites", sites), h("button", { class: "primary" }, "Add"));
  dialog("People", list, h("h3", {}, "Add somebody"), form, made);

  async function add(event) {
    event.preventDefault();
    try {
      const user = await call("POST", "/api/v1/users", { email: email.value, name: name.value || null, role: role.value, websites: sites.value ? [sites.value] : null });
      replace(made, h("p", { class: "notice" }, `The password of ${user.email}, not shown again: `, h("code", {}, user.password)));
      form.reset();
      load();
    } catch (error) {
      notify(error.message);
    }
  }
  async function change(user, changes) {
    try {
      await call("PUT", `/api/v1/users/${user.id}`, { ...user, name: user.name || null, ...changes });
    } catch (error) {
      notify(error.message);
    }
    load();
  }
  async function load() {
    try {
      const { data } = await get("/api/v1/users", { limit: 1000 });
      replace(list, h("ul", { class: "plain" }, data.map(line)));
    } catch (error) {
      replace(list, h("p", { class: "empty", role: "alert" }, error.message));
    }
  }
  function line(user) {
    const isMe = user.id === context.user?.id;
    const select = roles(user.role, { "aria-label": `Role of ${user.email}`, disabled: isMe });
    select.addEventListener("change", () => change(user, { role: select.value }));
    const where = user.websites === null ? "all websites" : user.websites.join(", ") || "no website";
    return h(
      "li",
      {},
      h("span", { class: "grow" }, user.name, " ", h("small", {}, user.email, " · ", where, user.disabled && " · disabled")),
      select,
      isMe ? h("small", {}, "you") : h("button", { class: "quiet", onclick: () => change(user, { disabled: !user.disabled }) }, user.disabled ? "Enable" : "Disable"),
    );
  }
  load();
}

function roles(value, attributes) {
  const select = h("select", attributes, ROLES.map(([key, label]) => h("option", { value: key }, attributes ? key : label)));
  select.value = value;
  return select;
}
