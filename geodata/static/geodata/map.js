// The map page: the map, the list with the same set, and the address that shows the same picture again.

import { layBase } from "./basemap.js";
import { Card } from "./card.js";
import { leadFeeds } from "./feeds.js";
import { Filters, readBox, writeBox } from "./filters.js";
import { CityMap } from "./leaflet.js";
import { LocateError, whereAmI } from "./locate.js";
import { hereElement, marksOf, placesOf } from "./marks.js";
import { Measure } from "./measure.js";
import { takeMenus } from "./menus.js";
import { afterPause, copyOf, find, isReplaced, newestOnly, readJson } from "./page.js";
import { Period } from "./period.js";
import { boxOf, piled } from "./piles.js";
import { rememberFree } from "./printing.js";
import { Rows } from "./rows.js";
import { searchBox } from "./search-box.js";
import { Selection } from "./selection.js";
import { pathsOf } from "./shapes.js";
import { Share } from "./share.js";
import { Trouble } from "./trouble.js";
import { wordsOf } from "./words.js";

/** @typedef {import("./leaflet.js").LonLat} LonLat */
/** @typedef {import("./leaflet.js").Insets} Insets */
/**
 * @typedef {object} Config
 * @property {LonLat} centre
 * @property {number} zoom
 * @property {string} marksUrl
 * @property {string} [mineUrl] the reader's own new things, which others see a little later
 * @property {string} [mineListUrl] the row of such a thing
 * @property {string} listUrl
 * @property {string} baseUrl
 * @property {string} mapUrl
 * @property {import("./basemap.js").VectorConfig | null} vector
 * @property {string} embedUrl
 * @property {string} tilesUrl
 * @property {string} tilesAttribution
 * @property {string} reportUrl
 * @property {Record<string, string>} icons
 */

const CLOSE_ENOUGH = 16; // zoom at which one sees a street
const HALF_SHEET = 0.48; // of the window's height, as in map.css
const FEW_MARKS = 15; // on the smallest screen before they gather into clusters
const ELBOW_ROOM = 130 * 130; // square pixels of map that allow one mark more
const ASIDE = 68; // pixels at the right of a phone that the column of tools covers, from top to bottom
const wide = matchMedia("(min-width: 64rem)");
/** @type {Config} */
const config = readJson("map-config");
const main = find("#main", HTMLElement);
const panel = find(".panel", HTMLElement);
const floating = find(".layers", HTMLElement);
const heading = find("#list-heading", HTMLElement);
const credit = find("#credit", HTMLElement);
const measureBar = find("#measure", HTMLElement);
const words = wordsOf(main, find("#mark-words", HTMLElement));
const getMarks = newestOnly();
const getMine = newestOnly();
const getList = newestOnly();

/** @type {string | null} */
let shown = null;
let turn = 0; // grows with each move and each reading: an answer to an earlier one comes too late
/** The place that the list is narrowed to, until the map moves. @type {import("./leaflet.js").Box | null} */
let pile = null;

const trouble = new Trouble(find("#trouble", HTMLElement), heading, retry);
const rows = new Rows(find("#list", HTMLElement), heading, { words, url: config.listUrl, mineUrl: config.mineListUrl, trouble });
const card = new Card(find("#pick", HTMLElement), () => selection.leave());
const map = new CityMap(find("#map-canvas", HTMLElement), {
  centre: config.centre,
  zoom: config.zoom,
  insets,
  air: { top: 56, right: wide.matches ? 76 : 24, bottom: wide.matches ? 100 : 24, left: 30 },
  wheel: true,
  step: 80,
  name: words("map"),
});
const selection = new Selection(new URLSearchParams(location.search).get("selected"), {
  map,
  rows,
  card,
  insets,
  onChosen: () => remember(filters.query(map.view())),
  onLeft: refresh,
  onFailed: () => trouble.say(words("failed"), { mayRetry: true }),
});
const filters = new Filters(find("#filters", HTMLFormElement), find("#chosen", HTMLElement));
const period = new Period(find("#period", HTMLElement), changed);
const measure = new Measure(map, measureBar, find("#measure-start", HTMLElement));
const share = new Share(find("#share", HTMLDialogElement), { embedUrl: config.embedUrl, filters, view: () => map.view() });

