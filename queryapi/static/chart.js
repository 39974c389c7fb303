// Lines over time, as SVG: a tooltip for mouse, touch and keys, and a table for who cannot see it.

import { h, put, replace, s } from "./dom.js";
import { bucket, tick } from "./words.js";

const HEIGHT = 260;
const LEFT = 48;
const RIGHT = 12;
const TOP = 14;
const BOTTOM = 26;

/**
 * Draw `series` = {items, comparison, interval, metric: {key, label, show}, annotations: [{at, text}]} into `root`,
 * again whenever its width changes. Each item has `time` and the metric; `partial` ones are dashed. Gives what draws it
 * anew.
 */
export function drawSeries(root, series) {
  const draw = () => render(root, series, Math.max(root.clientWidth, 280));
  draw();
  let width = root.clientWidth;
  const observer = new ResizeObserver(() => {
    if (!root.isConnected) observer.disconnect();
    else if (root.clientWidth !== width) {
      width = root.clientWidth;
      draw();
    }
  });
  observer.observe(root);
  return draw;
}

/** A small line without axes: a website in a list. */
export function spark(values, label) {
  const top = Math.max(...values, 1);
  const points = values.map((value, index) => [(index / Math.max(values.length - 1, 1)) * 120, 34 - (value / top) * 30]);
  const line = points.map(([x, y], index) => `${index ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`).join("");
  return s(
    "svg",
    { class: "spark", viewBox: "0 0 120 36", preserveAspectRatio: "none", role: "img", "aria-label": label },
    s("path", { class: "area", d: `${line}L120 36L0 36Z` }),
    s("path", { class: "line", d: line }),
  );
}

