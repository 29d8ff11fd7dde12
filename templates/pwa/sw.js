// The phone's service worker: what is shown when the network does not answer. Served at /sw.js (rehab/pwa.py).
//
// Pages are asked for at the server first, and stored for the one person who is signed in; files whose names change
// with their content are taken from the phone. All else (parts of pages, the API, clips) goes straight to the network.
"use strict";
const {
  version: VERSION, outbox: OUTBOX, files: PRECACHED, offline: OFFLINE, session: SESSION, signOut: SIGN_OUT,
} = {{ told }};
importScripts(OUTBOX);

const FILES = "static-v1"; // never renamed: a stored page of an older release keeps its style and scripts
const SHELL = `shell-${VERSION}`;
const PAGES = "pages-"; // and the person's key
const PATIENCE_MS = 3_000;
const DAY_MS = 86_400_000;
const OLD_FILE_MS = 60 * DAY_MS;
const OLD_PAGE_MS = 30 * DAY_MS;
const SAME_MS = 60_000;
const MOST_PAGES = 60;
const NOBODY = "-";
const GONE = new Set([403, 404, 410]);

const says = (response, name, pattern) => pattern.test(response.headers.get(name) ?? "");
const address = (url) => Object.assign(new URL(url, self.location.origin), { hash: "" });

self.addEventListener("install", (event) => event.waitUntil(install()));
self.addEventListener("activate", (event) => event.waitUntil(activate()));

const install = async () => {
  const files = await caches.open(FILES);
  const shell = await caches.open(SHELL);
  await Promise.all([
    ...PRECACHED.map((url) => keepFile(files, url)),
    ...Object.values(OFFLINE).map(async (url) => {
      // Without cookies: this page is everybody's.
      await shell.put(url, await fetched(url, { cache: "reload", credentials: "omit" }));
    }),
  ]);
};

const activate = async () => {
  for (const name of await caches.keys()) {
    if (name.startsWith("shell-") && name !== SHELL) await caches.delete(name);
  }
  const files = await caches.open(FILES);
  for (const request of await files.keys()) {
    if (PRECACHED.includes(new URL(request.url).pathname)) continue;
    const sent = Date.parse((await files.match(request)).headers.get("Date") ?? "");
    if (Date.now() - sent > OLD_FILE_MS) await files.delete(request);
  }
  await self.clients.claim();
};

/* ---------- Whose pages these are ----------
 * A worker forgets its variables whenever it rests, so both are rows: "user", the key of who is signed in, and
 * "generation", which changes with every change of that. An answer that was asked for in another generation is stored
 * for nobody: it may be a page of who has signed out meanwhile. */

const generation = () => Outbox.meta.get("generation");

const changeUser = async (key) => {
  // Pages go even where the rows cannot be written.
  await Outbox.meta.set("generation", crypto.randomUUID()).catch(() => {});
  await Outbox.meta.set("user", key).catch(() => {});
  for (const name of await caches.keys()) {
    if (name.startsWith(PAGES) && name !== PAGES + key) await caches.delete(name);
  }
};

const pagesOfUser = async () => {
  const key = await Outbox.meta.get("user");
  return key && key !== NOBODY ? caches.open(PAGES + key) : undefined;
};

const stamped = async (response) => {
  const headers = new Headers(response.headers);
  for (const name of ["Content-Encoding", "Content-Length"]) headers.delete(name);
  headers.set("X-Stored-At", new Date().toISOString());
  return new Response(await response.blob(), { status: response.status, headers });
};

/** Deletes a page that is gone; one of a dog takes all pages of that dog with it, which may not be shared any more. */
const forget = async (pages, url) => {
  const [dog] = /^\/dogs\/[^/]+\//.exec(new URL(url).pathname) ?? [];
  await pages.delete(url);
  for (const request of dog ? await pages.keys() : []) {
    if (new URL(request.url).pathname.startsWith(dog)) await pages.delete(request);
  }
};

/**
 * Stores a page that the server allows to be kept, and returns whether it did. `asked`: the generation back then.
 * A page that nobody opened (`isAhead`) tells of no change of account: it may have been asked for while its reader signed out.
 */
