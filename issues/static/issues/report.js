// The report form: everything here only makes shorter what works without it.

import { find, focusFirst } from "../geodata/page.js";
import { wordsOf } from "../geodata/words.js";
import { AnswererPreview } from "./answerer.js";
import { Details } from "./details.js";
import { DraftKeeper, forgetLeaving, forgetSent, lastSent, readSent, sentName } from "./draft.js";
import { bodyOf, fieldsOf, PutBack, untickedOf } from "./fields.js";
import { keepOffline } from "./offline.js";
import { PlaceStep } from "./place-step.js";
import { sendWhenReachable, writeToken } from "./sending.js";
import { freshToken } from "./session.js";
import { Similar } from "./similar.js";
import { newId } from "./store.js";
import { Uploads } from "./upload.js";
import { Waiting } from "./waiting.js";
import { WordsHints } from "./words.js";

/** @typedef {import("./draft.js").Sent} Sent */

if (!("L" in window)) throw new Error("Leaflet did not come: the form works as it does without scripts.");
document.body.classList.add("has-script"); // before the map measures itself
const form = find("#report-form", HTMLFormElement);
const community = form.dataset.community ?? "";
const words = wordsOf(form);
const key = find("[name=key]", HTMLInputElement, form);
const text = find("[name=text]", HTMLTextAreaElement, form);
const send = find("#send", HTMLButtonElement);
const trouble = find("#send-trouble", HTMLElement);
let isStarted = false;
let isTouched = false; // in this tab, since it opened
let isSent = false;
let hasNetwork = true;

const draft = new DraftKeeper(community, sayKept);
const answerer = new AnswererPreview(find("#answerer", HTMLElement), words, answered);
const waiting = new Waiting(find("#waiting", HTMLElement), community, () => draft.id);
const token = find("[name=csrfmiddlewaretoken]", HTMLInputElement, form);
/** @type {Uploads} */
const uploads = new Uploads(find("#uploads", HTMLElement), find("#photo", HTMLInputElement), {
  words,
  token: tokenNow,
  onChange: () => {
    place.photosChanged();
    if (!uploads.isRunning && trouble.textContent === words("still-uploading")) trouble.textContent = "";
    changed();
  },
  onPlace: (at) => place.photoPlace(at),
});
/** @type {PlaceStep} */
const place = new PlaceStep(form, { words, onChange: changed, photoPlaces: () => uploads.places() });
const details = new Details(find("#details", HTMLElement), find("#details-said", HTMLElement), {
  onShown: changed,
  onPlace: (at, asset) => {
    if (place.kept && place.source !== "house") return; // somebody put the pin: it stays
    details.notePin(asset);
    place.show(at, "house");
  },
});

const similar = new Similar(find("#similar", HTMLElement), form, () => {
  find("#answerer", HTMLElement).focus(); // the button goes away with the look-alikes
  changed();
});

const hints = new WordsHints(form, changed);

const chosen = () => {
  const radio = form.querySelector("[name=category]:checked");
  return radio instanceof HTMLInputElement ? radio : null;
};
const category = () => chosen()?.value ?? "";

/** @param {HTMLElement} element an error that was answered needs no red frame */
function forgive(element) {
  element.removeAttribute("aria-invalid");
}

// Draft and steps -----------------------------------------------------------------------------------------------

/** Whatever was typed, chosen or uploaded: keep it, count it, and ask who answers. */
function changed() {
  isTouched ||= isStarted;
  details.update(place.asked, chosen(), place.source === "house");
  place.showThings(details.things());
  answerer.update(place.asked, category(), details.answers());
  hints.update(text.value, category());
  similar.update(place.asked, category(), text.value, details.values().asset ?? "");
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
  if (!isSent && isStarted) draft.keep(content());
}

/** @returns {import("./draft.js").Content} everything that the form holds */
function content() {
  return {
    key: key.value,
    fields: fieldsOf(form),
    unticked: untickedOf(form),
    details: details.values(),
    place: place.kept,
    photos: uploads.kept(),
  };
}

/**
 * The token of this session; a form out of the cache has none.
 * @param {boolean} [isOver] the one that the page has was refused
 * @returns {Promise<string | null>} null without a network
 */
async function tokenNow(isOver = false) {
  if (!isOver && token.value !== "offline") return token.value;
  const fresh = await freshToken(form.action);
  if (fresh) writeToken(fresh);
  return fresh;
}

/** Nobody is there: the report waits on this device, and goes by itself. */
async function queue() {
  showNetwork(false);
  const hasPlace = place.asked || find("#address", HTMLInputElement).value.trim() || uploads.kept().length;
  if (!text.value.trim() || !category() || !hasPlace) return void (trouble.textContent = words("offline-missing"));
  const photosUrl = find("#uploads", HTMLElement).dataset.url ?? "";
  const { action: url, dataset: { proof: proofUrl = "" } } = form;
  const isKept = await draft.queue(content(), { url, photosUrl, proofUrl, body: bodyOf(form) });
  if (!isKept) return void (trouble.textContent = words("offline"));
  isSent = true;
  trouble.textContent = "";
  find("#restored", HTMLElement).hidden = true;
  find("#main", HTMLElement).classList.add("is-sent");
  await waiting.queued();
}

/** There is a network again: what waits for it goes, and what was asked without it is asked again. */
function online() {
  showNetwork(true);
  uploads.retry();
  answerer.askAgain();
  changed();
}

/** @param {boolean} isThere as far as the browser knows, or somebody tried */
function showNetwork(isThere) {
  hasNetwork = isThere;
  find("#no-network", HTMLElement).hidden = isThere;
  nameButton();
}