/** What panels cover. @returns {Insets} */
function insets() {
  const bar = document.querySelector(".topbar")?.getBoundingClientRect();
  if (wide.matches) {
    const { right } = panel.getBoundingClientRect();
    return { top: bar?.bottom ?? 0, right: 0, bottom: 0, left: right + 16 };
  }
  const top = floating.getBoundingClientRect().bottom;
  const sheet = innerHeight - (panel.getBoundingClientRect().top + scrollY);
  const half = innerHeight * HALF_SHEET; // a raised sheet covers the map for a while; the list stays the same
  const covered = measureBar.hidden ? (card.isOpen ? card.height : Math.min(sheet, half)) : measureBar.offsetHeight;
  const bottom = credit.offsetHeight + covered;
  return { top, bottom: Math.min(Math.max(bottom, 0), innerHeight - top - 120), left: 0, right: ASIDE };
}

// What is in view ---------------------------------------------------------------------------------------------

/** Reads marks and list for the present view and filters, unless they are here already. */
async function refresh() {
  const mine = ++turn;
  const view = map.view();
  const query = filters.query(view);
  remember(query);
  rememberFree(insets(), map.size());
  const [lon, lat] = view.centre.map((degrees) => degrees.toFixed(6));
  const zoom = String(view.zoom); // from far away the middle is a view, not a place
  find("#report", HTMLAnchorElement).href = `${config.reportUrl}?${new URLSearchParams({ lon, lat, zoom })}`;
  query.set("most", String(Math.round(FEW_MARKS + map.area() / ELBOW_ROOM)));
  const listed = new URLSearchParams(query);
  if (pile) listed.set("box", writeBox(pile));
  if (shown === `${query} ${listed}`) {
    rows.busy = false;
    return;
  }
  rows.busy = true;
  try {
    const [marks, list, own] = await Promise.all([
      getMarks(`${config.marksUrl}?${query}`),
      getList(`${config.listUrl}?${listed}`),
      ownThings(query),
    ]);
    const { features, shapes } = await marks.json();
    const html = await list.text();
    if (mine !== turn) return; // the view is another by now, and is read or here already
    rows.show(html, { isPile: pile !== null });
    period.tell(heading.textContent ?? "");
    showMarks(features, own);
    map.setPaths("things", pathsOf(shapes));
    shown = `${query} ${listed}`;
    trouble.calm();
    selection.show();
  } catch (error) {
    if (isReplaced(error) || mine !== turn) return;
    console.warn(error);
    trouble.say(words("failed"), { mayRetry: true });
  }
  rows.busy = false;
}

/** The reader's own new things; none when they cannot be read: the map is of use without. @param {URLSearchParams} query @returns {Promise<import("./marks.js").MarkFeature[]>} */
async function ownThings(query) {
  if (!config.mineUrl) return [];
  try {
    return (await (await getMine(`${config.mineUrl}?${query}`)).json()).features;
  } catch (error) {
    if (!isReplaced(error)) console.warn(error);
    return [];
  }
}

/** @param {import("./marks.js").MarkFeature[]} features @param {import("./marks.js").MarkFeature[]} own */
function showMarks(features, own) {
  const known = new Set(placesOf(features).map(({ key }) => key));
  const added = own.filter((one) => placesOf([one]).some(({ key }) => !known.has(key)));
  const { isNearest } = map;
  const apart = [...piled(features, (at) => map.pixels(at), isNearest), ...added]; // the list of a pile does not have them
  const onThing = (/** @type {string} */ key) => selection.choose(key);
  const onNear = (/** @type {string} */ key, /** @type {boolean} */ isNear) => rows.near(key, isNear);
  map.setMarks(marksOf(apart, { words, icons: config.icons, isNearest, onCluster: openCluster, onThing, onNear }));
  selection.learn(placesOf([...features, ...added]));
}

/** Keeps the address true. @param {URLSearchParams} query */
function remember(query) {
  const address = new URLSearchParams(query);
  if (selection.key) address.set("selected", selection.key);
  history.replaceState(history.state, "", `${config.mapUrl}?${address}`);
  filters.rememberView(query);
  leadFeeds(filters.choices());
}

/** @param {import("./marks.js").MarkFeature} cluster */
async function openCluster(cluster) {
  if (!map.isNearest) return map.comeNearer(boxOf(cluster));
  pile = boxOf(cluster); // no closer: the list names what stands here
  const chip = copyOf("chip");
  chip.prepend(words("this-place"));
  chip.addEventListener("click", () => {
    leavePile();
    refresh();
    heading.focus();
  });
  filters.showChips(chip);
  await refresh();
  heading.focus();
}

