// The line that a website puts into its pages.

import { h, notify } from "./dom.js";

/** The snippet of a website, with a button that copies it. */
export function snippetOf(site) {
  // The gateway answers at the page's own origin, or beside it where the two are served apart.
  const text = `<script defer src="${location.origin}/script.js" data-website-id="${site}"></script>`;
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      notify("Copied");
    } catch {
      notify("Select and copy it by hand");
    }
  };
  return h("div", { class: "snippet" }, h("code", { tabindex: "0" }, text), h("button", { onclick: copy }, "Copy"));
}
