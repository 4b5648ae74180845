// The period in which things began: two ends on one line of months. The form's two fields hold it.

import { find } from "./page.js";
import { wordsOf } from "./words.js";

const MONTH = /^(\d{4})-(\d{2})/;

/** @param {string} text “2026-05” or a day of it @returns {number | null} months since year 0 */
function monthIn(text) {
  const found = MONTH.exec(text);
  return found ? Number(found[1]) * 12 + Number(found[2]) - 1 : null;
}

/** @param {number} month @returns {string} “2026-05” */
const written = (month) => `${String(Math.floor(month / 12)).padStart(4, "0")}-${String((month % 12) + 1).padStart(2, "0")}`;

export class Period {
  /** @type {HTMLElement} */ #element;
  /** @type {HTMLInputElement[]} the two ends, on the line */ #ends;
  /** @type {HTMLInputElement[]} the two fields of the form */ #fields;
  /** @type {() => void} */ #onChanged;
  #words;
  #first = 0;
  #last = 0;

  /** @param {HTMLElement} element @param {() => void} onChanged */
  constructor(element, onChanged) {
    this.#element = element;
    this.#onChanged = onChanged;
    this.#words = wordsOf(element);
    const input = (/** @type {string} */ selector) => find(selector, HTMLInputElement, element);
    this.#ends = [input("[data-end=since]"), input("[data-end=until]")];
    this.#fields = [input("[name=from]"), input("[name=to]")];
    this.#lay();
    for (const [index, end] of this.#ends.entries()) {
      end.addEventListener("input", () => this.#moved(index));
      end.addEventListener("change", (event) => {
        event.stopPropagation(); // the form's own fields tell of it
        this.#chosen();
      });
    }
    for (const field of this.#fields) field.addEventListener("change", () => this.#show());
    find("[data-all]", HTMLElement, element).addEventListener("click", () => this.#all());
    this.#show();
  }

  /** Says what the period leaves to see. @param {string} count in words */
  tell(count) {
    find("[data-count]", HTMLElement, this.#element).textContent = count;
  }

  /** Takes the first and the last month in which other layers have anything. @param {ParentNode} page the same page, read anew */
  takeMonths(page) {
    const { first, last } = find("#period", HTMLElement, page).dataset;
    Object.assign(this.#element.dataset, { first, last });
    this.#lay();
    this.#show();
  }

  /** From the month of the first thing to that of the last, or as far as what is chosen. */
  #lay() {
    const { first = "", last = "" } = this.#element.dataset;
    const months = [first, last, ...this.#fields.map(({ value }) => value)].map(monthIn).filter((month) => month !== null);
    [this.#first, this.#last] = [Math.min(...months), Math.max(...months)];
    for (const end of this.#ends) [end.min, end.max] = ["0", String(this.#last - this.#first)];
    find(".period-line", HTMLElement, this.#element).hidden = this.#first === this.#last;
  }

  /** Neither end passes the other. @param {number} index of the end that a person moves */
  #moved(index) {
    const [since, until] = this.#ends;
    const [from, to] = [Number(since.value), Number(until.value)];
    if (from > to) this.#ends[index].value = String(index === 0 ? to : from);
    this.#paint();
  }

  #chosen() {
    const [from, to] = this.#ends.map(({ value }) => Number(value));
    const values = [from === 0 ? "" : written(this.#first + from), to === this.#last - this.#first ? "" : written(this.#first + to)];
    for (const [index, field] of this.#fields.entries()) {
      if (monthIn(field.value) === monthIn(values[index])) continue; // an exact day stays as it was written
      field.type = "month";
      field.value = values[index];
    }
    this.#paint();
    this.#onChanged();
  }

  #all() {
    for (const field of this.#fields) field.value = "";
    this.#show();
    this.#onChanged();
  }

  /** Puts the ends where the form's fields say. */
  #show() {
    const [since, until] = this.#fields.map(({ value }) => monthIn(value));
    this.#ends[0].value = String((since ?? this.#first) - this.#first);
    this.#ends[1].value = String((until ?? this.#last) - this.#first);
    this.#paint();
  }

  /** Spoken and written names of the months, the coloured part of the line, and the chips' words. */
  #paint() {
    const most = Math.max(this.#last - this.#first, 1);
    const names = this.#ends.map(({ value }) => this.#name(this.#first + Number(value)));
    for (const [index, end] of this.#ends.entries()) {
      end.setAttribute("aria-valuetext", names[index]);
      this.#element.style.setProperty(index ? "--until" : "--since", String(Number(end.value) / most));
      find(`[data-said=${end.dataset.end}]`, HTMLElement, this.#element).textContent = names[index];
    }
    for (const [index, field] of this.#fields.entries())
      field.dataset.label = this.#words(index ? "until" : "from", { date: this.#dateName(field.value) });
    const isAll = this.#fields.every(({ value }) => !value);
    find("[data-all]", HTMLButtonElement, this.#element).disabled = isAll;
  }

  /** @param {number} month @returns {string} “травень 2026” */
  #name(month) {
    const options = /** @type {const} */ ({ month: "long", year: "numeric", timeZone: "UTC" });
    const parts = new Intl.DateTimeFormat(document.documentElement.lang, options).formatToParts(Date.UTC(Math.floor(month / 12), month % 12));
    const said = (/** @type {string} */ type) => parts.find((part) => part.type === type)?.value ?? "";
    return `${said("month")} ${said("year")}`;
  }

  /** @param {string} text as in the address @returns {string} */
  #dateName(text) {
    const month = monthIn(text);
    if (month === null) return "";
    const day = /^\d{4}-\d{2}-(\d{2})$/.exec(text)?.[1];
    return day ? new Date(`${text}T00:00Z`).toLocaleDateString(document.documentElement.lang, { timeZone: "UTC" }) : this.#name(month);
  }
}
