// What the words of a report bring while it is written: warnings of danger, and guesses what it is about.

import { afterPause, copyOf, find, isReplaced } from "../geodata/page.js";

const PAUSE = 350; // milliseconds

export class WordsHints {
  /** @type {HTMLElement} */ #danger;
  /** @type {HTMLElement} */ #guesses;
  /** @type {HTMLFormElement} */ #form;
  /** @type {() => void} */ #onShown;
  /** @type {AbortController | null} */ #running = null;
  #asked = "";
  #soon = afterPause((/** @type {string} */ query) => this.#ask(query), PAUSE);

  /** @param {HTMLFormElement} form @param {() => void} onShown the form has other fields now */
  constructor(form, onShown) {
    [this.#form, this.#onShown] = [form, onShown];
    addEventListener("online", () => onShown()); // what could not be asked is asked now
    this.#danger = find("#danger", HTMLElement, form);
    this.#guesses = find("#guesses", HTMLElement, form);
    this.#danger.addEventListener("change", ({ target }) => {
      if (target instanceof HTMLInputElement && target.checked) this.#sayWaiting(target, false);
    });
    this.#guesses.addEventListener("click", (event) => {
      const button = event.target instanceof Element ? event.target.closest("[data-guess]") : null;
      if (!(button instanceof HTMLElement)) return;
      event.preventDefault();
      this.#choose(button.dataset.guess ?? "");
    });
  }

  /** Asks again when something changed. @param {string} text @param {string} category */
  update(text, category) {
    if (category) this.#guesses.replaceChildren(); // a choice is never doubted
    const query = new URLSearchParams({ text: text.trim(), category }).toString();
    if (query === this.#asked) return;
    this.#asked = query;
    if (text.trim() || category) return this.#soon(query);
    this.#danger.replaceChildren();
    this.#guesses.replaceChildren();
  }

  /** Goes to the first warning that nobody has answered yet, and says there what it waits for. @returns {boolean} one is left */
  goToOpen() {
    const box = this.#danger.querySelector("[name=danger]:not(:checked)");
    if (!(box instanceof HTMLInputElement)) return false;
    this.#sayWaiting(box, true);
    box.focus();
    return true;
  }

  /** @param {HTMLInputElement} box @param {boolean} isWaiting */
  #sayWaiting(box, isWaiting) {
    const said = box.closest("[data-danger]")?.querySelector("[data-waits]");
    if (said instanceof HTMLElement) said.hidden = !isWaiting;
  }

  /** @param {string} code */
  #choose(code) {
    const radio = this.#form.querySelector(`[name=category][value="${CSS.escape(code)}"]`);
    if (!(radio instanceof HTMLInputElement)) return;
    radio.checked = true;
    this.#guesses.replaceChildren();
    radio.focus();
    radio.dispatchEvent(new Event("input", { bubbles: true }));
  }

  /** @param {string} query */
  async #ask(query) {
    if (query !== this.#asked) return;
    this.#running?.abort();
    const mine = (this.#running = new AbortController());
    const body = new URLSearchParams(query);
    for (const box of this.#boxes()) if (box.checked) body.append("danger", box.value);
    body.set("csrfmiddlewaretoken", find("[name=csrfmiddlewaretoken]", HTMLInputElement, this.#form).value);
    try {
      const response = await fetch(this.#danger.dataset.url ?? "", { method: "POST", body, signal: mine.signal });
      if (!response.ok) throw new Error(`${response.status}`);
      const html = await response.text();
      if (query === this.#asked) this.#show(html);
    } catch (error) {
      if (isReplaced(error)) return;
      console.warn(error);
      this.#asked = ""; // the next change asks again; the server asks before sending in any case
      if (body.get("text") || body.get("category")) this.#showUnknown();
    }
  }

  /** Nobody can say what the words mean: whoever is in danger finds the numbers all the same. */
  #showUnknown() {
    const here = document.querySelectorAll("#danger-unknown").length && !this.#danger.firstElementChild;
    if (here) this.#danger.replaceChildren(copyOf("danger-unknown"));
  }

  #boxes() {
    return /** @type {HTMLInputElement[]} */ ([...this.#danger.querySelectorAll("[name=danger]")]);
  }

  /** What is shown already stays as it is: it would be read aloud once more. @param {string} html our own server's */
  #show(html) {
    const fresh = document.createElement("template");
    fresh.innerHTML = html;
    this.#danger.querySelector("[data-unknown]")?.remove();
    const danger = find("[data-part=danger]", HTMLElement, fresh.content);
    const codes = [...danger.querySelectorAll("[name=danger]")].map((box) => /** @type {HTMLInputElement} */ (box).value);
    if (codes.join(" ") !== this.#boxes().map((box) => box.value).join(" ")) {
      this.#danger.replaceChildren(...danger.childNodes);
      this.#onShown();
    }
    const guesses = find("[data-part=guesses]", HTMLElement, fresh.content);
    const offered = (/** @type {Element} */ part) => [...part.querySelectorAll("[data-guess]")].map(({ textContent }) => textContent);
    if (offered(guesses).join() !== offered(this.#guesses).join()) this.#guesses.replaceChildren(...guesses.childNodes);
  }
}
