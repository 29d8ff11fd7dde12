// The glue between htmx and the page: command stamps, focus, spoken changes, network errors, menus.

const announce = (text) => {
  document.getElementById("announce").textContent = text;
};

/** The moment as ISO 8601 with this device's own offset, so that the server can tell the dog's day. */
const localIso = (date) => {
  const pad = (number) => String(number).padStart(2, "0");
  const offset = -date.getTimezoneOffset();
  const ahead = Math.abs(offset);
  const day = [date.getFullYear(), pad(date.getMonth() + 1), pad(date.getDate())].join("-");
  const time = [date.getHours(), date.getMinutes(), date.getSeconds()].map(pad).join(":");
  return `${day}T${time}${offset < 0 ? "-" : "+"}${pad(Math.floor(ahead / 60))}:${pad(ahead % 60)}`;
};

/** Stamps once: a repeated send must carry the same content as the first, or the server refuses its id. */
const stamp = (form) => {
  const { done_at: doneAt, time_zone: timeZone } = form.elements;
  if (doneAt && !doneAt.value) doneAt.value = localIso(new Date());
  if (timeZone && !timeZone.value) timeZone.value = Intl.DateTimeFormat().resolvedOptions().timeZone;
};

// Capturing, so that it runs before htmx reads the form, and for a plain submit too.
document.addEventListener(
  "submit",
  (event) => {
    if (event.target.matches("form[data-command]")) stamp(event.target);
  },
  true,
);

// A page that comes back from the back/forward cache would send commands that were already used.
window.addEventListener("pageshow", (event) => {
  if (event.persisted && document.querySelector("form[data-command]")) window.location.reload();
});

const focusOn = (element) => {
  if (!element.matches("a[href], button, input, select, textarea, [tabindex]")) element.tabIndex = -1;
  element.focus();
};

document.addEventListener("htmx:beforeRequest", ({ detail }) => detail.elt.setAttribute("aria-busy", "true"));
document.addEventListener("htmx:afterRequest", ({ detail }) => detail.elt.removeAttribute("aria-busy"));

document.addEventListener("htmx:afterSettle", ({ target }) => {
  const inside = (selector) => (target.matches(selector) ? target : target.querySelector(selector));
  const spoken = inside("[data-announce]");
  if (spoken) announce(spoken.textContent.trim());
  const next = inside("[data-focus-after-swap]");
  if (next) focusOn(next);
});

// Two taps whose requests crossed: each answer knows the day as it was before the other. So the last one to end asks
// for the whole day. Counted on the request itself, because the form that sent it may be gone when it ends.
let commandsUnderWay = 0;
let haveCrossed = false;
let pressed = "";
document.addEventListener("htmx:beforeSend", ({ detail }) => {
  if (!detail.elt.matches("form[data-command]")) return;
  commandsUnderWay += 1;
  pressed = detail.requestConfig.triggeringEvent?.submitter?.id ?? "";
  haveCrossed ||= commandsUnderWay > 1;
  detail.xhr.addEventListener("loadend", () => {
    commandsUnderWay -= 1;
    if (commandsUnderWay > 0 || !haveCrossed) return;
    haveCrossed = false;
    if (!document.getElementById("today")) return;
    window.htmx
      .ajax("GET", window.location.pathname, { target: "#today", select: "#today", swap: "outerHTML" })
      .then(() => document.getElementById(pressed)?.focus());
  });
});

const dropNetworkToast = () => document.querySelector("#messages [data-network]")?.remove();

const offerRetry = ({ detail }) => {
  dropNetworkToast();
  const toast = document.getElementById("network-toast").content.cloneNode(true);
  const { elt, requestConfig } = detail;
  toast.querySelector("[data-retry]").addEventListener("click", () => {
    dropNetworkToast();
    const submitter = requestConfig?.triggeringEvent?.submitter;
    if (!elt.isConnected) window.location.reload();
    else if (elt instanceof HTMLFormElement) elt.requestSubmit(submitter?.isConnected ? submitter : null);
    else elt.click();
  });
  document.getElementById("messages").append(toast);
};

for (const name of ["htmx:sendError", "htmx:timeout", "htmx:responseError"]) {
  document.addEventListener(name, offerRetry);
}

document.addEventListener("click", ({ target }) => {
  target.closest("[data-dismiss]")?.closest(".toast").remove();
  for (const menu of document.querySelectorAll("details[data-menu][open]")) {
    if (!menu.contains(target)) menu.open = false;
  }
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const menu = document.querySelector("details[data-menu][open]");
  if (!menu) return;
  menu.open = false;
  menu.querySelector("summary").focus();
});

/** Good news steps aside by itself; warnings and errors wait to be dismissed. */
const fadeGoodNews = () => {
  for (const toast of document.querySelectorAll("[data-fleeting]")) {
    toast.removeAttribute("data-fleeting");
    setTimeout(() => toast.remove(), 8000);
  }
};
document.addEventListener("htmx:oobAfterSwap", fadeGoodNews);
fadeGoodNews();

// An answer that came back with errors after a plain submit starts at its summary.
const summary = document.getElementById("form-errors");
if (summary) focusOn(summary);
