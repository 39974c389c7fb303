// Notes on the graph: made, listed, deleted.

import { call, get } from "./api.js";
import { h, notify, replace } from "./dom.js";
import { removal } from "./removal.js";

const path = (site, rest = "") => `/api/v1/websites/${encodeURIComponent(site)}/annotations${rest}`;

/** The notes of `site`, whose times are told by the clock of `timeZone`. */
export function annotations(site, timeZone) {
  const moment = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "short", timeZone });
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
          await call("POST", path(site), { at: instant(at.value, timeZone), text: text.value });
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
      const { data } = await get(path(site));
      replace(list, data.length ? h("ul", { class: "plain" }, data.map(line)) : h("p", { class: "empty" }, "None"));
    } catch (error) {
      replace(list, h("p", { class: "empty", role: "alert" }, error.message));
    }
  }
  function line(note) {
    const remove = () => removal("Delete annotation", `Delete “${note.text}”?`, path(site, `/${note.id}`), load);
    return h("li", {}, h("span", { class: "grow" }, h("small", {}, moment.format(new Date(note.at))), " ", note.text), h("button", { class: "quiet", "aria-label": `Delete ${note.text}`, onclick: remove }, "Delete"));
  }
  load();
  return h("div", {}, form, list);
}

// When the clock of the zone shows `wall` (`2026-11-26T10:00`), as ISO 8601: of an hour that comes twice one of the two, of
// one that never comes an hour beside it. Swedish dates have almost the form of `wall`.
function instant(wall, timeZone) {
  const clock = new Intl.DateTimeFormat("sv-SE", { dateStyle: "short", timeStyle: "medium", timeZone });
  const ahead = (time) => Date.parse(`${clock.format(time).replace(" ", "T")}Z`) - time;
  const time = Date.parse(`${wall}Z`);
  return new Date(time - ahead(time - ahead(time))).toISOString();
}
