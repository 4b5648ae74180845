// Links to the feeds of what is chosen.

/** Gives every link to a feed the filters that are chosen now. @param {URLSearchParams} choices */
export function leadFeeds(choices) {
  const links = /** @type {NodeListOf<HTMLAnchorElement | HTMLLinkElement>} */ (document.querySelectorAll("[data-feed]"));
  for (const link of links) link.href = [new URL(link.href).pathname, String(choices)].filter(Boolean).join("?");
}
