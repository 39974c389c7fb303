// The public API, asked as any user may: with the session's cookie, or with a bearer token.

const KEY = "analytics.token";
const SIGNED_IN = "analytics.signed_in";
let bearer = sessionStorage.getItem(KEY);
const ahead = new Map();

/** A refusal or a failure, in the API's words. */
export class ApiError extends Error {
  constructor(status, body) {
    super(body.error || `The server answered ${status}`);
    this.status = status;
    this.code = body.code;
    this.details = body.details || {};
  }
}

/** Use a token from now on, for this tab; null forgets it. */
export function useToken(token, isKept = true) {
  bearer = token;
  if (token && isKept) sessionStorage.setItem(KEY, token);
  else sessionStorage.removeItem(KEY);
}

/** The role that the token names, viewer for one that names none, such as a key. */
export function roleOfToken() {
  try {
    return JSON.parse(atob(bearer.split(".")[1].replaceAll("-", "+").replaceAll("_", "/"))).role;
  } catch {
    return "viewer";
  }
}

export function hasToken() {
  return !!bearer;
}

/** Whether somebody signed in here: asking for the session of nobody would only leave a refusal in the console. */
export function hasSignedIn() {
  return !!localStorage.getItem(SIGNED_IN);
}

export function noteSignIn(isSignedIn) {
  if (isSignedIn) localStorage.setItem(SIGNED_IN, "1");
  else localStorage.removeItem(SIGNED_IN);
}

/** One request; gives the decoded body, null where there is none. Throws ApiError. */
export async function call(method, path, body, signal) {
  const sent = body === undefined ? {} : { body: JSON.stringify(body), type: "application/json" };
  const response = await request(method, path, { ...sent, signal });
  const text = await response.text();
  return text ? JSON.parse(text) : null;
}

/** One request with a body of any `type`; gives the response. Throws ApiError. */
export async function request(method, path, { body, type, signal } = {}) {
  const response = await fetch(path, {
    method,
    signal,
    // Asked again each time, for a 304: what was just changed here must not be shown as it was.
    cache: "no-cache",
    headers: { ...headers(), ...(type ? { "Content-Type": type } : {}) },
    body,
  });
  if (!response.ok) throw new ApiError(response.status, await response.json().catch(() => ({})));
  return response;
}

/** GET with parameters, as `address` takes them. */
export function get(path, parameters, signal) {
  const url = address(path, parameters);
  const begun = ahead.get(url);
  ahead.delete(url);
  return begun || call("GET", url, undefined, signal);
}

/** Begin what `get` will soon be asked for: the first to ask for the same takes this answer. */
export function getAhead(path, parameters) {
  const url = address(path, parameters);
  const begun = call("GET", url);
  begun.catch(() => {});
  ahead.set(url, begun);
}

/** A path with parameters; those that are null, undefined or empty are left out. */
export function address(path, parameters) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters || {})) {
    if (value !== null && value !== undefined && value !== "") query.append(name, value);
  }
  const text = query.toString();
  return text ? `${path}?${text}` : path;
}

/** Server-sent events of a path: `told` gets each decoded one, until `signal` ends it. Throws when it cannot go on. */
export async function listen(path, parameters, signal, told) {
  const response = await fetch(address(path, parameters), { headers: headers(), signal });
  if (!response.ok) throw new ApiError(response.status, {});
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let unread = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) throw new ApiError(0, { error: "the stream ended" });
    unread += value;
    for (let end; (end = unread.indexOf("\n\n")) >= 0; unread = unread.slice(end + 2)) {
      const data = unread
        .slice(0, end)
        .split("\n")
        .filter((line) => line.startsWith("data:"))
        .map((line) => line.slice(5))
        .join("\n");
      if (data) told(JSON.parse(data));
    }
  }
}

function headers() {
  return bearer ? { Authorization: `Bearer ${bearer}` } : {};
}
