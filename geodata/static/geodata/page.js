// Small helpers to reach what the server put on the page.

/**
 * The one element that matches, of the class that the caller expects.
 * @template {Element} T
 * @param {string} selector
 * @param {new () => T} type
 * @param {ParentNode} [within]
 * @returns {T} throws when there is none
 */
export function find(selector, type, within = document) {
  const found = within.querySelector(selector);
  if (!(found instanceof type)) throw new Error(`The page has no ${selector}.`);
  return found;
}

/** Goes to what the page wants to be read first, unless somebody is elsewhere already. */
export function focusFirst() {
  const first = document.querySelector("[autofocus]");
  if (first instanceof HTMLElement && document.activeElement === document.body) first.focus();
}

/**
 * Data that the server wrote with json_script.
 * @param {string} id
 * @returns {any}
 */
export function readJson(id) {
  return JSON.parse(document.getElementById(id)?.textContent ?? "null");
}

/**
 * A copy of the first element in `<template id=…>`.
 * @param {string} id
 * @returns {HTMLElement}
 */
export function copyOf(id) {
  const template = find(`#${id}`, HTMLTemplateElement);
  return /** @type {HTMLElement} */ (find("*", Element, template.content).cloneNode(true));
}

/**
 * A function that waits until nobody called it for `pause` milliseconds.
 * @template {any[]} A
 * @param {(...args: A) => void} action
 * @param {number} pause
 * @returns {(...args: A) => void}
 */
export function afterPause(action, pause) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  return (...args) => {
    clearTimeout(timer);
    timer = setTimeout(() => action(...args), pause);
  };
}

/**
 * Fetches, and keeps only the newest of overlapping questions.
 * @returns {(url: string) => Promise<Response>} rejects on a bad status, and with AbortError when a newer one came
 */
export function newestOnly() {
  /** @type {AbortController | null} */
  let running = null;
  return async (url) => {
    running?.abort();
    const mine = (running = new AbortController());
    const response = await fetch(url, { signal: mine.signal, headers: { "X-Requested-With": "fetch" } });
    if (!response.ok) throw new Error(`${response.status} ${url}`);
    return response;
  };
}

/** @param {unknown} error @returns {boolean} true when a newer question replaced this one */
export const isReplaced = (error) => error instanceof DOMException && error.name === "AbortError";
