// The line that a website puts into its pages.

import { h, notify } from "./dom.js";

const isHere = (host) => host === "localhost" || host === "[::1]" || /^127\./.test(host);

/** The snippet of a website, with a button that copies it. */
export function snippetOf(site) {
  const isLocal = isHere(location.hostname);
  const text = `<script defer src="${gateway(isLocal)}/script.js" data-website-id="${site}"${isLocal ? " data-dev" : ""}></script>`;
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      notify("Copied");
    } catch {
      notify("Select and copy it by hand");
    }
  };
  return [
    h("div", { class: "snippet" }, h("code", { tabindex: "0" }, text), h("button", { onclick: copy }, "Copy")),
    isLocal && h("p", { class: "muted" }, "This page runs on your own machine. ", h("code", {}, "data-dev"), " lets visits on localhost count, which are left out otherwise; take it away for a website that others see."),
  ];
}

// Where the installation says; an address of this machine is of no use to a page that is opened from elsewhere.
function gateway(isLocal) {
  const told = document.querySelector("meta[name=tracker]").content;
  return told && (isLocal || !isHere(new URL(told).hostname)) ? told : location.origin;
}
