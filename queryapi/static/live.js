// Who is here now: asked for again and again.

import { get } from "./api.js";
import { asked } from "./state.js";

const POLL_MS = 5000;

/** Give `told` the realtime report now and whenever it changes, until `signal` ends it. */
export async function follow(state, signal, told) {
  const { filters, include_bots } = asked(state);
  const path = `/api/v1/analytics/${encodeURIComponent(state.site)}`;
  const parameters = Object.fromEntries(Object.entries({ filters, include_bots }).filter(([, value]) => value));
  while (!signal.aborted) {
    try {
      if (!document.hidden) told(await get(`${path}/realtime`, parameters, signal));
    } catch {
      // The next one may be answered.
    }
    await new Promise((done) => setTimeout(done, POLL_MS));
  }
}
