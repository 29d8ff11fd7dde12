// The phone's service worker: what is shown when the network does not answer. Served at /sw.js (rehab/pwa.py).
//
// Pages are asked for at the server first, and stored for the one person who is signed in; files whose names change
// with their content are taken from the phone. All else (parts of pages, the API, clips) goes straight to the network.
"use strict";
const {
  version: VERSION, outbox: OUTBOX, push: PUSH, pushKey: PUSH_KEY, files: PRECACHED, offline: OFFLINE, session: SESSION,
  signOut: SIGN_OUT, words: WORDS, icon: ICON,
} = {{ told }};
importScripts(OUTBOX, PUSH);

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
const NO_GENERATION = Symbol("unknown"); // that of no page: nothing is stored for it
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
      // Without cookies: this page is everybody's. A hotel's sign-in page in its place would be shown for months.
      const response = await fetched(url, { cache: "reload", credentials: "omit" });
      if (!response.headers.has("X-App-Version")) throw new Error(`${url}: not ours`);
      await shell.put(url, response);
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

/** Returns the generation that begins with it. */
const changeUser = async (key) => {
  const begun = crypto.randomUUID();
  const before = await Outbox.meta.get("user").catch(() => undefined);
  // Pages go even where the rows cannot be written.
  await Outbox.meta.set("generation", begun).catch(() => {});
  await Outbox.meta.set("user", key).catch(() => {});
  for (const name of await caches.keys()) {
    if (name.startsWith(PAGES) && name !== PAGES + key) await caches.delete(name);
  }
  if (before) await leaveMessages(key).catch(() => {});
  return begun;
};

/** What is shown was for who was here before; so are the messages to come, unless only the session has ended. */
const leaveMessages = async (key) => {
  const { registration } = self;
  for (const shown of await registration.getNotifications()) shown.close();
  if (key !== NOBODY) await Push.leave({ registration, user: key });
};

/** Whoever signs out is not written to on this phone any more. The server ends it as well, with the session. */
const endMessages = () => Push.off({ registration: self.registration }).catch(() => {});

/** What is stored for who is signed in, if anything: looking must not make a place for somebody who has just left. */
const pagesOfUser = async () => {
  const key = await Outbox.meta.get("user");
  return key && key !== NOBODY && (await caches.has(PAGES + key)) ? caches.open(PAGES + key) : undefined;
};

/** The headers of an answer, for one whose content is made anew. */
const headersOf = (response) => {
  const headers = new Headers(response.headers);
  for (const name of ["Content-Encoding", "Content-Length"]) headers.delete(name);
  return headers;
};

const stamped = async (response) => {
  const headers = headersOf(response);
  headers.set("X-Stored-At", new Date().toISOString());
  return new Response(await response.blob(), { status: response.status, headers });
};

/**
 * Deletes a page that is gone; one of a dog takes all pages of that dog with it, which may not be shared any more. Not one of
 * a day: a tab that was left open asks for the day that it shows, which is too old by then, and says nothing about the dog.
 */
const forget = async (pages, url) => {
  const [dog] = /^\/dogs\/[^/]+\/(?!day\/)/.exec(new URL(url).pathname) ?? [];
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
  // Whose page it is was decided then: somebody may sign out between any two of the steps below.
  let mine = asked;
  if (!key || mine !== (await generation())) return false;
  const user = await Outbox.meta.get("user");
  if (isAhead && user && user !== key) return false;
  if (user !== key) mine = await changeUser(key);
  if (key === NOBODY || response.redirected || response.type !== "basic") return false;

  const before = GONE.has(response.status) ? await pagesOfUser() : undefined;
  if (before) await forget(before, url);
  const isKept = says(response, "Cache-Control", /\bprivate\b/) && !says(response, "Cache-Control", /\bno-store\b/);
  if (!response.ok || !isKept || !says(response, "Content-Type", /^text\/html/)) return false;

  const language = response.headers.get("Content-Language");
  const page = await stamped(response);
  if ((await generation()) !== mine) return false;
  const pages = await caches.open(PAGES + key);
  await pages.put(url, page);
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
  if (origin !== self.location.origin) return;
  const isPage = request.mode === "navigate";
  // Files are the browser's to send.
  if (request.method === "POST" && isPage && pathname === SIGN_OUT) event.waitUntil(endMessages());
  if (request.method === "POST" && isPage && !says(request, "Content-Type", /^multipart/)) event.respondWith(posted(request));
  if (request.method !== "GET") return;
  if (isPage) event.respondWith(page(event));
  else if (/^\/(static|pictures)\//.test(pathname) && !request.headers.has("Range")) event.respondWith(file(event));
});

const ageOf = (response) => Date.now() - Date.parse(response.headers.get("X-Stored-At"));

