// Correcting a report: the steps of the report form without a draft, as the server keeps the report already.

import { find, focusFirst } from "../geodata/page.js";
import { wordsOf } from "../geodata/words.js";
import { AnswererPreview } from "./answerer.js";
import { Details } from "./details.js";
import { PlaceStep } from "./place-step.js";
import { Uploads } from "./upload.js";

if (!("L" in window)) throw new Error("Leaflet did not come: the form works as it does without scripts.");
document.body.classList.add("has-script"); // before the map measures itself
const form = find("#correct-form", HTMLFormElement);
const words = wordsOf(form);
const text = find("[name=text]", HTMLTextAreaElement, form);
const send = find("#send", HTMLButtonElement);
const trouble = find("#send-trouble", HTMLElement);
const token = find("[name=csrfmiddlewaretoken]", HTMLInputElement, form).value;

const answerer = new AnswererPreview(find("#answerer", HTMLElement), words, answered);
/** @type {Uploads} */
const uploads = new Uploads(find("#uploads", HTMLElement), find("#photo", HTMLInputElement), {
  words,
  token: () => Promise.resolve(token),
  onChange: changed,
  onPlace: () => false, // the report has a place
});
const place = new PlaceStep(form, { words, onChange: changed, photoPlaces: () => [] });
const details = new Details(find("#details", HTMLElement), find("#details-said", HTMLElement), {
  onShown: changed,
  onPlace: (at, asset) => {
    if (place.kept && place.source !== "house") return; // somebody put the pin: it stays
    details.notePin(asset);
    place.show(at, "house");
  },
});

function chosen() {
  const radio = form.querySelector("[name=category]:checked");
  return radio instanceof HTMLInputElement ? radio : null;
}

function changed() {
  details.update(place.asked, chosen(), place.source === "house");
  answerer.update(place.asked, chosen()?.value ?? "", details.answers());
  find("#text-count", HTMLElement).textContent = words("count", { n: text.value.length, most: text.maxLength });
  if (!uploads.isRunning) trouble.textContent = "";
}

function answered() {
  const { organisation, refusal } = answerer;
  if (place.asked && refusal !== null) place.judge(refusal);
  find("[data-label]", HTMLElement, send).textContent = organisation ? words("send-to", { organisation }) : words("send");
}

form.addEventListener("input", (event) => {
  if (event.target instanceof HTMLElement) event.target.removeAttribute("aria-invalid");
  changed();
});
form.addEventListener("submit", (event) => {
  if (!uploads.isRunning && !uploads.isWaiting) return;
  event.preventDefault();
  uploads.retry();
  trouble.textContent = words("still-uploading");
});
if (!place.kept) place.showWritten("hand");
details.update(place.asked, chosen());
changed();
focusFirst();
answerer.opened();
details.opened();
