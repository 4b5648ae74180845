// What can be chosen depends on the layers that are shown: the server tells it on the same page.

import { isReplaced, newestOnly } from "./page.js";

const get = newestOnly();

/**
 * Reads the menus for the layers that are chosen now, and the drawings of their icons.
 * @param {import("./filters.js").Filters} filters
 * @param {{mapUrl: string, icons: Record<string, string>}} config takes the icons
 * @param {import("./filters.js").View} view
 * @param {import("./trouble.js").Trouble} trouble
 * @param {import("./words.js").Words} words
 */
export async function takeMenus(filters, config, view, trouble, words) {
  try {
    const response = await get(`${config.mapUrl}?${filters.query(view)}`);
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    filters.takeMenus(page);
    Object.assign(config.icons, JSON.parse(page.getElementById("map-config")?.textContent ?? "{}").icons);
  } catch (error) {
    if (isReplaced(error)) return;
    console.warn(error);
    trouble.say(words("failed"), { mayRetry: true });
  }
}
