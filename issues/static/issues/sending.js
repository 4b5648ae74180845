// A form leaves only when the server can be reached: otherwise the browser would put its own error page in its place.

const PATIENCE = 6000; // milliseconds for an answer of any kind

/** @param {string} url @returns {Promise<boolean>} */
async function isReachable(url) {
  if (!navigator.onLine) return false;
  try {
    await fetch(url, { method: "HEAD", cache: "no-store", signal: AbortSignal.timeout(PATIENCE) });
    return true;
  } catch {
    return false;
  }
}

/**
 * Asks before every sending whether somebody is there.
 * @param {HTMLFormElement} form
 * @param {{trouble: () => string, onLeaving: () => void, onTrouble: (words: string) => void, offline: string}} handlers
 *   `trouble`: why the form cannot leave yet, or ""; `onTrouble`: says that, or `offline`, or takes it back with ""
 */
export function sendWhenReachable(form, { trouble, onLeaving, onTrouble, offline }) {
  let state = "here";
  addEventListener("pageshow", () => (state = "here"));
  form.addEventListener("submit", async (event) => {
    if (state === "reached") return; // asked for below
    event.preventDefault();
    event.stopImmediatePropagation();
    const why = trouble();
    onTrouble(why);
    if (why || state === "asking") return;
    state = "asking";
    const submitter = event.submitter;
    submitter?.classList.add("btn-work");
    const reachable = await isReachable(form.action);
    submitter?.classList.remove("btn-work");
    state = reachable ? "reached" : "here";
    if (!reachable) return onTrouble(offline);
    onLeaving();
    form.requestSubmit(submitter);
  });
}
