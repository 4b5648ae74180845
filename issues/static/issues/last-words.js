// What was typed in the last moment of a page: the disk may take it too late, so it is written at once, elsewhere, and
// the next page puts it where drafts are.

import { done, inStore, newId } from "./store.js";

/** @typedef {import("./store.js").Kept} Kept */
/** @typedef {Omit<Kept, "revision">} LastWords a draft as it was when its page ended */
/** @typedef {LastWords & {base: string}} Noted `base`: the revision that it goes on from, "" when there was none */

/** @param {string} community @param {string} [id] */
const nameOf = (community, id = "") => `report-last:${community}:${id}`;

/** Ends before the page does; a browser that keeps nothing says so elsewhere. @param {LastWords} draft @param {string} base */
export function noteLastWords(draft, base) {
  try {
    localStorage.setItem(nameOf(draft.community, draft.id), JSON.stringify({ ...draft, base }));
  } catch (error) {
    console.warn(error);
  }
}

/** The disk has it, or it was sent. @param {string} community @param {string} id */
export function forgetLastWords(community, id) {
  try {
    localStorage.removeItem(nameOf(community, id));
  } catch {
    // A browser that refuses this has kept nothing.
  }
}

/** @param {string} community @returns {Noted[]} what pages of it left behind */
function notedOf(community) {
  const names = Object.keys(localStorage).filter((name) => name.startsWith(nameOf(community)));
  return names.flatMap((name) => {
    try {
      return [JSON.parse(localStorage.getItem(name) ?? "")];
    } catch {
      localStorage.removeItem(name); // none of ours
      return [];
    }
  });
}

/** Moves them to the drafts. A draft that another tab wrote since stays, beside them. @param {string} community */
export async function takeLastWords(community) {
  for (const { base, ...draft } of notedOf(community)) {
    await inStore("readwrite", async (reports) => {
      /** @type {Kept | undefined} */
      const there = await done(reports.get(draft.id));
      const isOfAnother = there && (there.revision !== base || there.state);
      await done(reports.put({ ...draft, id: isOfAnother ? newId() : draft.id, revision: newId() }));
    });
    forgetLastWords(community, draft.id);
  }
}
