// Reports that this device sent by itself, told on whatever page is opened next. The form tells of them in its own list.

import { copyOf, find } from "../geodata/page.js";
import { allOf, forget } from "./store.js";

/** @typedef {import("./store.js").Kept} Kept */

const news = find("#sent-news", HTMLElement);

/** A browser that has kept no report gets no store because of this page. */
async function hasStore() {
  const known = await indexedDB.databases?.();
  return !known || known.some(({ name }) => name === "reports");
}

/** @param {Kept} report that arrived */
function item({ id, result }) {
  const told = copyOf("sent-news-item");
  find("[data-title]", HTMLElement, told).textContent = result?.title ?? "";
  find("[data-said]", HTMLElement, told).textContent = result?.said ?? "";
  find("a", HTMLAnchorElement, told).href = result?.url ?? "";
  find("button", HTMLButtonElement, told).addEventListener("click", async () => {
    await forget(id);
    told.remove();
  });
  return told;
}

async function tell() {
  if (document.querySelector("#waiting") || !(await hasStore())) return;
  const all = await allOf(news.dataset.community ?? "");
  const arrived = all.filter(({ state, result }) => state === "sent" && result && result.url !== location.pathname);
  news.replaceChildren(...arrived.slice(0, 3).map(item));
}

tell().catch(console.warn); // a private window keeps nothing