/** The stored page, unless it is too old to be shown; for the start, which the server only passes on to a dog's day, that day. */
const stored = async (url) => {
  const pages = await pagesOfUser();
  const plain = new URL(url);
  plain.searchParams.delete("about"); // what a message is about stands behind the #, too
  const found = await pages?.match(plain.href, { ignoreVary: true });
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

/**
 * A form that was sent before the page's script could keep what it says. Only the server can take it; where it does not
 * answer, nobody has kept it, and the page before is the place to say it again.
 */
const posted = async (request) => {
  try {
    return await fetch(request);
  } catch {
    const response = await offline();
    if (!response.ok) return response;
    const { pathname, search } = new URL(request.referrer || "/today/", self.location.origin);
    const html = (await response.text())
      .replace(/<div class="empty" data-case="page">[^]*?<template data-case="tap">([^]*?)<\/template>/, "$1")
      .replace('data-back href=""', () => `href="${(pathname + search).replaceAll("&", "&amp;")}"`)
      .replace("<stored-pages", "$& data-no-reload");
    return new Response(html, { status: 503, headers: headersOf(response) });
  }
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
  // Read before the request goes out: a sign-out a moment later must find it older than itself.
  const [hasSignedOut, asked] = await Promise.all([hasLeft().catch(() => false), generation().catch(() => NO_GENERATION)]);
  if (!hasSignedOut) return offline();
  const url = address(event.request.url);
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
  const asked = await generation();
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
  LOGOUT: () => Promise.all([changeUser(NOBODY), endMessages()]),
  KEEP: (asked) => Promise.all([keepAhead(asked), Push.again({ registration: self.registration, key: PUSH_KEY }).catch(() => {})]),
  VERSION: () => VERSION,
};

self.addEventListener("message", (event) => {
  const type = event.data?.type ?? event.data;
  if (!Object.hasOwn(ASKED, type)) return;
  // Whoever asked may wait for the end of it.
  const done = Promise.resolve(ASKED[type](event.data)).catch(() => undefined);
  event.waitUntil(done.then((result) => event.ports[0]?.postMessage(result ?? null)));
});

/* ---------- Messages from the server ---------- */

const wordsOf = (language = "") =>
  WORDS[language.slice(0, 2)] ?? WORDS[self.navigator.language.slice(0, 2)] ?? Object.values(WORDS)[0];
const textOf = (said) => (typeof said === "string" && said ? said : undefined);

/** An address of ours; whatever a message says, nothing else is opened, and nobody else is told. */
const ownAddress = (wanted) => {
  try {
    const url = new URL(wanted, self.location.origin);
    return typeof wanted === "string" && url.origin === self.location.origin ? url.href : undefined;
  } catch {
    return undefined;
  }
};

/** What a message says (declarative push, or as it is); what cannot be read still says that there is something. */
const noticeOf = (data) => {
  let said = {};
  try {
    said = data?.json() ?? {};
  } catch {
    // Three messages without a notice, and the browser gives the permission back.
  }
  const { title, body, tag, lang, navigate, data: more, actions } = Object(Object(said).notification ?? said);
  const { seen, snooze } = Object(more);
  const links = Object.entries({ navigate, seen, snooze }).map(([name, wanted]) => [name, ownAddress(wanted)]);
  const found = Object.fromEntries(links.filter(([, url]) => url));
  const buttons = Array.isArray(actions) ? actions : [];
  const offered = buttons.find((one) => Object(one).action === "snooze" && textOf(one.title) && found.snooze);
  return {
    title: textOf(title) ?? "Steadyback",
    options: {
      body: textOf(body) ?? wordsOf(textOf(lang)).news,
      tag: textOf(tag) ?? "news",
      // One that takes the place of another does so without a sound.
      renotify: false,
      lang: textOf(lang) ?? "",
      icon: ICON,
      actions: offered ? [{ action: offered.action, title: offered.title }] : [],
      data: found,
    },
  };
};

/** Tells the server what became of a message; nothing waits for it. The address says of which, so no cookie is sent. */
const post = async (url, said) => {
  const body = new URLSearchParams(said);
  const usual = { keepalive: true, credentials: "omit", signal: AbortSignal.timeout(PATIENCE_MS) };
  return url ? fetch(url, { method: "POST", body, ...usual }) : undefined;
};
const tellSeen = ({ seen }, what) => post(seen, { what }).catch(() => {});

self.addEventListener("push", (event) => {
  const { title, options } = noticeOf(event.data);
  const shown = self.registration.showNotification(title, options);
  event.waitUntil(shown.then(() => tellSeen(options.data, "delivered")));
});

const openPage = async (url) => {
  const pages = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
  const page = pages.find((one) => one.url === url) ?? pages[0];
  if (!page) return self.clients.openWindow(url);
  await page.focus().catch(() => {}); // not every tap may bring a window to the front
  if (page.url === url) return page;
  return page.navigate(url).catch(() => self.clients.openWindow(url));
};

/** A break until tomorrow, without opening anything; whether it is one now is said in the notice's place. */
const snooze = async ({ title, tag, lang, data, actions }) => {
  const answer = await post(data.snooze, { for: "today" }).catch(() => undefined);
  const isTaken = answer?.ok && answer.headers.has("X-App-Version");
  const { snoozed, notSnoozed } = wordsOf(lang);
  const usual = { tag, lang, icon: ICON, silent: true };
  // A tap on it shows the page where the break can be ended, or made.
  const next = { ...data, navigate: data.snooze };
  const options = isTaken ? { body: snoozed, data: next } : { body: notSnoozed, data: next, actions };
  await self.registration.showNotification(title, { ...usual, ...options });
};

self.addEventListener("notificationclick", (event) => {
  const { action, notification } = event;
  const data = Object(notification.data);
  notification.close();
  const isBreak = action === "snooze" && data.snooze;
  const open = () => Promise.all([openPage(ownAddress(data.navigate) ?? `${self.location.origin}/`), tellSeen(data, "opened")]);
  event.waitUntil(isBreak ? snooze(notification) : open());
});

// The browser has made another subscription, or ended this one: the server would write to an address that is gone.
self.addEventListener("pushsubscriptionchange", (event) => {
  const { registration } = self;
  event.waitUntil(Push.again({ registration, key: PUSH_KEY, isChanged: true }).catch(() => {}));
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
