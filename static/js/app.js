// The glue between htmx and the page: focus, spoken changes, network errors, menus.

const announce = (text) => {
  document.getElementById("announce").textContent = text;
};

// A form that asks for the time zone of this device says it; the commands of an owner are phone.js's.
document.addEventListener(
  "submit",
  ({ target }) => {
    const zone = target.querySelector("input[name=time_zone]");
    if (zone && !zone.value) zone.value = Intl.DateTimeFormat().resolvedOptions().timeZone;
  },
  true,
);

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
