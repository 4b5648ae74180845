// The selected thing: its mark, its row and its card.

import { isReplaced } from "./page.js";

/** @typedef {import("./leaflet.js").CityMap} CityMap */
/** @typedef {import("./leaflet.js").LonLat} LonLat */
/** @typedef {import("./leaflet.js").Insets} Insets */
/**
 * @typedef {object} Surroundings
 * @property {CityMap} map
 * @property {import("./rows.js").Rows} rows
 * @property {import("./card.js").Card} card
 * @property {() => Insets} insets
 * @property {() => void} onChosen
 * @property {() => void} onLeft
 * @property {() => void} onFailed
 */

const wide = matchMedia("(min-width: 64rem)");

export class Selection {
  /** @type {string | null} */ key;
  /** @type {LonLat | null} */ #place = null;
  /** @type {Surroundings} */ #around;

  /** @param {string | null} key names the thing that the address selects @param {Surroundings} around */
  constructor(key, around) {
    this.key = key;
    this.#around = around;
  }

  /** @param {string} key */
  choose(key) {
    if (this.key && this.key !== key) this.#quiet(this.key);
    this.key = key;
    this.#place = this.#around.map.markPlace(key);
    this.show({ focus: true });
    this.#around.onChosen();
  }

  leave() {
    const { map, card, onLeft } = this.#around;
    if (!this.key) return;
    const mark = map.markElement(this.key);
    this.#quiet(this.key);
    [this.key, this.#place] = [null, null];
    card.hide();
    if (mark) mark.focus({ preventScroll: true });
    else map.focus();
    onLeft();
  }

  /** Things that were just read may tell where the selected one stands. @param {import("./marks.js").Placed[]} things */
  learn(things) {
    this.#place = things.find(({ key }) => key === this.key)?.at ?? this.#place;
  }

  /** @param {string} key */
  #quiet(key) {
    const mark = this.#around.map.markElement(key);
    mark?.classList.remove("is-on");
    mark?.removeAttribute("aria-current");
    this.#around.rows.of(key)?.classList.remove("is-on");
  }

  /** Marks the selected thing on the map and in the list, and shows its card. */
  async show({ focus = false } = {}) {
    const { map, rows, card, onFailed } = this.#around;
    const key = this.key;
    if (!key) return;
    const mark = map.markElement(key);
    mark?.classList.add("is-on");
    mark?.setAttribute("aria-current", "true");
    this.#place = map.markPlace(key) ?? this.#place;
    const row = rows.of(key);
    row?.classList.add("is-on");
    if (wide.matches) row?.scrollIntoView({ block: "nearest" });
    if (!focus && (card.isOpen || rows.isAwaited(key))) return this.placeCard();
    try {
      const found = row ?? (await rows.fromServer(key));
      if (this.key !== key) return;
      if (!found) return this.leave();
      card.show(found, { focus });
      if (focus && this.#place) map.bringIntoSight(this.#place);
      this.placeCard();
    } catch (error) {
      if (isReplaced(error) || this.key !== key) return;
      console.warn(error);
      onFailed();
    }
  }

  placeCard() {
    const { map, card, insets } = this.#around;
    if (!card.isOpen) return;
    document.body.style.setProperty("--card", `${card.height}px`);
    if (!wide.matches) return;
    const { top, left, right, bottom } = insets();
    const { width, height } = map.size();
    const room = { top, left, width: width - left - right, height: height - top - bottom };
    const pixel = this.#place ? map.pixels(this.#place) : { x: left + room.width / 2, y: top + room.height / 3 };
    card.standAt(pixel, room);
  }
}
