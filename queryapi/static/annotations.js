// Notes on the graph: made, listed, deleted.

import { call, get } from "./api.js";
import { h, notify, replace } from "./dom.js";
import { removal } from "./removal.js";

const path = (site, rest = "") => `/api/v1/websites/${encodeURIComponent(site)}/annotations${rest}`;

export function annotations(site) {
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
          await call("POST", path(site), { at: new Date(at.value).toISOString(), text: text.value });
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
    return h("li", {}, h("span", { class: "grow" }, h("small", {}, new Date(note.at).toLocaleString("en-GB")), " ", note.text), h("button", { class: "quiet", "aria-label": `Delete ${note.text}`, onclick: remove }, "Delete"));
  }
  load();
  return h("div", {}, form, list);
}
