// The world as tiles: every country has one of the same size, so that a small one can be seen and clicked.

import { h, s } from "./dom.js";
import { count, flag } from "./words.js";

// Two letters a tile, `..` is sea.
const TILES = `
..................GL
......................IS........NO..SE..FI......RU
......CA........................DK....LVEE
........................IEGB..NLDECZPLLTBY
............................BELULIATHUSK..UA......KZ
............................FRCHSMSIBARSROMD..............MN
............................ADMCITHRMEXKBGTRGEAZ..UZKG..........KP
........US..............PTES......VAALMKGRLBSYAMTMAFTJ....CN....KRJP
............BS..BM......MA......TNMT....CYPSIQKWIRPK....BT
........MXCUHTDOKN....EH....DZ......LY..EGILJOBHAE..INNPBD....HKTW
........BZKYJMPRAGGPCVMR..ML....NE..........SAQAOM......MMLAVNMO
........GTHNAWDMMQLCGMSN..BF........TD....SDERYE..........THKH..PH..GU
........SVNICWGDVCBBGWGNCIGHBJ..NG........ETDJ........LK..........PW..MH
..........CRPAVETTGY..SLLR..TG....CM..CF..SS..SO....MV....MY..BN....FM
..............COSRGF..........STGQGACG..RWUGKE............SG..........NRKI
............EC........................CDBITZ....SC............ID....PG
............PE..BR..................AO......KM..................TL....SBTV
WSPF..........BO........................ZMMWYT........................VUFJ
TO..............PY..................NABWZWMZMGREMU....................NC
..............CL..........................SZ......................AU
..............ARUY....................ZALS
........................................................................NZ

................FK
`
  .trim()
  .split("\n");
const SIZE = 26;
const GAP = 2;

/** The countries of `data` (`country`, `name`, `unique_visitors`, `percentage`); a click gives its code to `pick`. */
export function drawMap(data, pick) {
  const found = new Map(data.map((row) => [row.country, row]));
  const most = Math.max(...data.filter((row) => row.country).map((row) => row.unique_visitors), 1);
  const tiles = [];
  let width = 0;
  TILES.forEach((line, y) => {
    for (let x = 0; x * 2 < line.length; x++) {
      const code = line.slice(x * 2, x * 2 + 2);
      if (code === "..") continue;
      width = Math.max(width, x + 1);
      tiles.push(tile(code, x, y, found.get(code), most, pick));
    }
  });
  const hidden = data.filter((row) => row.country && !TILES.some((line) => (line.match(/../g) || []).includes(row.country)));
  return h(
    "div",
    { class: "map" },
    s(
      "svg",
      { viewBox: `0 0 ${width * SIZE} ${TILES.length * SIZE}`, role: "group", "aria-label": "Visitors by country" },
      tiles,
    ),
    !data.length && h("p", { class: "empty" }, "Nothing in this period."),
    hidden.length > 0 && h("p", { class: "muted" }, `Not on the map: ${hidden.map((row) => row.name).join(", ")}`),
  );
}

function tile(code, x, y, row, most, pick) {
  const box = { x: x * SIZE + GAP / 2, y: y * SIZE + GAP / 2, width: SIZE - GAP, height: SIZE - GAP, rx: 4 };
  // The share of the root: one great country must not make all others look empty.
  const level = row ? 1 + Math.min(4, Math.floor(4.99 * Math.sqrt(row.unique_visitors / most))) : 0;
  const label = row ? `${row.name}: ${count(row.unique_visitors)} visitors, ${row.percentage} %` : code;
  return s(
    "g",
    row
      ? {
          class: `tile level-${level}`,
          tabindex: "0",
          role: "button",
          "aria-label": label,
          onclick: () => pick(code),
          onkeydown: (event) => (event.key === "Enter" || event.key === " ") && pick(code),
        }
      : { class: "tile level-0", "aria-hidden": "true" },
    s("rect", box),
    row && s("text", { x: box.x + (SIZE - GAP) / 2, y: box.y + 16, "text-anchor": "middle" }, code),
    s("title", {}, row ? `${flag(code)} ${label}` : code),
  );
}
