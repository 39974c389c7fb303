// All events of a website as a file, and such a file in again.

import { address, request } from "./api.js";
import { save } from "./csv.js";
import { h } from "./dom.js";
import { exact } from "./words.js";

const NDJSON = "application/x-ndjson";
// Below what the API takes of one body: 10 000 events of 400 days in 32 MiB.
const MOST_EVENTS = 5000;
const MOST_CHARACTERS = 8_000_000;
const MOST_MS = 390 * 86_400_000;

const path = (site, rest) => `/api/v1/websites/${encodeURIComponent(site)}/${rest}`;

/** Two ways out, one in, and how far they are. */
export function moving(site) {
  const told = h("p", { class: "muted", role: "status" });
  const file = h("input", { type: "file", accept: ".ndjson,.gz", "aria-label": "File of events to import", onchange: () => file.files[0] && tell(() => bringIn(site, file.files[0], say)) });
  const out = (label, format, ending) => h("button", { onclick: () => tell(() => takeOut(site, format, ending, say)) }, label);
  const buttons = [out("Export as NDJSON", undefined, "ndjson"), out("Export as CSV", "csv", "csv")];
  const say = (text) => (told.textContent = text);
  async function tell(work) {
    for (const one of [...buttons, file]) one.disabled = true;
    try {
      await work();
    } catch (error) {
      say(error.message);
    } finally {
      for (const one of [...buttons, file]) one.disabled = false;
      file.value = "";
    }
  }
  return h("div", {}, h("div", { class: "toolbar" }, buttons, h("label", { class: "check" }, "Import NDJSON", file)), told);
}

async function takeOut(site, format, ending, say) {
  const parts = [];
  let cursor;
  do {
    say(`Exporting, page ${parts.length + 1}…`);
    const response = await request("GET", address(path(site, "export"), { format, cursor }));
    cursor = response.headers.get("X-Next-Cursor");
    parts.push(await response.blob());
  } while (cursor);
  save(`${site}.${ending}`, new Blob(parts));
  say("Exported");
}

async function bringIn(site, file, say) {
  const sums = { events: 0, added: 0, present: 0 };
  for await (const lines of bodies(file)) {
    const response = await request("POST", path(site, "import"), { body: lines.join("\n"), type: NDJSON });
    const counts = await response.json();
    for (const name of Object.keys(sums)) sums[name] += counts[name];
    say(`${exact(sums.events)} events: ${exact(sums.added)} added, ${exact(sums.present)} were here before`);
  }
  if (!sums.events) say("There is no event in this file.");
}

/** Lines of a file, plain or packed, as many at a time as one body may have. */
async function* bodies(file) {
  const plain = file.name.endsWith(".gz") ? file.stream().pipeThrough(new DecompressionStream("gzip")) : file.stream();
  const reader = plain.pipeThrough(new TextDecoderStream()).getReader();
  let lines = [];
  let characters = 0;
  let first = 0;
  let unread = "";
  for (let isOver = false; !isOver; ) {
    const { value, done } = await reader.read();
    isOver = done;
    unread += value ?? "\n";
    const found = unread.split("\n");
    unread = found.pop();
    for (const line of found.filter((one) => one.trim())) {
      const at = Date.parse(/"timestamp":\s*"([^"]+)"/.exec(line)?.[1]);
      if (lines.length === MOST_EVENTS || characters + line.length > MOST_CHARACTERS || at - first > MOST_MS) {
        if (lines.length) yield lines;
        [lines, characters] = [[], 0];
      }
      if (!lines.length) first = at;
      lines.push(line);
      characters += line.length;
    }
  }
  if (lines.length) yield lines;
}
