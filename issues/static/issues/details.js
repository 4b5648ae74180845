// What the chosen category asks: its questions, and which house, lamp… it is about. The server writes them.

import { afterPause, isReplaced, newestOnly } from "../geodata/page.js";

/** @typedef {import("../geodata/leaflet.js").LonLat} LonLat */
/** @typedef {{onShown: () => void, onPlace: (at: LonLat, asset: string) => void}} Handlers `onPlace`: a house was chosen */

/** @param {string} html @returns {string} the same, whatever is chosen in it */
const plain = (html) => html.replaceAll(' checked=""', "");

export class Details {
  /** @type {HTMLElement} */ #element;
  /** @type {HTMLElement} */ #said;
  /** @type {Handlers} */ #handlers;
  #get = newestOnly();
  #asked = "";
  /** @type {LonLat | null | undefined} where the list looks around; undefined: never told */ #around;
  #isOpen = false;
  /** What was typed and chosen last, by the name of the field. @type {Record<string, string>} */ #values = {};
  /** The same by category: kept:<category>:<name>. @type {Record<string, string>} */ #kept = {};
  /** What the server wrote last into each part. @type {Map<string, string>} */ #written = new Map();
  #soon = afterPause((/** @type {string} */ query) => this.#ask(query), 200);

  /** @param {HTMLElement} element with data-url @param {HTMLElement} said @param {Handlers} handlers */
  constructor(element, said, handlers) {
    [this.#element, this.#said, this.#handlers] = [element, said, handlers];
    element.addEventListener("change", ({ target }) => this.#onChange(target));
    element.addEventListener("input", () => this.#applyConditions());
    for (const { name, value } of this.#keptFields()) this.#kept[name] = value;
    element.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && event.target instanceof Element && event.target.matches("[data-find]")) event.preventDefault();
    });
    this.#remember();
    this.#noteParts();
    this.#applyConditions();
  }

  /** Everything that was typed and chosen, by the name of its field. @returns {Record<string, string>} */
  values() {
    this.#remember();
    return { ...this.#values, ...this.#kept };
  }

  /** Puts values of a draft back as soon as their fields are there. @param {Record<string, string>} values */
  restore(values) {
    for (const [name, value] of Object.entries(values)) (name.startsWith("kept:") ? this.#kept : this.#values)[name] ??= value;
    this.#putBack(this.#element);
    this.#applyConditions();
    this.#writeKept();
  }

  /** What the decision is asked with. @returns {Record<string, string>} */
  answers() {
    const chosen = /** @type {HTMLInputElement[]} */ ([...this.#element.querySelectorAll("input:checked")]);
    const found = chosen.filter((input) => !input.closest("[data-shown-if][hidden]"));
    return Object.fromEntries(found.filter(({ value }) => value).map(({ name, value }) => [name, value]));
  }

  /** True when nothing that must be answered is open. */
  get isDone() {
    const asked = [...this.#element.querySelectorAll("[data-required]:not([hidden])")];
    return asked.every((group) => {
      const typed = group.querySelector(":scope > input");
      return typed instanceof HTMLInputElement ? typed.value.trim() !== "" : group.querySelector("input:checked") !== null;
    });
  }

  /** What of registers may be chosen now, for the map. @returns {import("../geodata/place.js").Thing[]} */
  things() {
    const radios = /** @type {HTMLInputElement[]} */ ([...this.#element.querySelectorAll("input[data-place]")]);
    return radios
      .filter((radio) => !radio.closest("[data-shown-if][hidden]"))
      .map((radio) => {
        const [lon, lat] = (radio.dataset.place ?? "").split(" ").map(Number);
        const label = radio.parentElement?.querySelector("span")?.textContent ?? "";
        return { key: `${radio.name} ${radio.value}`, at: [lon, lat], label, isChosen: radio.checked, choose: () => radio.click() };
      });
  }

  /**
   * Asks again when something changed.
   * @param {LonLat | null} place
   * @param {HTMLInputElement | null} category the chosen one
   * @param {boolean} [isOfHouse] the pin stands there because of what was chosen: the list stays as it was
   */
  update(place, category, isOfHouse = false) {
    this.#remember();
    if (!isOfHouse || this.#around === undefined) this.#around = place;
    if (!category || category.dataset.asks === undefined) return this.#empty();
    const query = new URLSearchParams({ category: category.value });
    const [lon, lat] = (this.#around ?? []).map((degrees) => degrees.toFixed(6));
    if (lon) query.set("lon", lon);
    if (lat) query.set("lat", lat);
    for (const name of ["asset", ...this.#picked(), ...this.#searches()]) if (this.#values[name]) query.set(name, this.#values[name]);
    const text = query.toString();
    if (text === this.#asked) return;
    const isNew = this.#category() !== category.value;
    this.#asked = text;
    if (!isNew && !this.#isOpen) return; // the server wrote it, perhaps with errors
    if (isNew) this.#ask(text);
    else this.#soon(text);
  }

  /** The page has opened: from now on every change is somebody's. */
  opened() {
    this.#isOpen = true;
  }

  #category() {
    return this.#element.querySelector("[data-category]")?.getAttribute("data-category") ?? "";
  }

  /** @returns {Set<string>} names of the questions whose answers stand on the map */
  #picked() {
    const radios = /** @type {HTMLInputElement[]} */ ([...this.#element.querySelectorAll("input[data-place]")]);
    return new Set(radios.map(({ name }) => name).filter((name) => name !== "asset"));
  }

  /** @returns {string[]} names of the fields by which registers are searched */
  #searches() {
    const fields = /** @type {HTMLInputElement[]} */ ([...this.#element.querySelectorAll("[data-find]")]);
    return fields.map(({ name }) => name);
  }

  #empty() {
    this.#asked = "";
    if (!this.#category()) return;
    this.#element.replaceChildren();
    this.#writeKept();
    this.#said.textContent = "";
  }

  /** @param {string} query */
  async #ask(query) {
    if (query !== this.#asked) return;
    const url = this.#element.dataset.url ?? "";
    try {
      const response = await this.#get(`${url}${url.includes("?") ? "&" : "?"}${query}`);
      const html = await response.text();
      if (query !== this.#asked) return;
      this.#show(html);
    } catch (error) {
      if (isReplaced(error) || query !== this.#asked) return;
      console.warn(error);
      this.#asked = ""; // the next change asks again; the server asks before sending in any case
    }
  }

  /** @param {string} html our own server's words, escaped there */
  #show(html) {
    const fresh = document.createElement("template");
    fresh.innerHTML = html;
    this.#remember();
    const category = fresh.content.querySelector("[data-category]")?.getAttribute("data-category") ?? "";
    if (category && category === this.#category()) this.#renew(fresh.content);
    else {
      this.#element.replaceChildren(fresh.content);
      this.#said.textContent = category ? (this.#element.dataset.wordCame ?? "") : "";
      this.#putBack(this.#element);
      this.#noteParts();
      this.#writeKept();
    }
    this.#applyConditions();
    this.#handlers.onShown();
  }

  /** Only the parts that changed: nobody's cursor jumps. @param {DocumentFragment} fresh */
  #renew(fresh) {
    for (const part of fresh.querySelectorAll("[data-part]")) {
      const name = part.getAttribute("data-part") ?? "";
      const shown = this.#element.querySelector(`[data-part=${name}]`);
      if (!shown || this.#written.get(name) === plain(part.innerHTML)) continue;
      const focused = shown.contains(document.activeElement) ? document.activeElement : null;
      this.#written.set(name, plain(part.innerHTML));
      shown.replaceChildren(...part.childNodes);
      this.#putBack(shown);
      if (focused) this.#focusAgain(focused, shown);
    }
    for (const said of fresh.querySelectorAll("[data-said]")) {
      const shown = this.#element.querySelector(`[id="${said.id}"]`);
      if (shown && shown.textContent !== said.textContent) shown.textContent = said.textContent;
    }
  }

  #noteParts() {
    this.#written.clear();
    for (const part of this.#element.querySelectorAll("[data-part]"))
      this.#written.set(part.getAttribute("data-part") ?? "", plain(part.innerHTML));
  }

  /** The same field, made anew. @param {Element} was @param {Element} within */
  #focusAgain(was, within) {
    const { name, value, type } = /** @type {HTMLInputElement} */ (was);
    const same = /** @type {HTMLInputElement[]} */ ([...within.querySelectorAll(`[name="${name}"]`)]);
    (type === "radio" ? same.find((one) => one.value === value) : same[0])?.focus();
  }

  #fields(within = this.#element) {
    return /** @type {(HTMLInputElement | HTMLSelectElement)[]} */ ([...within.querySelectorAll("input, select")]);
  }

  #remember() {
    for (const field of this.#fields()) {
      const isRadio = field.type === "radio";
      if (field.type === "hidden" || (isRadio && !(/** @type {HTMLInputElement} */ (field).checked))) continue;
      this.#values[field.name] = field.value;
      this.#kept[`kept:${this.#category()}:${field.name}`] = field.value;
    }
  }

  #keptFields() {
    return /** @type {NodeListOf<HTMLInputElement>} */ (document.querySelectorAll("#kept-answers input"));
  }

  /** What other categories were answered goes with the form too. */
  #writeKept() {
    const mine = `kept:${this.#category()}:`;
    const others = Object.entries(this.#kept).filter(([name, value]) => value && !name.startsWith(mine) && !/:find(-|$)/.test(name));
    const inputs = others.map(([name, value]) => Object.assign(document.createElement("input"), { type: "hidden", name, value }));
    document.getElementById("kept-answers")?.replaceChildren(...inputs);
  }

  /** Shows what is asked after these answers, and hides the rest; what is hidden keeps what was typed. */
  #applyConditions() {
    /** @type {Record<string, string>} */ const answers = {};
    const shown = [];
    for (const part of this.#element.querySelectorAll("fieldset[id^=answer-], .field:has(> [name^=answer-])")) {
      if (!(part instanceof HTMLElement)) continue;
      /** @type {[string, string[]][]} */ const conditions = Object.entries(JSON.parse(part.dataset.shownIf ?? "{}"));
      part.hidden = !conditions.every(([name, fits]) => fits.includes(answers[name] ?? ""));
      if (part.hidden) continue;
      const chosen = part.querySelector("input:checked") ?? part.querySelector(":scope > input");
      const name = part instanceof HTMLFieldSetElement ? part.id : (part.querySelector("input")?.name ?? "");
      shown.push(name);
      if (chosen instanceof HTMLInputElement) answers[name] = chosen.value;
    }
    const seen = this.#element.querySelector("[name=asked-shown]");
    if (seen instanceof HTMLInputElement) seen.value = shown.join(" ");
  }

  /** @param {Element} within */
  #putBack(within) {
    for (const field of this.#fields(/** @type {HTMLElement} */ (within))) {
      const value = this.#kept[`kept:${this.#category()}:${field.name}`] ?? this.#values[field.name];
      if (value === undefined || field.type === "hidden") continue;
      if (field instanceof HTMLInputElement && field.type === "radio") field.checked ||= field.value === value;
      else if (field instanceof HTMLInputElement || [...field.options].some((one) => one.value === value)) field.value = value;
    }
  }

  /** @param {EventTarget | null} target */
  #onChange(target) {
    if (!(target instanceof HTMLInputElement) || target.name !== "asset") return;
    const [lon, lat] = (target.dataset.place ?? "").split(" ").map(Number);
    if (target.dataset.place) this.#handlers.onPlace([lon, lat], target.value);
  }

  /** Notes that the pin stands where it does because of a house, or "" because of nothing. @param {string} asset */
  notePin(asset) {
    const pinned = this.#element.querySelector("[name=pinned]");
    if (pinned instanceof HTMLInputElement) pinned.value = asset;
  }

  /** The house that the pin stands on, as the server wrote it, or "". @returns {string} */
  get pinned() {
    const pinned = this.#element.querySelector("[name=pinned]");
    return pinned instanceof HTMLInputElement ? pinned.value : "";
  }
}
