// “Who would answer here?”: everything here only makes shorter what works without it.

import { find } from "../geodata/page.js";
import { wordsOf } from "../geodata/words.js";
import { AnswererPreview } from "./answerer.js";
import { Details } from "./details.js";
import { PlaceStep } from "./place-step.js";

if (!("L" in window)) throw new Error("Leaflet did not come: the page works as it does without scripts.");
document.body.classList.add("has-script"); // before the map measures itself
const form = find("#who-form", HTMLFormElement);
const report = find("#report-it", HTMLAnchorElement);
const words = wordsOf(form);
const answerer = new AnswererPreview(find("#answerer", HTMLElement), words, answered);
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

/** Asks, and writes the question into the address: a link shows the same answer. */
function changed() {
  const category = chosen();
  details.update(place.asked, category, place.source === "house");
  place.showThings(details.things());
  answerer.update(place.asked, category?.value ?? "", details.answers());
  const query = new URLSearchParams(details.answers());
  const [lon, lat] = (place.asked ?? []).map((degrees) => degrees.toFixed(6));
  if (category) query.set("category", category.value);
  if (lon && lat) [query.set("lat", lat), query.set("lon", lon)];
  history.replaceState(null, "", query.size ? `?${query}` : location.pathname);
  report.search = query.toString();
}

function answered() {
  const { refusal } = answerer;
  if (place.asked && refusal !== null) place.judge(refusal);
  report.hidden = !answerer.organisation;
}

form.addEventListener("input", changed);
form.addEventListener("submit", (event) => event.preventDefault());
place.showWritten("hand");
details.update(place.asked, chosen());
answerer.opened();
details.opened();
