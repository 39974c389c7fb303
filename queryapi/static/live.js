// Who is here now: told by the server as it happens, asked for again and again where that cannot be.

import { get, listen } from "./api.js";
import { asked } from "./state.js";

const POLL_MS = 5000;

/** Give `told` the realtime report now and whenever it changes, while the page is seen, until `signal` ends it. */
export async function follow(state, signal, told) {
  const { filters, include_bots } = asked(state);
  const path = `/api/v1/analytics/${encodeURIComponent(state.site)}`;
  const parameters = Object.fromEntries(Object.entries({ filters, include_bots }).filter(([, value]) => value));
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
