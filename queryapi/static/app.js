// The page: who is here, what the address asks for, and which view shows it.

import { ApiError, call, get, hasSignedIn, hasToken, noteSignIn, roleOfToken, useToken } from "./api.js";
import { h, dialog, menu, notify, replace } from "./dom.js";
import { late } from "./late.js";
import { siteView } from "./site.js";
import { changed, format, parse, sitesFrom } from "./state.js";

const NOBODY = { user: null, sites: [], sitesCome: Promise.resolve(), mayEdit: false, mayManage: false, mayReadEvents: false, mayManageUsers: false };
const root = document.getElementById("app");
// Who reads, and what they may do. A guest has a share link, or nothing: then reports of what is public are all there is.
const context = { ...NOBODY, isGuest: true, isPublic: true, forced: [], refused };
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
  if (shareToken && (state.view !== "site" || state.site !== context.site)) {
    history.replaceState(null, "", format(parse(`#/site/${encodeURIComponent(context.site)}`)));
    return draw();
  }
  // Guests have no list of websites, and no settings.
  if (context.isGuest && state.view !== "site") return begin();
  // A filter or another range leaves the reader where they were.
  const place = `${state.view} ${state.site}`;
  const isSamePlace = place === context.place;
  const y = isSamePlace ? scrollY : 0;
  const held = isSamePlace && nameOf(document.activeElement);
  context.place = place;
  const main = h("main", { id: "main" });
  if (y) main.style.minHeight = `${root.querySelector("main").offsetHeight}px`;
  replace(root, h("a", { class: "skip", href: "#main", onclick: (event) => (event.preventDefault(), main.querySelector("button, a")?.focus()) }, "Skip to the numbers"), header(), main);
  document.title = state.site ? `${state.site} – Analytics` : "Analytics";
  const { signal } = ends;
  if (state.view === "site") siteView(main, state, context, go, signal);
  else drawOther(main, state, signal);
  scrollTo(0, y);
  if (held) ([...root.querySelectorAll("button, a")].find((one) => nameOf(one) === held) || main.querySelector(".chips button"))?.focus({ preventScroll: true });
}

async function drawOther(main, state, signal) {
  if (state.view === "settings") {
    const { settingsView } = await late("./settings.js");
    if (!signal.aborted) settingsView(main, state, context, go, reloadSites);
    return;
  }
  const { sitesView } = await late("./sites.js");
  // Who is refused is told elsewhere.
  await context.sitesCome.catch(() => {});
  if (!signal.aborted) sitesView(main, context, go, signal, reloadSites);
}

// What tells a control from others, also after everything was drawn anew; empty for what is none of the page's.
function nameOf(element) {
  if (!root.contains(element)) return "";
  const part = element.closest("[aria-label]:not(button)")?.getAttribute("aria-label") || "";
  return `${part}/${element.id || element.getAttribute("aria-label") || element.querySelector(".label")?.textContent || element.textContent}`;
}

function header() {
  const themes = [["Like the system", ""], ["Light", "light"], ["Dark", "dark"]].map(([label, theme]) => [label, () => setTheme(theme), (localStorage.getItem("analytics.theme") || "") === theme]);
  const account = [...themes, ...accountItems()];
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
  if (shareToken) return [];
  if (context.isGuest) return [["Sign in", askWho, false]];
  const items = [];
  if (context.mayManageUsers) items.push(["People…", async () => (await late("./users.js")).usersDialog(context), false]);
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
    noteSignIn(false);
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
  ["x", "Remove all filters", { filters: [], segment: null }],
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
  const sites = [];
  for (;;) {
    const page = await get(...sitesFrom(sites.length));
    sites.push(...page.data);
    if (sites.length >= page.total || !page.data.length) break;
  }
  context.sites = sites;
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
  Object.assign(context, { ...NOBODY, isGuest: true, isPublic: true });
  if (state.view === "setup") return gate((await late("./signin.js")).setupView(state.token, signedIn));
  // What is public is read by anybody; whether it is, the first report tells.
  if (!hasToken() && !hasSignedIn()) return state.view === "site" ? draw() : askWho();
  context.sitesCome = reloadSites();
  context.sitesCome.catch(refused);
  try {
    if (hasToken()) Object.assign(context, rightsOf(roleOfToken()));
    else {
      const { user } = await get("/api/v1/session");
      Object.assign(context, { user, mayManageUsers: user.role === "owner" && user.websites === null, ...rightsOf(user.role) });
    }
  } catch (error) {
    return refused(error);
  }
  context.isGuest = context.isPublic = false;
  draw();
}

/** What to do where the API does not let in whoever is here: ask again who that is. */
function refused(error) {
  if (!(error instanceof ApiError) || ![401, 403, 404].includes(error.status)) return gate(h("p", { class: "empty", role: "alert" }, error.message));
  if (shareToken) return beginShared();
  if (hasToken()) useToken(null);
  noteSignIn(false);
  return askWho();
}

async function askWho() {
  const { is_open: isOpen } = await get("/api/v1/setup").catch(() => ({ is_open: false }));
  const { signInView } = await late("./signin.js");
  gate(signInView(signedIn, begin, isOpen));
}

function signedIn() {
  noteSignIn(true);
  begin();
}

async function beginShared(password) {
  try {
    await openShared(password);
  } catch (error) {
    const { sharePasswordView } = await late("./signin.js");
    gate(sharePasswordView(error, openShared));
  }
}

async function openShared(password) {
  const opened = await call("POST", "/api/v1/shares/session", { token: shareToken, ...(password ? { password } : {}) });
  useToken(opened.access_token, false);
  Object.assign(context, { isPublic: false, site: opened.website_id, forced: opened.filters });
  // The token ends after `expires_in`: a new one comes before.
  setTimeout(() => beginShared(password), (opened.expires_in - 60) * 1000);
  draw();
}

function gate(...children) {
  ends.abort();
  replace(root, h("main", { class: "gate" }, h("div", { class: "brand" }, h("span", { class: "mark", "aria-hidden": "true" }), "Analytics"), ...children));
}

applyTheme();
addEventListener("hashchange", () => {
  // What was asked of another place is not asked any more.
  for (const box of document.querySelectorAll("dialog")) box.close();
  if (root.querySelector(".gate")) begin();
  else draw();
});
addEventListener("keydown", onKey);
begin();
