// What can be chosen depends on the layers that are shown: the server tells it on the same page.

import { isReplaced, newestOnly } from "./page.js";

const get = newestOnly();

/**
 * Reads the menus and the months for the layers that are chosen now, and the drawings of their icons.
 * @param {object} page
 * @param {import("./filters.js").Filters} page.filters
 * @param {import("./period.js").Period} page.period
 * @param {{mapUrl: string, icons: Record<string, string>}} page.config takes the icons
 * @param {import("./filters.js").View} page.view
 * @param {import("./trouble.js").Trouble} page.trouble
 * @param {import("./words.js").Words} page.words
 */
export async function takeMenus({ filters, period, config, view, trouble, words }) {
  try {
    const response = await get(`${config.mapUrl}?${filters.query(view)}`);
    const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
    filters.takeMenus(fresh);
    period.takeMonths(fresh);
    Object.assign(config.icons, JSON.parse(fresh.getElementById("map-config")?.textContent ?? "{}").icons);
  } catch (error) {
    if (isReplaced(error)) return;
    console.warn(error);
    trouble.say(words("failed"), { mayRetry: true });
  }
}
