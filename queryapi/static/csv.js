// Tables as files that spreadsheets open.

import { h, notify } from "./dom.js";

// A browser that is busy, or asks where to, reads the blob later than the click.
const KEPT_MS = 60_000;

/** A button that saves what `table` gives: {columns, rows}. */
export function csvButton(name, table) {
  const saveTable = async () => {
    try {
      const { columns, rows } = await table();
      save(`${name}.csv`, new Blob([csv(columns, rows)], { type: "text/csv" }));
    } catch (error) {
      notify(error.message);
    }
  };
  return h("button", { class: "quiet", "aria-label": `CSV of ${name}`, onclick: saveTable }, "CSV");
}

// A cell that a spreadsheet would compute is made text (RELIABILITY 6.4).
function csv(columns, rows) {
  const cell = (value) => {
    const text = value === null || value === undefined ? "" : String(value);
    const safe = /^[=+\-@\t\r]/.test(text) && typeof value !== "number" ? `'${text}` : text;
    return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
  };
  return [columns, ...rows].map((row) => row.map(cell).join(",")).join("\r\n");
}

/** Hand what is in `blob` to the browser as a file. */
export function save(name, blob) {
  const url = URL.createObjectURL(blob);
  h("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), KEPT_MS);
}
