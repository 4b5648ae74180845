// The list beside the map: rows as the server renders them, found by the key of their thing.

import { find, isReplaced, newestOnly } from "./page.js";

/** @typedef {import("./trouble.js").Trouble} Trouble */
/** @typedef {import("./words.js").Words} Words */
/** @typedef {{words: Words, url: string, mineUrl?: string, trouble: Trouble}} Surroundings `mineUrl`: of what the reader alone sees */

export class Rows {
  /** @type {HTMLElement} */ #list;
  /** @type {HTMLElement} */ #heading;
  /** @type {Surroundings} */ #around;
  #getMore = newestOnly();
  #getOne = newestOnly();
  /** The thing whose row the server is asked for. @type {{key: string} | null} */ #awaited = null;

  /** @param {HTMLElement} list @param {HTMLElement} heading @param {Surroundings} around */
  constructor(list, heading, around) {
    [this.#list, this.#heading, this.#around] = [list, heading, around];
    list.addEventListener("click", (event) => {
      const more = event.target instanceof Element && event.target.closest("[data-more]");
      if (!(more instanceof HTMLAnchorElement)) return;
      event.preventDefault();
      this.#more(more);
    });
  }

  /** Whether what stands here is being read anew. @param {boolean} isBusy */
  set busy(isBusy) {
    if (isBusy) this.#list.setAttribute("aria-busy", "true");
    else this.#list.removeAttribute("aria-busy");
  }

  /** @returns {string} how many things the list names on all of its pages, as people write it */
  get total() {
    return this.#list.querySelector("[data-total]")?.getAttribute("data-total") ?? "";
  }

  /** @param {string} html the list as the server renders it @param {{isPile: boolean}} options of one place only */
  show(html, { isPile }) {
    const focused = document.activeElement?.closest("[data-key]")?.getAttribute("data-key");
    this.#list.innerHTML = html; // our own server's words, escaped there
    const said = this.#list.querySelector("[data-heading]")?.getAttribute("data-heading");
    if (said) this.#heading.textContent = isPile ? this.#around.words("in-pile", { n: this.total }) : said;
    if (focused && !document.activeElement?.closest("[data-key]")) this.of(focused)?.querySelector("a")?.focus();
  }

  /** @param {string} key @returns {HTMLElement | null} */
  of(key) {
    return this.#list.querySelector(`[data-key="${CSS.escape(key)}"]`);
  }

  /** @param {string} key @param {boolean} isNear */
  near(key, isNear) {
    this.of(key)?.classList.toggle("is-near", isNear);
  }

  /** Runs `listener` when a row is pointed at or focused, and when it is left. @param {(key: string, isNear: boolean) => void} listener */
  onNear(listener) {
    const tell = (/** @type {Event} */ { target }, /** @type {boolean} */ isNear) => {
      const key = target instanceof Element && target.closest("[data-key]")?.getAttribute("data-key");
      if (key) listener(key, isNear);
    };
    for (const name of ["pointerover", "focusin"]) this.#list.addEventListener(name, (event) => tell(event, true));
    for (const name of ["pointerout", "focusout"]) this.#list.addEventListener(name, (event) => tell(event, false));
  }

  /** @param {string} key @returns {boolean} true while the server is asked for the row of this thing */
  isAwaited(key) {
    return this.#awaited?.key === key;
  }

  /** A row that is not on the list's first page; null when there is no such thing any more. @param {string} key */
  async fromServer(key) {
    const mine = (this.#awaited = { key });
    const { url, mineUrl } = this.#around;
    try {
      return (await this.#only(url, key)) ?? (mineUrl ? await this.#only(mineUrl, key) : null);
    } finally {
      if (this.#awaited === mine) this.#awaited = null;
    }
  }

  /** @param {string} url @param {string} key */
  async #only(url, key) {
    const response = await this.#getOne(`${url}?${new URLSearchParams({ only: key })}`);
    const page = document.createElement("template");
    page.innerHTML = await response.text(); // our own server's words, escaped there
    return page.content.querySelector("li");
  }

  /** @param {HTMLAnchorElement} link */
  async #more(link) {
    const rows = find("ol", HTMLElement, this.#list);
    const foot = /** @type {HTMLElement} */ (link.parentElement);
    link.classList.add("btn-work");
    try {
      const response = await this.#getMore(`${this.#around.url}${new URL(link.href).search}`);
      const next = document.createElement("template");
      next.innerHTML = await response.text(); // our own server's words, escaped there
      if (!link.isConnected) return; // the list is another by now
      const added = [...next.content.querySelectorAll("li[data-key]")];
      rows.append(...added);
      const more = next.content.querySelector("[data-more]");
      if (more) link.replaceWith(more);
      else foot.remove();
      added[0]?.querySelector("a")?.focus();
    } catch (error) {
      if (isReplaced(error)) return;
      link.classList.remove("btn-work");
      this.#around.trouble.say(this.#around.words("failed"), { mayRetry: false });
    }
  }
}
