// The page's side of the service worker: registers it, tells it which pages to keep, and offers a new version.

import { holdsUnsaved } from "./drafts.js";

const { serviceWorker } = navigator;

/** The pages that this one names (`data-keep`), and itself: a first visit is over before the worker can see it. */
const pagesToKeep = () => {
  const named = JSON.parse(document.body.dataset.keep ?? "[]");
  return serviceWorker.controller ? named : [...named, window.location.pathname + window.location.search];
};

const whenActive = async (registration) => {
  const coming = registration.installing ?? registration.waiting;
  if (registration.active || !coming) return registration.active;
  await new Promise((resolve) => {
    coming.addEventListener("statechange", () => ["activated", "redundant"].includes(coming.state) && resolve());
  });
  return registration.active;
};

/** Offers the version that waits. Nothing is reloaded but the page on which somebody asks for it. */
const offer = (waiting) => {
  const bar = document.getElementById("update-bar");
  if (!bar || document.querySelector("[data-update]")) return;
  document.getElementById("messages").append(bar.content.cloneNode(true));
  const shown = document.querySelector("[data-update]");
  shown.querySelector("[data-reload]").addEventListener("click", () => {
    if (holdsUnsaved()) {
      shown.querySelector("[data-unsaved]").hidden = false;
      return;
    }
    serviceWorker.addEventListener("controllerchange", () => window.location.reload(), { once: true });
    waiting.postMessage({ type: "SKIP_WAITING" });
  });
  // Another tab may have asked first: then nothing waits any more, and this page goes on with what it has.
  waiting.addEventListener("statechange", () => waiting.state === "activating" && shown.remove());
};

const watch = (registration) => {
  // Without a controller this is the first visit, and what is installed is no news.
  const offerNews = (worker) => worker.state === "installed" && serviceWorker.controller && offer(worker);
  if (registration.waiting) offerNews(registration.waiting);
  registration.addEventListener("updatefound", () => {
    const { installing } = registration;
    installing.addEventListener("statechange", () => offerNews(installing));
  });
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") registration.update().catch(() => {});
  });
};

let registered = null;

const start = async () => {
  const urls = pagesToKeep();
  const { plan } = document.body.dataset;
  try {
    const registration = await serviceWorker.register("/sw.js", { scope: "/", updateViaCache: "imports" });
    watch(registration);
    (await whenActive(registration))?.postMessage({ type: "KEEP", urls, plan });
    if (document.getElementById("day-end")) (await import("./install.js")).offerInstall();
    return registration;
  } catch {
    return null; // blocked, or no room: every page works without, only not offline
  }
};

/** Registers the worker once per page; to be called when the page has nothing better to do. */
export const register = () => {
  if (serviceWorker) registered ??= start();
  return registered;
};

/**
 * Lets the worker forget the pages of who signs out; resolves when they are gone, with whether there is a worker, which
 * shows nobody's pages from then on and can end the session later.
 */
export const forgetPages = async () => {
  const registration = await serviceWorker?.getRegistration().catch(() => undefined);
  const worker = serviceWorker?.controller ?? registration?.active;
  if (worker) {
    await new Promise((resolve) => {
      const channel = new MessageChannel();
      channel.port1.onmessage = resolve;
      setTimeout(resolve, 1000);
      worker.postMessage({ type: "LOGOUT" }, [channel.port2]);
    });
  }
  // Also where it did not answer, or there is none any more.
  const names = (await self.caches?.keys().catch(() => [])) ?? [];
  await Promise.all(names.filter((name) => name.startsWith("pages-")).map((name) => caches.delete(name)));
  return Boolean(worker);
};
