// Asks the API. The cookie of the session goes along by itself; scripts never see it.

const ROOT = new URL("../../../v1/", import.meta.url);
const KEPT_MS = 60_000;
const kept = new Map();

/** What the API answered instead of what was asked for. `status` is 0 if it did not answer at all. */
export class Problem extends Error {
  constructor(status, detail, requestId = null, errors = []) {
    super(detail);
    this.status = status;
    this.requestId = requestId;
    this.errors = errors;
  }
}

/** Return the address of a route, for links too. Parameters that are null or empty are left out. */
export function address(path, params = {}) {
  const url = new URL(path, ROOT);
  for (const [name, value] of Object.entries(params)) {
    for (const one of [value].flat()) {
      if (one !== null && one !== undefined && one !== "") url.searchParams.append(name, one);
    }
  }
  return url.href;
}

/** Return filters as routes take them: a comma of a value has a backslash before it, one between values has not. */
export function filterParams(filters) {
  const escaped = (values) => values.map((value) => value.replace(/[\\,]/g, "\\$&"));
  return Object.fromEntries(Object.entries(filters).map(([name, values]) => [name, escaped(values)]));
}

/**
 * Return the answer to a GET. It is kept for a minute, so that sections that ask the same ask once. Without a session
 * the window hears of it, as `signed-out`.
 */
export function get(path, params) {
  const url = address(path, params);
  const found = kept.get(url);
  if (found && Date.now() - found.at < KEPT_MS) return found.answer;
  const answer = ask(url);
  kept.set(url, { at: Date.now(), answer });
  answer.catch((problem) => {
    kept.delete(url);
    if (problem.status === 401) window.dispatchEvent(new Event("signed-out"));
  });
  return answer;
}

/** Forget all answers, so that everything is asked again. */
export function forget() {
  kept.clear();
}

/** Exchange a key for the cookie of a session. */
export async function signIn(key) {
  const body = JSON.stringify({ key });
  await ask(address("session"), { method: "POST", body, headers: { "Content-Type": "application/json" } });
}

/** End the session. */
export async function signOut() {
  const session = await ask(address("session"));
  await ask(address("session"), { method: "DELETE", headers: { "X-CSRF-Token": session.csrf_token } });
}

async function ask(url, options = {}) {
  let response;
  try {
    response = await fetch(url, { headers: { Accept: "application/json" }, ...options });
  } catch {
    throw new Problem(0, "The server cannot be reached. Is it running, and is the network up?");
  }
  if (!response.ok) throw await problemOf(response);
  return response.status === 204 ? null : response.json();
}

async function problemOf(response) {
  const id = response.headers.get("X-Request-ID");
  try {
    const { detail, request_id: requestId, errors } = await response.json();
    return new Problem(response.status, detail ?? response.statusText, requestId ?? id, errors ?? []);
  } catch {
    return new Problem(response.status, response.statusText || "The server failed.", id);
  }
}