const keep = async (url, response, asked, { isAhead = false } = {}) => {
  const key = response.headers.get("X-User-Key");
  if (!key || (await asked) !== (await generation())) return false;
  const user = await Outbox.meta.get("user");
  if (isAhead && user && user !== key) return false;
  if (user !== key) await changeUser(key);
  if (key === NOBODY || response.redirected || response.type !== "basic") return false;

  const mine = await generation();
  const pages = await caches.open(PAGES + key);
  if (GONE.has(response.status)) await forget(pages, url);
  const isKept = says(response, "Cache-Control", /\bprivate\b/) && !says(response, "Cache-Control", /\bno-store\b/);
  if (!response.ok || !isKept || !says(response, "Content-Type", /^text\/html/)) return false;

  const language = response.headers.get("Content-Language");
  await pages.put(url, await stamped(response));
  if ((await generation()) !== mine) {
    await caches.delete(PAGES + key);
    return false;
  }
  if (language && (await Outbox.meta.get("language")) !== language) await Outbox.meta.set("language", language);
  // In the order in which they were stored, so the first were not opened for the longest time.
  for (const request of (await pages.keys()).slice(0, -MOST_PAGES)) await pages.delete(request);
  return true;
};

/* ---------- Answering ---------- */

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== "GET" || origin !== self.location.origin) return;
  if (request.mode === "navigate") event.respondWith(page(event));
  else if (/^\/(static|pictures)\//.test(pathname) && !request.headers.has("Range")) event.respondWith(file(event));
});

const ageOf = (response) => Date.now() - Date.parse(response.headers.get("X-Stored-At"));

/** The stored page, unless it is too old to be shown; for the start, which the server only passes on to a dog's day, that day. */
const stored = async (url) => {
  const pages = await pagesOfUser();
  const found = await pages?.match(url.href, { ignoreVary: true });
  if (found && ageOf(found) > OLD_PAGE_MS) return undefined;
  if (found || !pages || !["/", "/today/"].includes(url.pathname)) return found;
  const kept = (await pages.keys()).map((request) => request.url);
  const start = kept.find((href) => new URL(href).pathname === "/today/");
  const day = kept.findLast((href) => /^\/dogs\/[^/]+\/today\/$/.test(new URL(href).pathname));
  return start || day ? Response.redirect(start ?? day) : undefined;
};

const offline = async () => {
  const language = (await Outbox.meta.get("language").catch(() => null)) ?? self.navigator.language.slice(0, 2);
  const url = OFFLINE[language] ?? Object.values(OFFLINE)[0];
  return (await caches.match(url, { cacheName: SHELL, ignoreVary: true })) ?? Response.error();
};

/** What our server says of who is signed in; undefined when another answers, or nobody. */
const session = async () => {
  const asked = { cache: "no-store", redirect: "manual", signal: AbortSignal.timeout(PATIENCE_MS) };
  const response = await fetch(SESSION, asked).catch(() => undefined);
  return response && says(response, "Content-Type", /^application\/json/) ? response.json() : undefined;
};

/** Ends the session of who signed out without a connection; returns whether that is done. */
const hasLeft = async () => {
  if (!(await Outbox.meta.get("leaving").catch(() => false))) return true;
  let who = await session();
  if (who?.user) {
    const headers = { "X-CSRFToken": who.csrf };
    await fetch(SIGN_OUT, { method: "POST", headers, redirect: "manual", signal: AbortSignal.timeout(PATIENCE_MS) });
    who = await session();
  }
  if (!who || who.user) return false;
  await Outbox.meta.set("leaving", false);
  return true;
};

const page = async (event) => {
  if (!(await hasLeft().catch(() => false))) return offline();
  const url = address(event.request.url);
  const asked = generation();
  asked.catch(() => {});
  let isLate = false;
  let copy;
  const network = fetch(event.request).then((response) => {
    // A redirect is handed on as it is: the browser follows it and asks again, here.
    const kept = keep(url.href, response.clone(), asked).catch(() => false);
    event.waitUntil(kept.then((done) => (done && isLate && isOther(copy, response) ? tellFresh(event, url) : undefined)));
    return response;
  });
  event.waitUntil(network.catch(() => {}));

  copy = await stored(url).catch(() => undefined);
  if (!copy) return network.catch(offline);
  const answer = await Promise.race([
    network.catch(() => undefined),
    new Promise((resolve) => setTimeout(resolve, PATIENCE_MS)),
  ]);
  // A hotel's sign-in page and a proxy's error are not ours; where a redirect leads to is hidden.
  const isOurs = answer?.type === "opaqueredirect" ? await session() : answer?.headers.has("X-App-Version");
  if (isOurs && answer.status < 500) return answer;
  isLate = true;
  return copy;
};

