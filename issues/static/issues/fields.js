// Every named field of the form, whoever put it there: read for the draft, and put back from it.

/** @typedef {import("./store.js").Field} Field */
/** @typedef {HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement} Control */

/** Of a session or a moment; keys of photos and of the form are kept by the draft itself. */
const NOT_KEPT = new Set(["csrfmiddlewaretoken", "photo_key", "key", "do", "tap_box"]);
/** Where the server writes what was asked and answered at that moment: hidden fields there are its own. */
const OF_THE_SERVER = "#answerer, #details, [data-draft=no]";

/** @param {Element} element @returns {element is Control} */
const isControl = (element) =>
  element instanceof HTMLInputElement || element instanceof HTMLTextAreaElement || element instanceof HTMLSelectElement;

/** @param {ParentNode} within @returns {Control[]} those that have a name and are no buttons */
function controlsIn(within) {
  const found = [...within.querySelectorAll("input[name], textarea[name], select[name]")].filter(isControl);
  return found.filter(({ type }) => !["submit", "image", "button", "file"].includes(type));
}

/** @param {Control} control */
const isTicked = (control) => control instanceof HTMLInputElement && ["radio", "checkbox"].includes(control.type);

/** @param {Control} control */
const isKept = (control) =>
  !NOT_KEPT.has(control.name) && !control.disabled && !(control.type === "hidden" && control.closest(OF_THE_SERVER));

/** @param {Control} control @returns {string[]} what it would send */
function valuesOf(control) {
  if (control instanceof HTMLSelectElement) return [...control.selectedOptions].map(({ value }) => value);
  if (isTicked(control) && !(/** @type {HTMLInputElement} */ (control).checked)) return [];
  return [control.value];
}

/** @param {HTMLFormElement} form @returns {Field[]} what it would send, but for files and what belongs to a moment */
export function fieldsOf(form) {
  const kept = controlsIn(form).filter(isKept);
  return kept.flatMap((control) => valuesOf(control).map((value) => /** @type {Field} */ ([control.name, value])));
}

/** @param {HTMLSelectElement} select */
function isAsWritten(select) {
  const written = [...select.options].filter((one) => one.defaultSelected);
  const first = select.multiple || written.length ? written : [...select.options].slice(0, 1); // browsers choose the first
  return [...select.options].every((one) => one.selected === first.includes(one));
}

/** Somebody chose before the draft was read. @param {HTMLInputElement} control @param {HTMLFormElement} form */
function isChosenAnew(control, form) {
  if (control.type === "checkbox") return control.checked !== control.defaultChecked;
  const group = /** @type {HTMLInputElement[]} */ ([...form.querySelectorAll(`[name="${CSS.escape(control.name)}"]`)]);
  return group.some((one) => one.checked !== one.defaultChecked);
}

/** A long text of the draft follows what was typed before it came. @param {HTMLTextAreaElement} area @param {string} kept */
function append(area, kept) {
  if (!area.value.includes(kept)) area.setRangeText(`\n\n${kept}`, area.value.length, area.value.length, "preserve");
}

/** @param {HTMLFormElement} form @returns {Field[]} what is sent later by itself; photos and keys go apart */
export function bodyOf(form) {
  const session = new Set(["csrfmiddlewaretoken", "photo_key", "key", "do"]);
  const all = [...new FormData(form)].flatMap(([name, value]) =>
    typeof value === "string" && !session.has(name) ? [/** @type {Field} */ ([name, value])] : [],
  );
  const wasSeen = all.some(([name, value]) => name === "seen" && value);
  return wasSeen ? all : [...all, ["unseen", "yes"]]; // the page says that who answers is known only later
}

/** @typedef {{fields: Field[], unticked?: Field[]}} Values what a form held, and the boxes that somebody took a tick from */

/** @param {HTMLFormElement} form @returns {Field[]} boxes that are ticked unless somebody takes the tick away */
export function untickedOf(form) {
  const boxes = /** @type {HTMLInputElement[]} */ ([...form.querySelectorAll("input[type=checkbox][name]")]);
  return boxes.filter((box) => box.defaultChecked && !box.checked).map(({ name, value }) => [name, value]);
}

/** Puts the fields of a draft back. What was typed meanwhile stays; so does what the server wrote into hidden fields. */
export class PutBack {
  /** @type {HTMLFormElement} */ #form;
  /** @type {Element} */ #notIn;
  /** @type {Map<string, string[]>} values by name, of fields that have not come yet */ #waiting = new Map();
  /** @type {Field[]} */ #unticked;

  /**
   * Fills what is there, and watches for fields that the server writes later.
   * @param {HTMLFormElement} form
   * @param {Values} values
   * @param {{except: (name: string) => boolean, notIn: Element}} limits fields that are put back otherwise
   */
  constructor(form, { fields, unticked = [] }, { except, notIn }) {
    [this.#form, this.#notIn, this.#unticked] = [form, notIn, unticked.filter(([name]) => !except(name))];
    for (const [name, value] of fields) {
      if (!except(name)) this.#waiting.set(name, [...(this.#waiting.get(name) ?? []), value]);
    }
    for (const control of controlsIn(form)) if (control.type === "hidden") this.#fillHidden(control);
    this.#fill(form);
    new MutationObserver((changes) => {
      const fresh = changes.flatMap(({ addedNodes }) => [...addedNodes]);
      for (const node of fresh) if (node instanceof HTMLElement && node.parentElement) this.#fill(node.parentElement);
    }).observe(form, { childList: true, subtree: true });
  }

  /** Only those that are empty as the page opens: the scripts of the page fill them. @param {Control} control */
  #fillHidden(control) {
    const [kept] = this.#waiting.get(control.name) ?? [];
    if (kept === undefined || this.#notIn.contains(control)) return;
    control.value ||= kept;
    this.#waiting.delete(control.name);
  }

  /** @param {ParentNode} within */
  #fill(within) {
    const controls = controlsIn(within).filter((one) => one.type !== "hidden" && !this.#notIn.contains(one));
    const isFree = (/** @type {Control} */ one) => !isTicked(one) || !isChosenAnew(/** @type {HTMLInputElement} */ (one), this.#form);
    for (const control of controls.filter(isFree)) this.#fillOne(control);
    for (const { name } of controls) this.#waiting.delete(name);
  }

  /** @param {Control} control */
  #fillOne(control) {
    const kept = this.#waiting.get(control.name);
    if (control instanceof HTMLInputElement && isTicked(control)) {
      const isUnticked = this.#unticked.findIndex(([name, value]) => name === control.name && value === control.value);
      if (kept?.includes(control.value)) control.checked = true;
      if (isUnticked >= 0) [control.checked] = [false, this.#unticked.splice(isUnticked, 1)];
    } else if (kept && control instanceof HTMLSelectElement) {
      if (isAsWritten(control)) for (const one of control.options) one.selected = kept.includes(one.value);
    } else if (kept) fillText(/** @type {HTMLInputElement | HTMLTextAreaElement} */ (control), kept[0]);
  }
}

/** @param {HTMLInputElement | HTMLTextAreaElement} control @param {string} kept */
function fillText(control, kept) {
  if (control.value === control.defaultValue) control.value = kept || control.value;
  else if (control instanceof HTMLTextAreaElement) append(control, kept);
}
