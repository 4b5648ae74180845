// A form leaves only when the server can be reached: otherwise the browser would put its own error page in its place.

const PATIENCE = 6000; // milliseconds for an answer of any kind

/** @param {string} url @returns {Promise<boolean>} */
async function isReachable(url) {
  const patience = new AbortController();
  const end = setTimeout(() => patience.abort(), PATIENCE);
  try {
    await fetch(url, { method: "HEAD", cache: "no-store", signal: patience.signal });
    return true;
  } catch {
    return false;
  } finally {
    clearTimeout(end);
  }
}

/** Sends the form as that button would. @param {HTMLFormElement} form @param {HTMLElement | null} submitter */
function submit(form, submitter) {
  if ("requestSubmit" in form) form.requestSubmit(submitter);
  else submitter?.click(); // browsers of 2021
}

/**
 * Asks before every sending whether somebody is there.
 * @param {HTMLFormElement} form
 * @param {{trouble: () => string, onLeaving: () => Promise<unknown>, onTrouble: (words: string) => void, offline: string}} handlers
 *   `trouble`: why the form cannot leave yet, or ""; `onTrouble`: says that, or `offline`, or takes it back with ""
 */
export function sendWhenReachable(form, { trouble, onLeaving, onTrouble, offline }) {
  /** @type {"here" | "asking" | "leaving"} */
  let state = "here";
  form.addEventListener("submit", async (event) => {
    if (state === "leaving" || form.dataset.sending) return; // asked for below; or on its way, and not sent twice
    event.preventDefault();
    event.stopImmediatePropagation();
    onTrouble(trouble());
    if (trouble() || state === "asking") return;
    state = "asking";
    const submitter = event.submitter;
    submitter?.classList.add("btn-work");
    const reachable = await isReachable(form.action);
    submitter?.classList.remove("btn-work");
    const why = reachable ? trouble() : offline; // something may have begun meanwhile
    if (why) {
      state = "here";
      return onTrouble(why);
    }
    await onLeaving();
    state = "leaving";
    submit(form, submitter);
    state = "here";
  });
}
