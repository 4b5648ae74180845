// Asks the browser to keep the form for a time without a network. Where it cannot, the form works as it does with one.

/** @param {HTMLFormElement} form with data-shell, and data-worker where the installation wants one */
export async function keepOffline(form) {
  if (!("serviceWorker" in navigator)) return;
  try {
    if (form.dataset.worker) await register(form);
    else await unregister();
  } catch (error) {
    console.warn(error); // a private window, or a browser of 2021
  }
}

/** @param {HTMLFormElement} form */
async function register({ dataset: { worker = "", shell = "", parts = "" } }) {
  const registration = await navigator.serviceWorker.register(worker, { type: "module", updateViaCache: "none" });
  if (!registration) return;
  const { active } = await navigator.serviceWorker.ready;
  active?.postMessage({ keep: shell, also: parts.split(" ") });
}

async function unregister() {
  for (const one of await navigator.serviceWorker.getRegistrations()) await one.unregister();
}

/** Asks the browser to send what waits even when this page is closed; not every browser can. */
export async function askForSync() {
  try {
    const registration = await navigator.serviceWorker?.getRegistration();
    const { sync } = /** @type {{sync?: {register: (tag: string) => Promise<void>}}} */ (/** @type {unknown} */ (registration ?? {}));
    await sync?.register("reports");
  } catch (error) {
    console.warn(error); // the page sends it when it is opened
  }
}
