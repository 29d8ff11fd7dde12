// Offers to put Steadyback on the home screen, once a day's exercises are done for the first time: a browser that can
// install gets a button, Safari on iPhone and iPad the two steps in pictures. A "no" counts for good, on this device.

const ANSWERED = "install-answered";

const isInstalled = () =>
  navigator.standalone === true || window.matchMedia("(display-mode: standalone), (display-mode: minimal-ui)").matches;

/** Safari on iOS: the only browser there in which the two steps are as pictured. */
const isSafariOnIos = () =>
  navigator.standalone === false &&
  navigator.maxTouchPoints > 1 &&
  !/CriOS|FxiOS|EdgiOS|OPiOS|GSA|FBAN|FBAV|Instagram/.test(navigator.userAgent);

const hasAnswered = () => {
  try {
    return localStorage.getItem(ANSWERED) !== null;
  } catch {
    return true; // what cannot be remembered would be asked every day
  }
};

const remember = () => {
  try {
    localStorage.setItem(ANSWERED, new Date().toISOString());
  } catch {
    // Nothing was offered then.
  }
};

// The event may come before this module: js/phone.js keeps it there.
let prompt = window.installPrompt ?? null;

const shownCard = () => document.querySelector("[data-install]");

const close = () => {
  remember();
  shownCard()?.remove();
};

const install = async () => {
  await prompt.prompt();
  prompt = null; // a browser asks once
  close();
};

const show = () => {
  const card = document.getElementById("install-card").content.cloneNode(true);
  const way = prompt ? "prompt" : "ios";
  for (const part of card.querySelectorAll("[data-way]")) part.hidden = part.dataset.way !== way;
  card.querySelector("[data-add]").addEventListener("click", install);
  card.querySelector("[data-never]").addEventListener("click", close);
  const place = document.querySelector("[data-install-place]");
  if (place) place.replaceChildren(card);
  else (document.getElementById("today") ?? document.getElementById("main")).append(card);
};

const consider = () => {
  // The card comes with the end of a day.
  if (shownCard() || hasAnswered() || isInstalled() || !document.getElementById("install-card")) return;
  if (prompt || isSafariOnIos()) show();
};

window.addEventListener("beforeinstallprompt", (event) => {
  event.preventDefault();
  prompt = event;
  consider();
});
window.addEventListener("appinstalled", close);

/** Offers now if it is time, and whenever the day on this page becomes finished. */
export const offerInstall = () => {
  consider();
  new MutationObserver(consider).observe(document.getElementById("main"), {
    subtree: true,
    childList: true,
  });
};