/** The list says again what the whole map shows. */
function leavePile() {
  pile = null;
  filters.showChips();
}

/** Somebody chose something else to see. */
function changed() {
  leavePile();
  return refresh();
}

// Tools ---------------------------------------------------------------------------------------------------------

async function layGround() {
  try {
    await layBase(map, config, credit);
    trouble.hasGround = true;
  } catch (error) {
    trouble.hasGround = false;
    console.warn(error);
    trouble.say(words("failed"), { mayRetry: true });
  }
}

/** @param {HTMLElement} button */
async function goHere(button) {
  button.setAttribute("aria-busy", "true");
  try {
    const { at, accuracy } = await whereAmI();
    map.showHere(at, () => hereElement(words("here")));
    map.setPaths("here", [{ className: "here-around", kind: "circle", coordinates: at, metres: accuracy }]);
    map.moveTo(at, Math.max(map.view().zoom, CLOSE_ENOUGH));
    trouble.calm();
  } catch (error) {
    trouble.say(words(`locate-${error instanceof LocateError ? error.trouble : "unavailable"}`), { mayRetry: false });
  }
  button.removeAttribute("aria-busy");
}

/** Half, full, peek: what the handle of the sheet goes through. */
function moveSheet() {
  const heights = ["half", "full", "peek"];
  const now = heights.indexOf(document.body.dataset.sheet ?? "half");
  document.body.dataset.sheet = heights[(now + 1) % heights.length];
  scrollTo({ top: 0 });
  refresh();
}

async function retry() {
  if (!trouble.hasGround) await layGround();
  again();
}

/** Reads the same once more. */
function again() {
  shown = null;
  refresh();
}

/** @param {Event} event */
async function chose({ target }) {
  const isOfLayers = target instanceof HTMLInputElement && target.name === "layer";
  if (isOfLayers) await takeMenus({ filters, period, config, view: map.view(), trouble, words });
  changed();
}

/** A chip that has the focus comes out from behind the edge. @param {FocusEvent} event */
function uncoverChip({ target }) {
  if (target instanceof Element) target.closest("label")?.scrollIntoView({ block: "nearest", inline: "nearest" });
}

/** Keys brought somebody to what a list that was scrolled up covers: it goes down again. @param {FocusEvent} event */
function uncover({ target }) {
  if (!wide.matches && target instanceof Element && target.matches(":focus-visible")) scrollTo({ top: 0, behavior: "instant" });
}

function listen() {
  const soon = afterPause(refresh, 120);
  map.onMoving(() => pile && leavePile()); // a move that began before the pile was opened does not leave it
  map.onMoved(() => {
    turn += 1;
    rows.busy = true;
    soon();
  });
  map.onMoved(() => selection.placeCard());
  map.onTapped((at) => {
    if (measure.isOn) measure.add(at);
    else if (card.isOpen) selection.leave();
  });
  filters.onChange(chose);
  rows.onNear((key, isNear) => map.markElement(key)?.classList.toggle("is-near", isNear));
  addEventListener("pageshow", ({ persisted }) => persisted && again());
  new MutationObserver(again).observe(find("#sent-news", HTMLElement), { childList: true });
  floating.addEventListener("focusin", uncoverChip);
  for (const place of [".map-view", ".map-tools", ".map-legend"]) find(place, HTMLElement).addEventListener("focusin", uncover);
  const locate = find("#locate", HTMLElement);
  locate.addEventListener("click", () => goHere(locate));
  find("#share-open", HTMLElement).addEventListener("click", () => share.open());
  find("#nearer", HTMLElement).addEventListener("click", () => map.zoomBy(1));
  find("#farther", HTMLElement).addEventListener("click", () => map.zoomBy(-1));
  find("#grip", HTMLElement).addEventListener("click", moveSheet);
  searchBox(find("#finder", HTMLFormElement), { words, filters, map, onWords: changed });
}

async function start() {
  document.body.classList.add("has-script");
  const asked = new URLSearchParams(location.search);
  const box = readBox(asked.get("box"));
  await selection.show(); // its card takes room
  if (box) map.showBox(box, Number(asked.get("zoom")) || null);
  filters.showChips();
  layGround();
  listen();
  refresh();
}

start();
