// Small comforts of every page; each page reads and works without this file.

/** One open menu at a time; Escape or a press elsewhere closes it, Escape gives the focus back. */
function tameMenus() {
  const menus = /** @type {HTMLDetailsElement[]} */ ([...document.querySelectorAll("details.menu")]);
  /** @param {Element | null} kept */
  const closeOthers = (/** @type {Element | null} */ kept) => menus.forEach((menu) => { if (menu !== kept) menu.open = false; });
  for (const menu of menus) menu.addEventListener("toggle", () => menu.open && closeOthers(menu));
  document.addEventListener("keydown", (event) => {
    const open = event.key === "Escape" && menus.find((menu) => menu.open);
    if (!open) return;
    event.preventDefault(); // one press closes one thing
    open.open = false;
    open.querySelector("summary")?.focus();
  });
  document.addEventListener("pointerdown", (event) => {
    if (event.target instanceof Element) closeOthers(event.target.closest("details.menu"));
  });
}

/** `<button data-dialog="id">` opens that dialog; the button is hidden without this script. */
function openDialogs() {
  for (const button of document.querySelectorAll("button[data-dialog]")) {
    if (!(button instanceof HTMLButtonElement)) continue;
    button.hidden = false;
    button.addEventListener("click", () => {
      const dialog = document.getElementById(button.dataset.dialog ?? "");
      if (dialog instanceof HTMLDialogElement) dialog.showModal();
    });
  }
}

/** `<button data-copy="id" data-copied="Copied">` copies that field; hidden without this script. */
function copyFields() {
  for (const button of document.querySelectorAll("button[data-copy]")) {
    const field = document.getElementById(button.getAttribute("data-copy") ?? "");
    if (!(button instanceof HTMLButtonElement) || !(field instanceof HTMLInputElement)) continue;
    button.hidden = false;
    button.addEventListener("click", async () => {
      field.select();
      try {
        await navigator.clipboard.writeText(field.value);
      } catch {
        return; // the text is selected: the person can copy it by hand
      }
      const said = button.querySelector("[role=status]");
      if (said) said.textContent = button.dataset.copied ?? "";
    });
  }
}

const STOPPED = 20_000; // milliseconds after which a form may be sent again where the browser does not tell of a stop

/** Forms may be sent again: they came back, or somebody stopped them on their way. */
function releaseForms() {
  for (const form of document.querySelectorAll("form[data-sending]")) form.removeAttribute("data-sending");
  for (const button of document.querySelectorAll("form .btn-work")) button.classList.remove("btn-work");
}

/** A form that was sent says so, and is not sent twice by an impatient press. */
function sendOnce() {
  const { navigation } = /** @type {{navigation?: EventTarget}} */ (/** @type {unknown} */ (window));
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented || !(form instanceof HTMLFormElement) || form.method !== "post") return;
    if (form.dataset.sending) return event.preventDefault();
    form.dataset.sending = "yes";
    const button = /** @type {SubmitEvent} */ (event).submitter;
    if (button) button.classList.add("btn-work");
    if (!navigation) setTimeout(releaseForms, STOPPED);
  });
  navigation?.addEventListener("navigate", (event) => {
    const { signal } = /** @type {Event & {signal: AbortSignal}} */ (event);
    signal.addEventListener("abort", releaseForms);
  });
  addEventListener("pageshow", releaseForms);
}

tameMenus();
openDialogs();
copyFields();
sendOnce();
