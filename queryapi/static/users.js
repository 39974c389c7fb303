// Who may sign in, and what they may do.

import { call, get } from "./api.js";
import { dialog, field, h, notify, replace } from "./dom.js";
import { removal } from "./removal.js";

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
  const sites = websites(context, null);
  const made = h("div", { role: "status" });
  const form = h("form", { class: "form two", onsubmit: add }, field("E-mail", email), field("Name", name), field("Role", role), sites, h("button", { class: "primary" }, "Add"));
  dialog("People", list, h("h3", {}, "Add somebody"), form, made);

  async function add(event) {
    event.preventDefault();
    try {
      const user = await call("POST", "/api/v1/users", { email: email.value, name: name.value || null, role: role.value, websites: chosen(sites) });
      replace(made, passwordOf(user.email, user.password));
      form.reset();
      load();
    } catch (error) {
      notify(error.message);
    }
  }
  // Of what they are now: a line may show what they were.
  async function put(id, changes) {
    const path = `/api/v1/users/${id}`;
    const user = await get(path);
    await call("PUT", path, { ...user, name: user.name || null, ...changes });
  }
  async function change(user, changes) {
    try {
      await put(user.id, changes);
    } catch (error) {
      notify(error.message);
    }
    load();
  }
  function reset(user) {
    const make = async () => {
      const password = madePassword();
      try {
        await put(user.id, { password });
        box.close();
        replace(made, passwordOf(user.email, password));
      } catch (error) {
        notify(error.message);
      }
    };
    const box = dialog("New password", h("p", {}, `Give ${user.email} a new password? The old one stops working, and whoever is signed in with it is signed out.`), h("button", { class: "danger", onclick: make }, "Make a new password"));
  }
  function limit(user) {
    const choices = websites(context, user.websites);
    const save = async (event) => {
      event.preventDefault();
      box.close();
      await change(user, { websites: chosen(choices) });
    };
    const box = dialog(`Websites of ${user.email}`, h("form", { class: "form", onsubmit: save }, choices, h("button", { class: "primary" }, "Save")));
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
      isMe
        ? h("small", {}, "you")
        : [
            h("button", { class: "quiet", "aria-label": `Websites of ${user.email}`, onclick: () => limit(user) }, "Websites"),
            h("button", { class: "quiet", "aria-label": `New password for ${user.email}`, onclick: () => reset(user) }, "New password"),
            h("button", { class: "quiet", "aria-label": `${user.disabled ? "Enable" : "Disable"} ${user.email}`, onclick: () => change(user, { disabled: !user.disabled }) }, user.disabled ? "Enable" : "Disable"),
            h("button", { class: "quiet", "aria-label": `Delete ${user.email}`, onclick: () => removal("Delete person", `Delete ${user.email}? What they made stays.`, `/api/v1/users/${user.id}`, load) }, "Delete"),
          ],
    );
  }
  load();
}

function passwordOf(email, password) {
  return h("p", { class: "notice" }, `The password of ${email}, not shown again: `, h("code", {}, password));
}

// 120 bits, in letters that are not taken for each other.
function madePassword() {
  const letters = "abcdefghijkmnpqrstuvwxyz23456789";
  return Array.from(crypto.getRandomValues(new Uint8Array(24)), (byte) => letters[byte % 32]).join("");
}

// All websites, also those that are still to come, or some of those there are.
function websites(context, ids) {
  const box = (value, text, checked) => h("label", {}, h("input", { type: "checkbox", value, checked }), " ", text);
  return h("fieldset", { class: "choices" }, h("legend", {}, "Websites"), box("", "All websites", ids === null), context.sites.map((site) => box(site.id, site.name || site.id, ids?.includes(site.id))));
}

function chosen(choices) {
  const ids = [...choices.querySelectorAll(":checked")].map((box) => box.value);
  return ids.includes("") ? null : ids;
}

function roles(value, attributes) {
  const select = h("select", attributes, ROLES.map(([key, label]) => h("option", { value: key }, attributes ? key : label)));
  select.value = value;
  return select;
}