/** Whether a page says something else than its copy; one without a name does, unless the copy is of just now. */
const isOther = (copy, response) => {
  const [before, now] = [copy, response].map(({ headers }) => headers.get("ETag"));
  return before && now ? before !== now : ageOf(copy) > SAME_MS;
};

const tellFresh = async (event, url) => {
  const client = await self.clients.get(event.resultingClientId);
  client?.postMessage({ type: "fresh", url: url.href });
};

/* ---------- Files ----------
 * Only those are stored of which the server says that they never change. */

const isForEver = (response) => response.ok && response.type === "basic" && says(response, "Cache-Control", /\bimmutable\b/);

const file = async (event) => {
  const files = await caches.open(FILES);
  const copy = await files.match(event.request.url, { ignoreVary: true });
  if (copy) return copy;
  const response = await fetch(event.request);
  if (isForEver(response)) event.waitUntil(files.put(event.request.url, response.clone()).catch(() => {}));
  return response;
};

const fetched = async (url, options) => {
  const response = await fetch(url, options);
  if (!response.ok || response.redirected) throw new Error(`${url}: ${response.status}`);
  return response;
};

/** Stores a file, and before it the modules that it imports: without one of them it would not run. */
const keepFile = async (files, url, seen = new Set()) => {
  if (seen.has(url) || (await files.match(url, { ignoreVary: true }))) return;
  seen.add(url);
  const response = await fetched(url);
  if (!isForEver(response)) return;
  if (url.endsWith(".js")) {
    const imported = (await response.clone().text()).matchAll(/\b(?:from|import)\s*\(?\s*["'](\.{1,2}\/[^"']+)["']/g);
    for (const [, path] of imported) {
      await keepFile(files, new URL(path, new URL(url, self.location.origin)).pathname, seen);
    }
  }
  await files.put(url, response);
};

/* ---------- Pages that are stored before they are opened ---------- */

const underWay = new Set();

/** Stores pages that are absent or older than a day; all of them when the dog's plan is another than last time. */
const keepAhead = async ({ urls = [], plan = "" }) => {
  const row = `plan ${plan.split(" ")[0]}`;
  const isNewPlan = Boolean(plan) && (await Outbox.meta.get(row)) !== plan;
  let isWhole = true;
  for (const url of urls.slice(0, MOST_PAGES).map(address)) {
    if (url.origin !== self.location.origin || underWay.has(url.href)) continue;
    const copy = await (await pagesOfUser())?.match(url.href, { ignoreVary: true });
    if (!isNewPlan && copy && ageOf(copy) < DAY_MS) continue;
    underWay.add(url.href);
    try {
      isWhole = (await fetchAhead(url)) && isWhole;
    } finally {
      underWay.delete(url.href);
    }
  }
  if (isNewPlan && isWhole) await Outbox.meta.set(row, plan);
};

const fetchAhead = async (url) => {
  const asked = generation();
  const response = await fetch(url, { credentials: "same-origin", redirect: "manual", headers: { Accept: "text/html" } });
  if (!(await keep(url.href, response.clone(), asked, { isAhead: true }))) return false;
  const files = await caches.open(FILES);
  const named = (await response.text()).matchAll(/(?:src|srcset|href)="(\/(?:static|pictures)\/[^"#?\s]+)/g);
  for (const url of new Set([...named].map((match) => match[1]))) await keepFile(files, url);
  return true;
};

/* ---------- What the page asks for ---------- */

const ASKED = {
  SKIP_WAITING: () => self.skipWaiting(),
  LOGOUT: () => changeUser(NOBODY),
  KEEP: keepAhead,
  VERSION: () => VERSION,
};

self.addEventListener("message", (event) => {
  const type = event.data?.type ?? event.data;
  if (!Object.hasOwn(ASKED, type)) return;
  // Whoever asked may wait for the end of it.
  const done = Promise.resolve(ASKED[type](event.data)).catch(() => undefined);
  event.waitUntil(done.then((result) => event.ports[0]?.postMessage(result ?? null)));
});

// Where a browser offers it: records go out when the network is back, though no page is open.
self.addEventListener("sync", (event) => {
  if (event.tag !== "outbox") return;
  const send = async () => {
    const { state } = await Outbox.drain();
    if (["retry", "offline", "busy"].includes(state)) throw new Error(state);
  };
  event.waitUntil(send());
});
