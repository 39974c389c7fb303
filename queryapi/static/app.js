// The page: who is here, what the address asks for, and which view shows it.

import { ApiError, call, get, hasToken, roleOfToken, useToken } from "./api.js";
import { h, dialog, menu, notify, replace } from "./dom.js";
import { settingsView } from "./settings.js";
import { setupView, sharePasswordView, signInView } from "./signin.js";
import { siteView } from "./site.js";
import { sitesView } from "./sites.js";
import { changed, format, parse } from "./state.js";
import { usersDialog } from "./users.js";

const SIGNED_IN = "analytics.signed_in";
const root = document.getElementById("app");
const context = { user: null, sites: [], mayEdit: false, mayManage: false, mayReadEvents: false, isShared: false };
let ends = new AbortController();
const shareToken = location.pathname.startsWith("/share/") ? location.pathname.slice(7) : null;

/** Change the address, which draws the view anew. */
function go(changes) {
  const address = format(changed(parse(location.hash), changes));
  if (address === location.hash) draw();
  else location.hash = address;
}

function draw() {
  ends.abort();
  ends = new AbortController();
  const state = parse(location.hash);
  if (context.isShared && (state.view !== "site" || state.site !== context.site)) {
    location.replace(format({ view: "site", site: context.site, period: "30d", compare: "previous", metric: "unique_visitors", filters: [] }));
    return;
  }
  // A filter or another range leaves the reader where they were.
  const place = `${state.view} ${state.site}`;
  const y = place === context.place ? scrollY : 0;
  context.place = place;
  const main = h("main", { id: "main" });
  if (y) main.style.minHeight = `${root.querySelector("main").offsetHeight}px`;
  replace(root, h("a", { class: "skip", href: "#main", onclick: (event) => (event.preventDefault(), main.querySelector("button, a")?.focus()) }, "Skip to the numbers"), header(), main);
  document.title = state.site ? `${state.site} – Analytics` : "Analytics";
  if (state.view === "site") siteView(main, state, context, go, ends.signal);
  else if (state.view === "settings") settingsView(main, state, context, go, reloadSites);
  else sitesView(main, context, go, ends.signal, reloadSites);
  scrollTo(0, y);
}

function header() {
  const themes = [["Like the system", ""], ["Light", "light"], ["Dark", "dark"]].map(([label, theme]) => [label, () => setTheme(theme), (localStorage.getItem("analytics.theme") || "") === theme]);
  const account = context.isShared ? themes : [...themes, ...accountItems()];
  return h(
    "header",
    { class: "bar-top" },
    h("a", { class: "brand", href: "#/" }, h("span", { class: "mark", "aria-hidden": "true" }), "Analytics"),
    h("span", { class: "grow" }),
    h("button", { class: "pill", "aria-label": "Keyboard shortcuts", onclick: shortcuts }, "?"),
    menu(context.user?.name || context.user?.email || "Menu", account),
  );
}

function accountItems() {
  const items = [];
  if (context.mayManageUsers) items.push(["People…", () => usersDialog(context), false]);
  if (context.user) items.push(["Change password…", passwordDialog, false]);
  items.push(["Sign out", signOut, false]);
  return items;
}

async function signOut() {
  // Nothing is asked any more by who is no longer here.
  ends.abort();
  try {
    if (hasToken()) useToken(null);
    else await call("DELETE", "/api/v1/session");
    localStorage.removeItem(SIGNED_IN);
  } catch (error) {
    notify(error.message);
  }
  history.replaceState(null, "", "#/");
  begin();
}

function passwordDialog() {
  const current = h("input", { type: "password", autocomplete: "current-password", required: true });
  const fresh = h("input", { type: "password", autocomplete: "new-password", required: true, minlength: 10 });
  const form = h("form", { class: "form", onsubmit: save }, h("label", { class: "field" }, h("span", {}, "Current password"), current), h("label", { class: "field" }, h("span", {}, "New password"), fresh), h("button", { class: "primary" }, "Change"));
  const box = dialog("Change password", form);
  async function save(event) {
    event.preventDefault();
    try {
      await call("PUT", "/api/v1/session/password", { current: current.value, new: fresh.value });
      box.close();
      notify("Changed");
    } catch (error) {
      notify(error.message);
    }
  }
}

