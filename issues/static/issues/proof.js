// The form's work against floods: it begins as soon as somebody fills in the form, and is done long before they send.

import { find } from "../geodata/page.js";
import { wordsOf } from "../geodata/words.js";

const FRESH = 90 * 60_000; // milliseconds; the server takes one for two hours
const PATIENCE = 15_000; // milliseconds that a press waits; then the report goes without

/** @typedef {{challenge: string, solution: string, at: number}} Solved */

/**
 * @param {string} url where challenges come from
 * @param {string} worker its script
 * @returns {Promise<Solved>} throws without a network
 */
async function prove(url, worker) {
  const answer = await fetch(url, { cache: "no-store", headers: { Accept: "application/json" } });
  if (!answer.ok) throw new Error(`No challenge came: ${answer.status}.`);
  const { challenge } = await answer.json();
  return { challenge, solution: await solveBeside(challenge, worker), at: Date.now() };
}

/** @param {string} challenge @param {string} script @returns {Promise<string>} */
function solveBeside(challenge, script) {
  return new Promise((resolve, reject) => {
    const worker = new Worker(script, { type: "module" });
    const end = (/** @type {() => void} */ settle) => (worker.terminate(), settle());
    worker.addEventListener("message", ({ data }) => end(() => resolve(data)));
    worker.addEventListener("error", () => end(() => reject(new Error("The worker of the proof did not start."))));
    worker.postMessage(challenge);
  });
}

class FormProof {
  /** @type {HTMLFormElement} */ #form;
  /** @type {Solved | null} */ #solved = null;
  /** @type {Promise<void> | null} */ #working = null;
  #hasTried = false;

  /** @param {HTMLFormElement} form with data-proof and data-proof-worker */
  constructor(form) {
    this.#form = form;
    for (const kind of ["input", "change", "focusin", "pointerdown"])
      form.addEventListener(kind, () => this.#begin(), { once: true, passive: true });
    form.addEventListener("formdata", ({ formData }) => this.#write(formData));
    form.addEventListener("submit", (event) => this.#hold(event), { capture: true });
    addEventListener("online", () => this.#begin());
    addEventListener("pageshow", ({ persisted }) => persisted && this.#forget());
  }

  get #isGood() {
    return this.#solved !== null && Date.now() - this.#solved.at < FRESH;
  }

  /** @returns {Promise<void>} when it is done, or cannot be */
  #begin() {
    if (this.#isGood) return Promise.resolve();
    const { proof = "", proofWorker = "" } = this.#form.dataset;
    this.#working ??= prove(proof, proofWorker)
      .then((solved) => void (this.#solved = solved), (error) => console.warn(error))
      .finally(() => (this.#working = null));
    return this.#working;
  }

  /** Each is taken once. */
  #forget() {
    [this.#solved, this.#hasTried] = [null, false];
  }

  /** @param {FormData} data */
  #write(data) {
    if (!this.#solved) return;
    data.set("proof", this.#solved.challenge);
    data.set("proof_work", this.#solved.solution);
  }

  /** A press that comes too early waits a moment; what cannot be proved goes without. @param {SubmitEvent} event */
  async #hold(event) {
    const { submitter } = event;
    const isSending = submitter instanceof HTMLButtonElement && submitter.value === "send";
    if (!isSending || this.#isGood || this.#hasTried) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    const said = find("#send-trouble", HTMLElement);
    said.textContent = wordsOf(this.#form)("proving");
    await Promise.race([this.#begin(), new Promise((resolve) => setTimeout(resolve, PATIENCE))]);
    this.#hasTried = true;
    said.textContent = "";
    if ("requestSubmit" in this.#form) this.#form.requestSubmit(submitter);
    else submitter.click();
  }
}

if ("L" in window) new FormProof(find("#report-form", HTMLFormElement));
