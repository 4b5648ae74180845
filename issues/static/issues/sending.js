// A form leaves only when the server can be reached: otherwise the browser would put its own error page in its place.

import { freshToken } from "./session.js";

/** Sends the form as that button would. @param {HTMLFormElement} form @param {HTMLElement | null} submitter */
function submit(form, submitter) {
  if ("requestSubmit" in form) form.requestSubmit(submitter);
  else submitter?.click(); // browsers of 2021
}

/** @param {string} token of the session, for every form of the page */
export function writeToken(token) {
  for (const input of document.querySelectorAll("[name=csrfmiddlewaretoken]"))
    /** @type {HTMLInputElement} */ (input).value = token;
}

/**
 * @typedef {object} Handlers
 * @property {() => string} trouble why the form cannot leave yet, or ""
 * @property {(words: string) => void} onTrouble says that, or takes it back with ""
 * @property {() => Promise<boolean>} ready somebody is there: whatever must go before the form; false when that did not go
 * @property {() => Promise<unknown>} onLeaving
 * @property {() => Promise<unknown>} onOffline nobody is there
 */

/** Asks before every sending whether somebody is there. @param {HTMLFormElement} form @param {Handlers} handlers */
export function sendWhenReachable(form, { trouble, onTrouble, ready, onLeaving, onOffline }) {
  /** @type {"here" | "asking" | "leaving"} */
  let state = "here";

  /** @returns {Promise<boolean>} whether the form may leave now */
  async function mayLeave() {
    const token = await freshToken(form.action);
    if (token) writeToken(token);
    if (token === null || !(await ready())) return await onOffline(), false;
    onTrouble(trouble()); // something may have begun meanwhile
    if (trouble()) return false;
    await onLeaving();
    return true;
  }

  form.addEventListener("submit", async (event) => {
    if (state === "leaving" || form.dataset.sending) return; // asked for below; or on its way, and not sent twice
    event.preventDefault();
    event.stopImmediatePropagation();
    onTrouble(trouble());
    if (trouble() || state === "asking") return;
    state = "asking";
    const submitter = event.submitter;
    submitter?.classList.add("btn-work");
    const leaves = await mayLeave();
    submitter?.classList.remove("btn-work");
    if (leaves) {
      state = "leaving";
      submit(form, submitter);
    }
    state = "here";
  });
}
