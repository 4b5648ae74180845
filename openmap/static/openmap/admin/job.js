// How far a job is: asked every second until it is over; then the page is loaded anew and shows how it ended. A server or
// a network that fails is asked again. Any other answer, as the page to sign in after the session has ended, is for a person.

const PAUSE = 1000;

/** @param {HTMLElement} box */
async function look(box) {
  const answer = await fetch(box.dataset.jobUrl ?? "", { headers: { Accept: "application/json" } }).catch(() => null);
  if (!answer || answer.status >= 500) return;
  const isTold = answer.headers.get("Content-Type")?.startsWith("application/json");
  const told = isTold ? await answer.json().catch(() => null) : { over: true };
  if (!told) return; // the answer broke off in its middle
  const { state, percent, over } = told;
  if (over) {
    location.reload();
    return;
  }
  const words = box.querySelector("[data-job-words]");
  const number = box.querySelector("[data-job-percent]");
  const bar = box.querySelector("progress");
  if (words && words.textContent !== state) words.textContent = state;
  if (number) number.textContent = String(percent);
  if (bar) bar.value = percent;
}

for (const box of document.querySelectorAll(".job-state")) {
  if (!(box instanceof HTMLElement) || box.dataset.over) continue;
  const again = async () => {
    await look(box);
    setTimeout(again, PAUSE);
  };
  setTimeout(again, PAUSE);
}
