// Whether the server can be reached, and a token of its session as it is now: that of an old page may be over.

const PATIENCE = 6000; // milliseconds for an answer of any kind

/**
 * @param {string} url of the form
 * @returns {Promise<string | null>} the token, "" when the server answers without one, null when nobody is there
 */
export async function freshToken(url) {
  const patience = new AbortController();
  const end = setTimeout(() => patience.abort(), PATIENCE);
  try {
    const answer = await fetch(url, { method: "HEAD", cache: "no-store", signal: patience.signal });
    const token = answer.headers.get("X-CSRFToken");
    return token ?? (answer.ok ? null : ""); // a page without ours is that of a hotel's network
  } catch {
    return null;
  } finally {
    clearTimeout(end);
  }
}
