// What was typed, kept on this device until it is sent: one draft per community. And, for the tabs that are open, which
// report was sent.

/** @typedef {[number, number]} LonLat */
/** @typedef {{key: string, name: string, preview: string | null, place?: LonLat | null}} KeptPhoto */
/**
 * @typedef {object} Draft
 * @property {number} at milliseconds
 * @property {string} key of the form: the server takes the same report with the same key once, from whatever tab
 * @property {string} text
 * @property {string} category
 * @property {string} address
 * @property {string} email
 * @property {LonLat | null} place longitude, latitude
 * @property {Record<string, string>} [details] what the category asked, by the name of the field
 * @property {KeptPhoto[]} photos
 */
/** @typedef {{key: string, number: string, url: string}} Sent a report that arrived: key of its form, its number, its page */

const LIFE = 24 * 3600 * 1000; // as long as the server keeps photos of an unsent form

/** @param {string} community */
const nameOf = (community) => `report:${community}`;

/** Of the form that leaves this tab now. @param {string} community */
const leavingName = (community) => `report-leaving:${community}`;

/** @param {string} community */
export const sentName = (community) => `report-sent:${community}`;

/**
 * Does it, unless the browser keeps nothing.
 * @template T
 * @param {() => T} action
 * @returns {T | null}
 */
function unlessRefused(action) {
  try {
    return action();
  } catch {
    return null;
  }
}

/** @param {string | null} text @returns {Sent | null} */
export const readSent = (text) => unlessRefused(() => JSON.parse(text ?? "null"));

/** @param {string} community @returns {Draft | null} null when there is none, or an old one */
export function readDraft(community) {
  /** @type {Draft | null} */
  const draft = unlessRefused(() => JSON.parse(localStorage.getItem(nameOf(community)) ?? "null"));
  return draft && Date.now() - draft.at < LIFE ? draft : null;
}

/** @param {string} community @param {Draft} draft @returns {boolean} false when the browser keeps nothing */
export function writeDraft(community, draft) {
  return unlessRefused(() => (localStorage.setItem(nameOf(community), JSON.stringify(draft)), true)) ?? false;
}

/** @param {string} community */
export function clearDraft(community) {
  unlessRefused(() => localStorage.removeItem(nameOf(community)));
}

/** The form is on its way. @param {string} community @param {string} key */
export function markLeaving(community, key) {
  unlessRefused(() => sessionStorage.setItem(leavingName(community), key));
}

/** A form that is on the screen has not left. @param {string} community */
export function forgetLeaving(community) {
  unlessRefused(() => sessionStorage.removeItem(leavingName(community)));
}

/**
 * The report of this tab arrived: its draft goes, and the other tabs learn it. The address of its page is secret, so it
 * stays in this tab's own memory; what the others hear is not kept.
 * @param {string} community
 * @param {{number: string, url: string}} report
 */
export function markSent(community, report) {
  unlessRefused(() => {
    const key = sessionStorage.getItem(leavingName(community));
    if (!key) return; // the receipt was opened once more: another draft may have begun
    const sent = JSON.stringify({ key, ...report });
    sessionStorage.removeItem(leavingName(community));
    sessionStorage.setItem(sentName(community), sent);
    if (readDraft(community)?.key === key) clearDraft(community);
    localStorage.setItem(sentName(community), sent);
    localStorage.removeItem(sentName(community));
  });
}

/** What this tab sent last. @param {string} community @returns {Sent | null} */
export const lastSent = (community) => unlessRefused(() => readSent(sessionStorage.getItem(sentName(community))));

/** @param {string} community */
export function forgetSent(community) {
  unlessRefused(() => sessionStorage.removeItem(sentName(community)));
}