function render(root, series, width) {
  const { items, comparison, interval, metric } = series;
  const values = items.map((item) => item[metric.key]);
  const before = (comparison || []).map((item) => (item ? item[metric.key] : null));
  const top = niceTop(Math.max(...values, ...before.filter((value) => value !== null), 0));
  const step = (width - LEFT - RIGHT) / Math.max(items.length - 1, 1);
  const x = (index) => LEFT + (items.length === 1 ? (width - LEFT - RIGHT) / 2 : index * step);
  const y = (value) => HEIGHT - BOTTOM - (value / top) * (HEIGHT - TOP - BOTTOM);
  const path = (numbers) => {
    let text = "";
    numbers.forEach((value, index) => {
      if (value === null) return;
      text += `${text && numbers[index - 1] !== null ? "L" : "M"}${x(index).toFixed(1)} ${y(value).toFixed(1)}`;
    });
    return text;
  };
  const isOpen = items.length > 1 && items.at(-1).partial;
  const solid = isOpen ? values.slice(0, -1) : values;
  const base = HEIGHT - BOTTOM;
  const area = values.length > 1 ? `${path(values)}L${x(values.length - 1)} ${base}L${x(0)} ${base}Z` : "";

  const grid = [0, 0.25, 0.5, 0.75, 1].map((part) =>
    s(
      "g",
      { class: "grid" },
      s("line", { x1: LEFT, x2: width - RIGHT, y1: y(part * top), y2: y(part * top) }),
      (part * 4) % 2 === 0 && s("text", { x: LEFT - 8, y: y(part * top) + 4, "text-anchor": "end" }, metric.show(part * top)),
    ),
  );
  const every = Math.max(1, Math.ceil(items.length / Math.max(2, Math.floor((width - LEFT) / 86))));
  const labels = items.map(
    (item, index) =>
      index % every === 0 &&
      s(
        "text",
        { class: "tick", x: x(index), y: HEIGHT - 6, "text-anchor": index === 0 ? "start" : index === items.length - 1 ? "end" : "middle" },
        tick(item, interval),
      ),
  );
  const notes = (series.annotations || []).map((note) => {
    const index = items.findLastIndex((item) => Date.parse(item.time) <= Date.parse(note.at));
    return index < 0
      ? null
      : s(
          "g",
          { class: "note" },
          s("line", { x1: x(index), x2: x(index), y1: TOP, y2: base }),
          s("circle", { cx: x(index), cy: TOP, r: 4 }, s("title", {}, note.text)),
        );
  });
  const cursor = s("line", { class: "cursor", y1: TOP, y2: base, visibility: "hidden" });
  const dot = s("circle", { class: "dot", r: 4, visibility: "hidden" });
  const svg = s(
    "svg",
    {
      class: "chart",
      viewBox: `0 0 ${width} ${HEIGHT}`,
      width,
      height: HEIGHT,
      role: "img",
      tabindex: "0",
      "aria-label": `${metric.label} over time; arrow keys step through it${series.onpick ? ", Enter shows one day" : ""}`,
    },
    grid,
    labels,
    notes,
    s("path", { class: "line before", d: path(before) }),
    s("path", { class: "area", d: area }),
    s("path", { class: "line", d: path(solid) }),
    isOpen && s("path", { class: "line open", d: path(values.map((value, index) => (index < values.length - 2 ? null : value))) }),
    items.length === 1 && s("circle", { class: "dot", cx: x(0), cy: y(values[0]), r: 4 }),
    cursor,
    dot,
  );
  const tip = h("div", { class: "tip", role: "status", hidden: true });
  let at = -1;
  function show(index) {
    at = Math.max(0, Math.min(items.length - 1, index));
    const item = items[at];
    cursor.setAttribute("x1", x(at));
    cursor.setAttribute("x2", x(at));
    dot.setAttribute("cx", x(at));
    dot.setAttribute("cy", y(values[at]));
    for (const mark of [cursor, dot]) mark.setAttribute("visibility", "visible");
    const note = (series.annotations || []).filter((one) => {
      const next = items[at + 1];
      return Date.parse(one.at) >= Date.parse(item.time) && (!next || Date.parse(one.at) < Date.parse(next.time));
    });
    replace(
      tip,
      h("b", {}, bucket(item, interval), item.partial ? " (so far)" : ""),
      h("div", { class: "now" }, metric.label, h("span", {}, metric.show(values[at]))),
      before[at] !== null && before[at] !== undefined && h("div", {}, bucket(comparison[at], interval), h("span", {}, metric.show(before[at]))),
      note.map((one) => h("div", { class: "said" }, one.text)),
    );
    tip.hidden = false;
    const left = Math.min(Math.max(x(at) - tip.offsetWidth / 2, 0), width - tip.offsetWidth);
    tip.style.transform = `translate(${left}px, 0)`;
  }
  function hide() {
    tip.hidden = true;
    for (const mark of [cursor, dot]) mark.setAttribute("visibility", "hidden");
  }
  svg.addEventListener("pointermove", (event) => {
    const box = svg.getBoundingClientRect();
    show(Math.round((event.clientX - box.left - LEFT) / step || 0));
  });
  svg.addEventListener("pointerleave", hide);
  svg.addEventListener("blur", hide);
  svg.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && at >= 0) return series.onpick?.(items[at]);
    const last = items.length - 1;
    const next = { ArrowLeft: at < 0 ? last : at - 1, ArrowRight: at + 1, Home: 0, End: last }[event.key];
    if (next === undefined) return;
    show(next);
    event.preventDefault();
  });
  if (series.onpick) svg.addEventListener("click", () => at >= 0 && series.onpick(items[at]));
  replace(root, svg, tip, table(series, before));
}

function table({ items, comparison, interval, metric }, before) {
  const body = h("tbody");
  items.forEach((item, index) => {
    put(
      body,
      h(
        "tr",
        {},
        h("th", { scope: "row" }, bucket(item, interval)),
        h("td", {}, metric.show(item[metric.key])),
        comparison && h("td", {}, before[index] === null || before[index] === undefined ? "" : metric.show(before[index])),
      ),
    );
  });
  const head = h("tr", {}, h("th", {}, "Time"), h("th", {}, metric.label), comparison && h("th", {}, "Before"));
  return h("table", { class: "unseen" }, h("caption", {}, `${metric.label} over time`), h("thead", {}, head), body);
}

function niceTop(value) {
  if (value <= 0) return 4;
  const power = 10 ** Math.floor(Math.log10(value));
  const found = [1, 1.2, 1.6, 2, 2.4, 3.2, 4, 5, 6, 8, 10].find((one) => one * power >= value) * power;
  return value <= 4 && Number.isInteger(value) ? 4 : found;
}
