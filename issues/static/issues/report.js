// The report form: everything here only makes shorter what works without it.

import { find } from "../geodata/page.js";
import { wordsOf } from "../geodata/words.js";
import { AnswererPreview } from "./answerer.js";
import { clearDraft, forgetSent, lastSent, markLeaving, readDraft, readSent, sentName, writeDraft } from "./draft.js";
import { PlaceStep } from "./place-step.js";
import { sendWhenReachable } from "./sending.js";
import { Uploads } from "./upload.js";

/** @typedef {import("./draft.js").Sent} Sent */

document.body.classList.add("has-script"); // before the map measures itself
const form = find("#report-form", HTMLFormElement);
const community = form.dataset.community ?? "";
const words = wordsOf(form);
const field = Object.fromEntries(
  ["address", "email", "key"].map((name) => [name, find(`[name=${name}]`, HTMLInputElement, form)]),
);
const text = find("[name=text]", HTMLTextAreaElement, form);
const send = find("#send", HTMLButtonElement);
let isTouched = false; // in this tab, since it opened
let isSent = false;

const answerer = new AnswererPreview(find("#answerer", HTMLElement), words, answered);
const token = find("[name=csrfmiddlewaretoken]", HTMLInputElement, form).value;
/** @type {Uploads} */
const uploads = new Uploads(find("#uploads", HTMLElement), find("#photo", HTMLInputElement), token, {
  words,
  onChange: () => {
    place.photosChanged();
    changed();
  },
  onPlace: (at) => place.photoPlace(at),
});
/** @type {PlaceStep} */
const place = new PlaceStep(form, { words, onChange: changed, photoPlaces: () => uploads.places() });

const category = () => {
  const chosen = form.querySelector("[name=category]:checked");
  return chosen instanceof HTMLInputElement ? chosen.value : "";
};

/** @param {HTMLElement} element an error that was answered needs no red frame */
function forgive(element) {
  element.removeAttribute("aria-invalid");
}

// Draft and steps -----------------------------------------------------------------------------------------------

/** Whatever was typed, chosen or uploaded: keep it, count it, and ask who answers. */
function changed() {
  answerer.update(place.asked, category());
  countText();
  showSteps();
  keep();
}

/** The server said who answers, or that nobody does there. */
function answered() {
  const { refusal } = answerer;
  if (place.asked && refusal !== null) place.judge(refusal);
  nameButton();
  showSteps();
}

function keep() {
  if (isSent) return;
  const saved = writeDraft(community, {
    at: Date.now(),
    key: field.key.value,
    text: text.value,
    category: category(),
    address: field.address.value,
    email: field.email.value,
    place: place.kept,
    photos: uploads.kept(),
  });
  const time = new Date().toLocaleTimeString(document.documentElement.lang, { hour: "2-digit", minute: "2-digit" });
  for (const note of document.querySelectorAll("[data-draft-note]"))
    note.textContent = saved ? words("kept", { time }) : words("not-kept");
}

/** Puts back what the device kept, unless the server already gave it back. */
function restore() {
  const draft = form.dataset.again ? null : readDraft(community);
  if (!draft || !(draft.text || draft.category || draft.address || draft.email || draft.place || draft.photos.length)) return;
  if (draft.key) field.key.value = draft.key;
  text.value = draft.text;
  field.address.value = draft.address;
  field.email.value = draft.email;
  const radio = [...form.querySelectorAll("[name=category]")].find(
    (input) => input instanceof HTMLInputElement && input.value === draft.category,
  );
  if (radio instanceof HTMLInputElement) radio.checked = true;
  uploads.restore(draft.photos);
  place.photosChanged();
  if (draft.place) place.show(draft.place, "draft");
  find("#restored", HTMLElement).hidden = false;
}

/** This form is a report already, and the draft is gone. @param {Sent} sent @param {{away: boolean}} options away: puts the form away */
function showSent(sent, { away }) {
  isSent = true;
  const notice = find("#sent-before", HTMLElement);
  find("[data-said]", HTMLElement, notice).textContent = words("sent-before", { number: sent.number });
  find("a", HTMLAnchorElement, notice).href = sent.url;
  notice.hidden = false;
  find("#restored", HTMLElement).hidden = true;
  find("#main", HTMLElement).classList.toggle("is-sent", away);
  notice.focus();
}

function startAnew() {
  clearDraft(community);
  forgetSent(community);
  location.assign(location.pathname);
}

function countText() {
  const most = text.maxLength;
  find("#text-count", HTMLElement).textContent = words("count", { n: text.value.length, most });
}

/** Ticks the steps that are done, in the form and in the list beside it. */
function showSteps() {
  const done = {
    photo: uploads.kept().length > 0,
    place: place.isDone,
    what: text.value.trim() !== "" && category() !== "",
    who: false,
  };
  const next = Object.entries(done).find(([step, isDone]) => !isDone && step !== "photo")?.[0];
  for (const [step, isDone] of Object.entries(done)) {
    const number = find(`[data-step=${step}]`, HTMLElement, form);
    number.classList.toggle("is-past", isDone);
    const item = document.querySelector(`[data-goto=${step}]`);
    item?.classList.toggle("past", isDone);
    item?.classList.toggle("now", step === next);
    const link = item?.querySelector("a");
    if (step === next) link?.setAttribute("aria-current", "step");
    else link?.removeAttribute("aria-current");
  }
}

/** Says on the button to whom the report goes. */
function nameButton() {
  const { organisation } = answerer;
  find("[data-label]", HTMLElement, send).textContent = organisation ? words("send-to", { organisation }) : words("send");
}

// Start -----------------------------------------------------------------------------------------------------------

function listen() {
  form.addEventListener("input", (event) => {
    if (event.target instanceof HTMLElement) forgive(event.target);
    [isTouched, isSent] = [true, false];
    changed();
  });
  find("#restored button", HTMLElement).addEventListener("click", startAnew);
  find("#sent-before button", HTMLElement).addEventListener("click", startAnew);
  sendWhenReachable(form, {
    trouble: () => (uploads.isRunning ? words("still-uploading") : ""),
    onLeaving: () => {
      keep();
      markLeaving(community, field.key.value);
    },
    onTrouble: (message) => (find("#send-trouble", HTMLElement).textContent = message),
    offline: words("offline"),
  });
  addEventListener("storage", ({ key, newValue }) => {
    const sent = key === sentName(community) ? readSent(newValue) : null;
    if (sent && sent.key === field.key.value) showSent(sent, { away: !isTouched });
  });
  addEventListener("pageshow", ({ persisted }) => {
    const sent = persisted ? lastSent(community) : null;
    if (sent && sent.key === field.key.value) showSent(sent, { away: true });
  });
}

/** Somebody pressed Back after sending. @returns {Sent | null} */
function sentBefore() {
  const [way] = performance.getEntriesByType("navigation");
  if (way instanceof PerformanceNavigationTiming && way.type === "back_forward") return lastSent(community);
  forgetSent(community);
  return null;
}

function start() {
  send.value = "send";
  form.autocomplete = "off"; // the draft puts things back, all or nothing
  listen();
  const sent = sentBefore();
  if (sent) showSent(sent, { away: true });
  else restore();
  if (!place.kept) place.showWritten(form.dataset.again ? "hand" : "page");
  countText();
  showSteps();
  nameButton();
  const errors = document.querySelector("#errors");
  if (errors instanceof HTMLElement) errors.focus();
}

start();
