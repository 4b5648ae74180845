// The card of the selected thing: beside its mark on a desktop, instead of the sheet on a phone.

import { find } from "./page.js";

const BESIDE = 48; // pixels: half a selected mark and some air
const [UNDER, OVER] = [16, 72]; // below its tip, above its top

export class Card {
  /** @type {HTMLElement} */ #element;
  /** @type {() => void} */ #onClose;

  /** @param {HTMLElement} element @param {() => void} onClose */
  constructor(element, onClose) {
    this.#element = element;
    this.#onClose = onClose;
    find("[data-close]", HTMLElement, element).addEventListener("click", () => this.#onClose());
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && this.isOpen && !event.defaultPrevented) this.#onClose();
    });
  }

  get isOpen() {
    return !this.#element.hidden;
  }

  /** @returns {number} pixels */
  get height() {
    return this.#element.offsetHeight;
  }

  /** Shows what the list says of a thing. @param {HTMLElement} row an item of the list @param {{focus: boolean}} options */
  show(row, { focus }) {
    const link = row.querySelector(".item-title a"); // what others do not see yet has no page
    const body = find(".pick-body", HTMLElement, this.#element);
    body.replaceChildren(...[...row.children].map((child) => child.cloneNode(true)));
    const title = find("h2", HTMLElement, body);
    title.className = "pick-title";
    title.id = "pick-title";
    const details = find("[data-details]", HTMLAnchorElement, this.#element);
    details.hidden = !(link instanceof HTMLAnchorElement);
    if (link instanceof HTMLAnchorElement) details.href = link.href;
    this.#element.hidden = false;
    if (focus) this.#element.focus({ preventScroll: true });
  }

  hide() {
    this.#element.hidden = true;
  }

  /**
   * Stands beside a pixel of the map: at the right, else at the left, else below or above it.
   * @param {{x: number, y: number}} pixel
   * @param {{top: number, left: number, width: number, height: number}} room pixels that no panel covers
   */
  standAt({ x, y }, room) {
    const { offsetWidth: width, offsetHeight: height } = this.#element;
    const within = (/** @type {number} */ value, /** @type {number} */ least, /** @type {number} */ most) => Math.max(Math.min(value, most), least);
    const [right, left] = [x + BESIDE, x - BESIDE - width];
    const [furthest, lowest] = [room.left + room.width - width - 8, room.top + room.height - height - 8];
    const isBeside = right <= furthest || left >= room.left + 8;
    const across = right <= furthest ? right : isBeside ? left : within(x - width / 2, room.left + 8, furthest);
    const below = y + UNDER <= lowest ? y + UNDER : y - OVER - height;
    this.#element.style.setProperty("--x", `${across}px`);
    this.#element.style.setProperty("--y", `${within(isBeside ? y - 88 : below, room.top + 8, lowest)}px`);
  }
}