const SHORTCUTS = [
  ["d", "Today", { period: "today", from: null, to: null }],
  ["y", "Yesterday", { period: "yesterday", from: null, to: null }],
  ["w", "Last 7 days", { period: "7d", from: null, to: null }],
  ["m", "Last 30 days", { period: "30d", from: null, to: null }],
  ["q", "Last 90 days", { period: "90d", from: null, to: null }],
  ["a", "All time", { period: "all", from: null, to: null }],
  ["c", "Comparison on or off", null],
  ["x", "Remove all filters", { filters: [] }],
  ["s", "All websites", { view: "sites" }],
  ["?", "This list", null],
];

function shortcuts() {
  dialog("Keyboard", h("dl", { class: "keys" }, SHORTCUTS.map(([key, label]) => [h("dt", {}, h("kbd", {}, key)), h("dd", {}, label)])), h("p", { class: "muted" }, "Click a row to filter by it, Alt-click to leave it out. Arrow keys step through the graph."));
}

function onKey(event) {
  const target = event.target;
  if (event.ctrlKey || event.metaKey || event.altKey || target.closest?.("input, select, textarea, dialog[open]")) return;
  const found = SHORTCUTS.find(([key]) => key === event.key);
  if (!found || root.querySelector(".gate")) return;
  const state = parse(location.hash);
  if (event.key === "?") shortcuts();
  else if (event.key === "s") go({ view: "sites" });
  else if (state.view !== "site") return;
  else if (event.key === "c") go({ compare: state.compare === "none" ? "previous" : "none" });
  else go(found[2]);
  event.preventDefault();
}

function setTheme(theme) {
  if (theme) localStorage.setItem("analytics.theme", theme);
  else localStorage.removeItem("analytics.theme");
  applyTheme();
  draw();
}

function applyTheme() {
  let theme = "";
  try {
    theme = localStorage.getItem("analytics.theme") || "";
  } catch {
    // Storage is blocked: as the system has it.
  }
  document.documentElement.dataset.theme = theme;
}

async function reloadSites() {
  context.sites = [];
  for (let offset = 0; ; offset += 1000) {
    const page = await get("/api/v1/websites", { limit: 1000, offset });
    context.sites.push(...page.data);
    if (context.sites.length >= page.total || !page.data.length) return;
  }
}

// The API decides; what would be refused is not offered.
function rightsOf(role) {
  const mayEdit = role === "editor" || role === "owner";
  return { mayEdit, mayManage: role === "owner", mayReadEvents: mayEdit };
}

/** Find out who is here, then show what the address asks for. */
async function begin() {
  if (shareToken) return beginShared();
  const state = parse(location.hash);
  if (state.view === "setup") return gate(setupView(state.token, signedIn));
  try {
    if (hasToken()) {
      context.user = null;
      Object.assign(context, { mayManageUsers: false, ...rightsOf(roleOfToken()) });
    } else {
      // Nobody who never signed in here has a session: asking would only leave a refusal in the console.
      if (!localStorage.getItem(SIGNED_IN)) throw new ApiError(401, {});
      const { user } = await get("/api/v1/session");
      context.user = user;
      Object.assign(context, { mayManageUsers: user.role === "owner" && user.websites === null, ...rightsOf(user.role) });
    }
    await reloadSites();
  } catch (error) {
    if (!(error instanceof ApiError) || (error.status !== 401 && error.status !== 403 && error.status !== 404)) return gate(h("p", { class: "empty", role: "alert" }, error.message));
    if (hasToken()) useToken(null);
    localStorage.removeItem(SIGNED_IN);
    const { is_open: isOpen } = await get("/api/v1/setup").catch(() => ({ is_open: false }));
    return gate(signInView(signedIn, begin, isOpen));
  }
  draw();
}

function signedIn() {
  localStorage.setItem(SIGNED_IN, "1");
  begin();
}

async function beginShared(password) {
  try {
    const opened = await call("POST", "/api/v1/shares/session", { token: shareToken, ...(password ? { password } : {}) });
    useToken(opened.access_token, false);
    Object.assign(context, { isShared: true, site: opened.website_id, forced: opened.filters });
    // The token ends after `expires_in`: a new one comes before.
    setTimeout(() => beginShared(password), (opened.expires_in - 60) * 1000);
    draw();
  } catch (error) {
    gate(sharePasswordView(error, beginShared));
  }
}

function gate(...children) {
  ends.abort();
  replace(root, h("main", { class: "gate" }, h("div", { class: "brand" }, h("span", { class: "mark", "aria-hidden": "true" }), "Analytics"), ...children));
}

applyTheme();
addEventListener("hashchange", () => (root.querySelector(".gate") && !context.isShared ? begin() : draw()));
addEventListener("keydown", onKey);
begin();
