// Who is here now: told by the server as it happens, asked for again and again where that cannot be.

import { get, listen } from "./api.js";
import { drawSeries } from "./chart.js";
import { dialog, h, replace } from "./dom.js";
import { asked } from "./state.js";
import { count } from "./words.js";

const POLL_MS = 5000;

/** Give `told` the realtime report now and whenever it changes, while the page is seen, until `signal` ends it. */
export async function follow(state, signal, told) {
  const { filters, segment, include_bots } = asked(state);
  const path = `/api/v1/analytics/${encodeURIComponent(state.site)}`;
  const parameters = { filters, segment, include_bots };
  let mayListen = true;
  while (!signal.aborted) {
    // A browser has six connections to a host: tabs that nobody looks at must not hold them.
    const hides = new AbortController();
    const hide = () => document.hidden && hides.abort();
    document.addEventListener("visibilitychange", hide);
    try {
      if (!document.hidden && mayListen) await listen(`${path}/live`, parameters, AbortSignal.any([signal, hides.signal]), told);
      if (!document.hidden) told(await get(`${path}/realtime`, parameters, signal));
    } catch {
      if (!hides.signal.aborted) mayListen = false;
    } finally {
      document.removeEventListener("visibilitychange", hide);
    }
    await new Promise((done) => setTimeout(done, POLL_MS));
  }
}

/** Who is here in detail, for as long as it is open. */
export function liveDialog(state) {
  const ends = new AbortController();
  const body = h("div", { class: "live-body" }, "Loading…");
  const box = dialog("Right now", body);
  box.addEventListener("close", () => ends.abort());
  const list = (title, rows, name, value) => h("section", {}, h("h3", {}, title), rows.length ? h("ul", { class: "bars" }, rows.map((row) => h("li", {}, h("span", { class: "name", title: name(row) }, name(row)), h("span", { class: "value" }, count(value(row)))))) : h("p", { class: "empty" }, "Nobody"));
  follow(state, ends.signal, (told) => {
    const items = told.series_30m;
    const chart = h("div", { class: "chart-box" });
    replace(
      body,
      h(
        "div",
        { class: "tiles" },
        [["In 5 minutes", told.current_visitors], ["In 30 minutes", told.active_users], ["Views, 5 minutes", told.page_views_last_5m], ["Views, 1 hour", told.page_views_last_1h]].map(([name, value]) =>
          h("div", { class: "tile-button" }, h("span", { class: "label" }, name), h("span", { class: "figure" }, count(value))),
        ),
      ),
      chart,
      h(
        "div",
        { class: "columns" },
        list("Pages", told.top_pages_realtime, (row) => row.page, (row) => row.views),
        list("Sources", told.sources, (row) => row.source, (row) => row.visitors),
        list("Countries", told.countries, (row) => row.name, (row) => row.visitors),
      ),
    );
    drawSeries(chart, { items, comparison: null, interval: "15m", metric: { key: "page_views", label: "Page views", show: count } });
  });
}
