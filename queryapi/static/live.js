// Who is here now: told by the server as it happens, asked for again and again where that cannot be.

import { get, listen } from "./api.js";
import { asked } from "./state.js";

const POLL_MS = 10_000;

/** Give `told` the realtime report now and whenever it changes, until `signal` ends it. */
export async function follow(state, signal, told) {
  const { filters, include_bots } = asked(state);
  const path = `/api/v1/analytics/${encodeURIComponent(state.site)}`;
  const parameters = Object.fromEntries(Object.entries({ filters, include_bots }).filter(([, value]) => value));
  try {
    await listen(`${path}/live`, parameters, signal, told);
  } catch {
    if (signal.aborted) return;
  }
  while (!signal.aborted) {
    try {
      told(await get(`${path}/realtime`, parameters, signal));
    } catch {
      // The next one may be answered.
    }
    await new Promise((done) => setTimeout(done, POLL_MS));
  }
}
