// Modules that nobody waits for at first.

import { notify } from "./dom.js";

/** Load a module of the page; where there is no such version any more, say so, and go no further. */
export async function late(name) {
  try {
    return await import(name);
  } catch {
    notify("This page was opened before the server was renewed. Load it again.");
    return new Promise(() => {});
  }
}
