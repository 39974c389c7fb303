// The way in: set up the first owner, sign in, or open what somebody shared.

import { call, useToken } from "./api.js";
import { field, h } from "./dom.js";

function form(title, fields, label, submit, ...below) {
  const problem = h("p", { class: "problem", role: "alert", hidden: true });
  const button = h("button", { class: "primary" }, label);
  return h(
    "form",
    {
      class: "form card",
      onsubmit: async (event) => {
        event.preventDefault();
        button.disabled = true;
        try {
          await submit();
        } catch (error) {
          problem.textContent = error.message;
          problem.hidden = false;
        } finally {
          button.disabled = false;
        }
      },
    },
    h("h1", {}, title),
    fields,
    problem,
    button,
    below,
  );
}

/** Sign in with a password, or with a token. */
export function signInView(done, useGivenToken, isOpen) {
  const email = h("input", { type: "email", autocomplete: "username", required: true });
  const password = h("input", { type: "password", autocomplete: "current-password", required: true });
  const token = h("input", { type: "password", autocomplete: "off", "aria-label": "Token" });
  const enter = async () => {
    await call("POST", "/api/v1/session", { email: email.value, password: password.value });
    done();
  };
  const withToken = h(
    "details",
    {},
    h("summary", {}, "Use a token"),
    h("div", { class: "toolbar" }, token, h("button", { type: "button", onclick: () => token.value && (useToken(token.value.trim()), useGivenToken()) }, "Open")),
    h("small", {}, "As the server printed at its start, or ", h("code", {}, "analytics token"), ". It is forgotten with this tab."),
  );
  const hint = isOpen && h("p", { class: "notice" }, "Nobody has an account yet. Open the set-up link that the server printed at its start, or have a new one printed: ", h("code", {}, "analytics setup"));
  return form("Sign in", [hint, field("E-mail", email), field("Password", password)], "Sign in", enter, withToken);
}

/** Make the first owner. */
export function setupView(token, done) {
  const code = h("input", { required: true, value: token, autocomplete: "off" });
  const name = h("input", { required: true, autocomplete: "name" });
  const email = h("input", { type: "email", required: true, autocomplete: "username" });
  const password = h("input", { type: "password", required: true, minlength: 10, autocomplete: "new-password" });
  const create = async () => {
    await call("POST", "/api/v1/setup", { token: code.value, name: name.value, email: email.value, password: password.value });
    location.hash = "#/";
    done();
  };
  return form("Welcome", [h("p", { class: "muted" }, "You are the owner of this installation: websites, people and settings are yours to manage."), !token && field("Set-up token", code), field("Your name", name), field("E-mail", email), field("Password", password, "10 characters or more")], "Create my account", create);
}

/** What is asked before a shared page opens. */
export function sharePasswordView(error, open) {
  if (error.status !== 401 && error.status !== 403 && error.code !== "password_required") return h("p", { class: "card empty", role: "alert" }, error.message);
  const password = h("input", { type: "password", required: true, autocomplete: "off" });
  return form("Shared numbers", [field("Password", password)], "Open", () => open(password.value));
}
