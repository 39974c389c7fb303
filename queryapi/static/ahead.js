// Asks for what the reader waits for, while the rest of the page is still on its way.

import { getAhead, hasSignedIn, hasToken } from "./api.js";
import { courseOf, parse, sitesFrom, totalsOf } from "./state.js";

const state = parse(location.hash);
// A shared page is read with a token that it does not have yet.
if (location.pathname === "/") {
  if (state.view === "site") {
    getAhead(...courseOf(state));
    getAhead(...totalsOf(state));
  }
  if (!hasToken() && hasSignedIn()) getAhead("/api/v1/session");
  if (hasToken() || hasSignedIn()) getAhead(...sitesFrom(0));
}