/** A form out of the cache: is there a network at all? */
async function lookForNetwork() {
  showNetwork(navigator.onLine);
  if (token.value === "offline") showNetwork((await tokenNow()) !== null);
}

/** @param {boolean} isKept */
function sayKept(isKept) {
  const time = new Date().toLocaleTimeString(document.documentElement.lang, { hour: "2-digit", minute: "2-digit" });
  for (const note of document.querySelectorAll("[data-draft-note]"))
    note.textContent = isKept ? words("kept", { time }) : words("not-kept");
}

/** Puts back what the device kept, unless the server already gave it back. */
async function restore() {
  const asked = new URLSearchParams(location.search); // what was chosen on the page before is newer than the draft
  const kept = await draft.open(form.dataset.again ? { key: key.value } : { id: asked.get("draft") ?? undefined });
  if (kept && form.dataset.again) uploads.adopt(kept.photos);
  if (!kept || form.dataset.again) return;
  if (kept.key) key.value = kept.key;
  const isNewer = (/** @type {string} */ name) => asked.has(name) || name === "lon" || name === "lat";
  new PutBack(form, kept, { except: isNewer, notIn: find("#details", HTMLElement) });
  details.restore(kept.details);
  await uploads.restore(kept.photos);
  place.photosChanged();
  if (kept.asks?.length) trouble.textContent = kept.asks.join(" ");
  document.querySelector("#kept")?.remove(); // the server's older one
  if (kept.place && !asked.has("lat")) place.show(kept.place, "draft");
  if (kept.joined) find("#restored p", HTMLElement).textContent = words("joined-before", { number: kept.joined });
  find("#restored", HTMLElement).hidden = false;
}

/** This form is a report already, and the draft is gone. @param {Sent} sent */
function showSent(sent) {
  isSent = true;
  const notice = find("#sent-before", HTMLElement);
  find("[data-said]", HTMLElement, notice).textContent = words("sent-before", { number: sent.number });
  find("a", HTMLAnchorElement, notice).href = sent.url;
  notice.hidden = false;
  find("#restored", HTMLElement).hidden = true;
  find("#main", HTMLElement).classList.add("is-sent");
  notice.focus();
}

/** Another tab sent the report that this form began with; what was written here since is not in it. @param {Sent} sent */
function showSentElsewhere(sent) {
  keep();
  const notice = find("#sent-before", HTMLElement);
  find("[data-said]", HTMLElement, notice).textContent = words("sent-elsewhere", { number: sent.number });
  find("a", HTMLAnchorElement, notice).href = sent.url;
  find("button", HTMLElement, notice).hidden = true;
  notice.hidden = false;
}

async function startAnew() {
  await draft.clear();
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
    what: text.value.trim() !== "" && category() !== "" && details.isDone,
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
  find("[data-label]", HTMLElement, send).textContent = organisation
    ? words("send-to", { organisation })
    : words(hasNetwork ? "send" : "send-later");
}

// Start -----------------------------------------------------------------------------------------------------------

function listen() {
  form.addEventListener("input", (event) => {
    if (event.target instanceof HTMLElement) forgive(event.target);
    isTouched = true;
    isSent = false;
    changed();
  });
  find("#restored button", HTMLElement).addEventListener("click", startAnew);
  find("#sent-before button", HTMLElement).addEventListener("click", startAnew);
  sendWhenReachable(form, {
    trouble: () => {
      if (hints.goToOpen()) return words("danger-first");
      return uploads.isRunning ? words("still-uploading") : "";
    },
    onTrouble: (message) => (trouble.textContent = message),
    ready: () => uploads.sendWaiting(),
    onLeaving: () => {
      keep();
      return draft.leave(key.value);
    },
    onOffline: queue,
  });
  addEventListener("online", online);
  addEventListener("offline", () => showNetwork(false));
  addEventListener("storage", (event) => {
    const sent = event.key === sentName(community) ? readSent(event.newValue) : null;
    if (!sent || sent.key !== key.value) return;
    if (isTouched) showSentElsewhere(sent);
    else showSent(sent);
  });
  addEventListener("pageshow", ({ persisted }) => {
    forgetLeaving(community);
    const sent = persisted ? lastSent(community) : null;
    if (sent && sent.key === key.value) showSent(sent);
  });
}

/** Somebody pressed Back after sending. @returns {Sent | null} */
function sentBefore() {
  const [way] = performance.getEntriesByType("navigation");
  if (way instanceof PerformanceNavigationTiming && way.type === "back_forward") return lastSent(community);
  forgetSent(community);
  return null;
}

async function start() {
  send.value = "send";
  key.value ||= newId(); // a form out of the cache has none
  form.insertAdjacentHTML("beforeend", '<input type="hidden" name="script" value="yes" data-draft="no">');
  form.autocomplete = "off"; // the draft puts things back, all or nothing
  listen();
  const sent = sentBefore();
  if (sent) showSent(sent);
  else await restore();
  if (!place.kept) place.showWritten(writtenBy());
  details.update(place.asked, chosen(), place.source === "house"); // the address may name a category
  countText();
  showSteps();
  nameButton();
  focusFirst();
  hints.update(text.value, category()); // a draft that came back is warned of danger too
  answerer.opened();
  similar.opened();
  details.opened();
  isStarted = true;
  if (isTouched) keep();
  lookForNetwork();
  waiting.send(false);
  keepOffline(form);
}

/** Whose place the server wrote into the form. @returns {import("../geodata/place.js").Source} */
function writtenBy() {
  if (!form.dataset.again) return "page";
  return details.pinned ? "house" : "hand";
}

start();
