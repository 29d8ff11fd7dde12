// The owner's pages: an answer is kept on this phone first, shown at once, and sent as soon as there is a way.

import { answers, bySlot, commandsOf, contentOf, fill, isAboutSlot, slotKey, slotState, unseen } from "./lib/commands.js";

// May come before js/install.js is here, which only then can offer it.
addEventListener("beforeinstallprompt", (event) => {
  event.preventDefault();
  window.installPrompt = event;
});

const { Outbox } = window;
const byId = (id) => document.getElementById(id);
const all = (selector, root = document) => [...root.querySelectorAll(selector)];
// Words and addresses, in the language of the page.
const words = byId("outbox").dataset;
const { user } = words;
const DOUBLE_TAP = 500;
const MARKS = { done: "check", part: "contrast", stopped: "octagon-alert", skipped: "skip-forward", open: "check" };

let records = [];
let stops = []; // reports that stop the exercises, which outlive their records
let clips = [];
let loose = []; // what this phone cannot keep, until the page shows it
let lastState = "idle";
const openedAt = Date.now();

const word = (name, variant) => words[name + variant[0].toUpperCase() + variant.slice(1)];
const clone = (id) => byId(id).content.cloneNode(true);
const make = (tag, className, ...content) => {
  const element = Object.assign(document.createElement(tag), { className });
  element.append(...content);
  return element;
};
const link = (href, text) => Object.assign(make("a", "", text), { href });
const waitingMark = ({ state }) => (state === "pending" ? clone("outbox-waiting") : "");

/** “7:42”, or the date where something is said about another day. */
const whenOf = ({ done_at: doneAt, day }) => {
  const date = new Date(doneAt);
  if (doneAt.startsWith(day)) return `${date.getHours()}:${String(date.getMinutes()).padStart(2, "0")}`;
  return date.toLocaleDateString(words.locale, { day: "numeric", month: "long" });
};

const toast = (text, act) => {
  const shown = clone("outbox-toast").firstElementChild;
  shown.querySelector("p").textContent = text;
  const button = shown.querySelector("[data-act]");
  button.hidden = !act;
  button.onclick = act;
  byId("messages").append(shown);
  return shown;
};

// --- Forms -------------------------------------------------------------------------------------------------------------

const kindOf = (form) => form.querySelector("[name=kind]")?.value;
const slotOf = (root) => root.querySelector("[name=slot]");
const commandForms = (root) => all("form[data-command]", root).filter(kindOf);
const urlOf = (form) => form.getAttribute("action").replace(/commands\/$/, "");

const saidBy = (form, submitter) => {
  const data = new FormData(form);
  if (submitter?.name) data.append(submitter.name, submitter.value);
  const patient = /[0-9a-f-]{36}/.exec(urlOf(form))?.[0];
  return commandsOf(data, { patient, at: new Date(), zone: Intl.DateTimeFormat().resolvedOptions().timeZone });
};

const nameOf = (form) => {
  const title = form.closest("[aria-labelledby]")?.getAttribute("aria-labelledby");
  return (form.closest(".item")?.querySelector(".item-name") ?? byId(title))?.textContent.trim() ?? "";
};

// What somebody is in the middle of is not replaced under their hands.
const begun = new Set();
for (const name of ["input", "draft:restored"]) addEventListener(name, ({ target }) => begun.add(target.form ?? target));
addEventListener("reset", ({ target }) => begun.delete(target));
const isChanged = ({ type, checked, defaultChecked, value, defaultValue = "" }) =>
  ["radio", "checkbox"].includes(type) ? checked !== defaultChecked : type !== "hidden" && value !== defaultValue;
const isBusy = () =>
  [...begun].some((form) => form.isConnected && form.closest("main") && [...(form.elements ?? [form])].some(isChanged));

// --- What the page does not show yet -----------------------------------------------------------------------------------

const asOf = () => Date.parse(byId("day-mark")?.dataset.asOf ?? document.body.dataset.asOf) || openedAt;

const originals = new WeakMap(); // slots and cards, as the server sent them
const keys = new WeakMap();

/** Whether an element still has to show the record; it is marked as if it did. */
const isNews = ({ dataset }, record) => {
  const { shown = "" } = dataset;
  dataset.shown = record ? `${record.id} ${record.state}` : "";
  return dataset.shown !== shown;
};

const showSlot = (slot, record) => {
  const button = slot.querySelector("button");
  const kind = slot.querySelector("[name=kind]");
  if (!originals.has(slot)) {
    const note = slot.querySelector(".slot-note") ?? "";
    originals.set(slot, { state: slot.dataset.state, kind: kind.value, content: [...button.childNodes], note });
  }
  if (!isNews(slot, record)) return;
  slot.querySelector(".slot-note")?.remove();
  const original = originals.get(slot);
  const state = record ? slotState(record) : original.state;
  slot.dataset.state = state;
  kind.value = record ? (state === "open" ? "tick" : "undo") : original.kind;
  if (!record) {
    button.replaceChildren(...original.content);
    slot.append(original.note);
    return;
  }
  const number = slotOf(slot).value;
  const times = slot.parentElement.children.length;
  const mark = state === "open" && times > 1 ? make("span", "tick-mark", number) : clone("outbox-mark").firstElementChild;
  const use = mark.querySelector("use");
  use?.setAttribute("href", use.getAttribute("href").replace("check", MARKS[state]));
  mark.ariaHidden = "true";
  const what = nameOf(slot) + (times > 1 ? ` ${number}/${times}` : "");
  button.replaceChildren(mark, make("span", "visually-hidden", fill(word("label", state), { what })));
  const who = state === "open" ? "" : fill(word("note", state) ?? "{who}", { who: whenOf(record) });
  if (who || record.state === "pending") slot.append(make("span", "slot-note", waitingMark(record), who));
};

/** What is still to be done, of the page's list and in its order, for somebody who has no time for all of it. */
const namesLeft = (most) =>
  all("[aria-labelledby=exercises] .item:not([data-state=done], [hidden])")
    .slice(0, most)
    .map((item) => item.querySelector(".item-name").textContent.trim())
    .join(", ");

/** What a skip or a stop leads to, in the words that the server has printed; or why it did not take an answer. */
const sayOf = (item, { kind, payload, state, error }) => {
  if (state === "failed") return [words.failed, ` ${error.reason} `, link(words.page, words.look)];
  const after = kind === "stop" ? kind : payload.reason;
  const said = after && byId("after-answers")?.content.querySelector(`[data-after="${after}"]`)?.cloneNode(true);
  if (!said) return [];
  const id = item.id.replace("item-", "");
  for (const one of all("a", said)) one.href = one.getAttribute("href").replaceAll("{item}", id);
  const most = said.querySelector("[data-most]");
  const names = most && namesLeft(most.dataset.most);
  if (names) most.textContent = fill(most.textContent, { names });
  else most?.remove();
  return [...said.childNodes];
};

const showItem = (item, held, failed) => {
  const shown = [];
  const slots = all(".slot:has(form)", item);
  for (const slot of slots) {
    if (!keys.has(slot)) keys.set(slot, slotKey(saidBy(slot.querySelector("form"))[0]));
    const record = held.get(keys.get(slot));
    const refused = failed.get(keys.get(slot));
    if (record || originals.has(slot)) showSlot(slot, record);
    if (record || refused) shown.push(record?.seq > refused?.seq || !refused ? record : refused);
  }
  if (!shown.length && !item.dataset.was) return;
  item.dataset.was ??= item.dataset.state;
  const open = slots.filter(({ dataset }) => dataset.state === "open").map((slot) => slotOf(slot).value);
  item.dataset.state = !open.length ? "done" : item.dataset.was === "done" ? "open" : item.dataset.was;
  const more = item.querySelector(":scope > .more");
  if (more) more.hidden = !open.length;
  for (const form of commandForms(item).filter((one) => !one.closest(".slot"))) {
    const asked = all("[name=slot]", form);
    if (asked.length > 1) for (const one of asked) one.disabled = !open.includes(one.value);
    else if (open.length && asked.length) asked[0].value = open[0];
  }
  for (const said of all(".item-say", item)) said.hidden = shown.length > 0;
  return shown.sort((one, other) => one.seq - other.seq).at(-1);
};

const saySo = (item, last) => {
  item.querySelector("[data-said]")?.remove();
  const said = last ? sayOf(item, last) : [];
  if (!said.length) return;
  item.append(make("p", "item-say", ...said));
  item.lastElementChild.dataset.said = "";
};

/** The ring counts what is due; what is there besides stands in other lists. */
const showRing = () => {
  const ring = document.querySelector("#day-ring svg");
  const due = all("[aria-labelledby=exercises] .slot");
  const total = due.length;
  if (!ring?.textContent.trim().endsWith(`/${total}`) || !due.some((slot) => originals.has(slot))) return;
  const done = due.filter(({ dataset }) => ["done", "part", "stopped"].includes(dataset.state)).length;
  const said = fill(words.ring, { done, total });
  ring.querySelector("text").textContent = `${done}/${total}`;
  ring.querySelector(".ring-fill")?.setAttribute("stroke-dasharray", `${done} ${total}`);
  ring.ariaLabel = said;
  byId("day-line").textContent = said;
};

const press = (form, name, value) => {
  for (const button of all(`button[name="${name}"]`, form)) button.ariaPressed = String(button.value === value);
};

const showPain = (card, shown) => {
  const original = originals.get(card) ?? card;
  const form = commandForms(original).find((one) => kindOf(one) === "pain");
  if (!form) return;
  const [command] = saidBy(form);
  const record = shown.findLast((one) => answers(one, command));
  if (!record && original !== card) card.replaceWith(original);
  if (!record || !isNews(card, record)) return;
  const { moment, score } = record.payload;
  const next = clone("outbox-pain").firstElementChild;
  next.id = card.id;
  next.dataset.shown = card.dataset.shown;
  next.querySelector("[data-score]").textContent = fill(word("pain", moment), { score });
  next.querySelector("[data-note]").append(waitingMark(record), whenOf(record));
  next.querySelector(".more-body").append(form.cloneNode(true));
  press(next, "score", String(score));
  if (score < words.alarmFrom) next.querySelector(".notice").remove();
  else next.querySelector(".notice a").href = `${urlOf(form)}check/`;
  originals.set(next, original);
  delete original.dataset.shown;
  const hadFocus = card.contains(document.activeElement);
  card.replaceWith(next);
  if (hadFocus) next.focus();
};

/** Shows in a form what was said in it: a stored page is as empty as on the day it was stored. */
const fillIn = (form, { payload: { answers: more, ...payload } }) => {
  // What was pressed before and is not said now, such as the reason of a dose that was given after all.
  for (const button of all("button[aria-pressed]", form)) {
    if (!(button.name in payload)) button.setAttribute("aria-pressed", "false");
  }
  for (const [name, value] of Object.entries({ ...more, ...payload })) {
    const said = [value].flat().map((one) => ({ true: "yes", false: "no", null: "" })[one] ?? String(one));
    press(form, name, said[0]);
    for (const control of all(`[name="${name}"]:is(input, select, textarea):not([type=hidden], [name=text])`, form)) {
      if (["radio", "checkbox"].includes(control.type)) control.checked = said.includes(control.value);
      else [control.value] = said;
    }
  }
  for (const name of ["areas", "signs"]) {
    const none = form.querySelector(`[name=${name}_asked]`);
    if (none && payload[name]) none.checked = !payload[name].length;
  }
};

const showForm = (form, shown) => {
  const names = new Set([...form.elements].map(({ name }) => name));
  const [command] = saidBy(form);
  const record = command && shown.findLast((one) => answers(one, command, names));
  if (!isNews(form, record)) return;
  if (record) form.dataset.sentState = record.state;
  else delete form.dataset.sentState;
  if (record && !begun.has(form)) fillIn(form, record);
  if (!form.querySelector("[data-saved]")) form.append(make("p", "saved-line"));
  const line = form.querySelector("[data-saved], .saved-line");
  const said = { pending: words.saved, sent: words.sent, failed: `${words.failed} ${record?.error?.reason}` };
  line.replaceChildren(...(record ? [waitingMark(record), said[record.state]] : []));
};

const clockOf = (iso) => {
  const date = new Date(iso);
  const time = { hour: "numeric", minute: "2-digit", hourCycle: "h23" };
  const isToday = date.toDateString() === new Date().toDateString();
  return date.toLocaleString(words.locale, isToday ? time : { day: "numeric", month: "long", ...time });
};

/** Whether the server printed this page without a stop, though it had the report by then: a vet has released it. */
const isLifted = ({ state, received_at: received }) => state === "sent" && Date.parse(received) < asOf();

const lift = (lifted) => {
  stops = stops.filter((one) => !lifted.includes(one));
  for (const one of lifted) Outbox.lift(one).catch(() => {});
};

/** The reports of this phone that stop the dog's exercises, or only what they hold. */
const stopping = (isOfOne) =>
  [...stops, ...loose.filter((one) => one.stops || one.holds)].filter(
    ({ patient, holds }) => patient === words.patient && Boolean(holds) === isOfOne,
  );

/** How far the last of the reports has come; and a way out where the server never took it. */
const tellStop = (card, mine) => {
  const told = mine.at(-1);
  const line = card.querySelector("[data-told]");
  const said = fill(line.dataset[told.state], { time: clockOf(told.received_at) });
  if (line.textContent !== said) line.textContent = said;
  const spoken = card.querySelector("[data-spoken]");
  spoken.hidden = told.state !== "failed";
  spoken.querySelector("button").onclick = () => {
    lift(mine.filter(({ state }) => state === "failed"));
    paint();
  };
};

/** A warning sign that stops one exercise does so here at once, too; the others go on. */
const showHeld = () => {
  const page = document.querySelector("[data-holdable]");
  if (!page) return;
  const lifted = stopping(true).filter(isLifted);
  lift(lifted);
  const mine = stopping(true).filter((one) => !lifted.includes(one));
  const held = new Set(mine.flatMap(({ holds }) => holds.split(" ")));
  const items = all("li.item").filter(({ id }) => held.has(id.replace("item-", "")));
  // What was done before the sign stays done.
  for (const item of all("li.item")) item.hidden = items.includes(item) && item.dataset.state !== "done";
  const isHeld = held.has(page.dataset.holdable);
  for (const work of all(".exercise-work", page)) work.hidden = isHeld;
  let card = byId("held-here");
  if (!items.length && !isHeld) return card?.remove();
  if (!card) {
    page.querySelector("header").after(clone("held-screen"));
    card = byId("held-here");
  }
  const names = items.map((item) => item.querySelector(".item-name").textContent.trim());
  const list = card.querySelector("ul");
  list.hidden = !names.length;
  if (list.textContent !== names.join("")) list.replaceChildren(...names.map((name) => make("li", "", name)));
  tellStop(card, mine);
};

/**
 * A warning sign that stops the exercises does so here at once, whoever knows of it by now. What the server has, only the
 * server lifts; what it never took, only somebody who has spoken to the clinic.
 */
const showStop = () => {
  const page = document.querySelector("[data-stoppable]");
  if (!page || !byId("stopped-screen")) return;
  const mine = stopping(false);
  // The page of a day that has passed says nothing of today.
  const lifted = page.id === "today" && !("isToday" in page.dataset) ? [] : mine.filter(isLifted);
  lift(lifted);
  const open = mine.filter((one) => !lifted.includes(one));
  const wasStopped = "stopped" in page.dataset;
  page.toggleAttribute("data-stopped", open.length > 0);
  if (!open.length) return page.querySelector(".stopped")?.remove();
  if (!wasStopped) page.querySelector("header").after(clone("stopped-screen"));
  tellStop(page.querySelector(".stopped"), open);
};

const isShown = (element) => element.getClientRects().length > 0;
const homeOf = (element) => element.closest("[id]")?.id;

/** Focus is never lost: what took the place of the focused element gets it. */
const keepFocus = (work) => {
  const focused = document.activeElement;
  const home = homeOf(focused);
  work();
  if (focused === document.body || isShown(focused)) return;
  if (document.activeElement === document.body || document.activeElement === focused) {
    (byId(focused.id) ?? byId(home)?.querySelector("button, a, summary"))?.focus();
  }
};

const paint = () =>
  keepFocus(() => {
    const known = [...records, ...loose];
    const shown = unseen(known, asOf());
    const refused = known.filter(({ state }) => state === "failed");
    const both = [...shown, ...refused].sort((one, other) => one.seq - other.seq || 0);
    const [held, failed] = [bySlot(shown), bySlot(refused)];
    const items = all("li.item").filter(({ dataset }) => dataset.state !== "paused");
    // What is said under one names the others, as they are by then.
    const said = items.map((item) => [item, showItem(item, held, failed)]);
    showHeld();
    for (const one of said) saySo(...one);
    for (const card of all("[id^=pain-]")) showPain(card, shown);
    for (const form of commandForms()) if (!form.closest(".item, [id^=pain-], warning-check")) showForm(form, both);
    showStop();
    showRing();
    showLine();
  });

// --- Telling -----------------------------------------------------------------------------------------------------------

let waitingSince = 0;
let hadWaiting = false;
let lineTimer = 0;

const showLine = () => {
  const here = [...records, ...loose, ...clips];
  const [waiting, failed] = ["pending", "failed"].map((one) => here.filter(({ state }) => state === one).length);
  clearTimeout(lineTimer);
  waitingSince = waiting && (waitingSince || Date.now());
  // An answer that is under way is nothing to talk about.
  const isQuiet = navigator.onLine && ["idle", "done", "busy"].includes(lastState) && Date.now() - waitingSince < 800;
  const parts = failed ? [fill(words.attention, { count: failed })] : [];
  let [state, href] = [failed ? "attention" : "waiting", words.page];
  if (waiting && isQuiet) lineTimer = setTimeout(showLine, 800);
  else if (waiting) {
    hadWaiting = true;
    if (lastState === "login") href = `${words.signIn}?next=${encodeURIComponent(location.pathname)}`;
    if (!failed) parts.push(lastState === "login" ? words.signInToSend : words.saved);
    parts.push(fill(words.waiting, { count: waiting }));
  } else if (!failed) {
    state = hadWaiting ? "sent" : "offline";
    if (hadWaiting) parts.push(words.allSent);
    else if (!navigator.onLine) parts.push(words.offline);
    if (hadWaiting) lineTimer = setTimeout(showLine, 4000);
    hadWaiting = false;
  }
  const text = parts.join(" · ");
  const line = byId("outbox").firstElementChild;
  words.state = state;
  // Written only when it changed: a reader says it each time.
  if (line.textContent !== text) line.replaceChildren(text && (waiting || failed) ? link(href, text) : text);
  navigator.setAppBadge?.(failed)?.catch(() => {});
};

// --- Keeping and sending -----------------------------------------------------------------------------------------------

let wait = 2000;
let timer = 0;

const kick = async () => {
  clearTimeout(timer);
  const { state } = await Outbox.drain();
  // Clips go on from any page; what sends them comes only where there is one.
  if (clips.length) import("./lib/clips.js").then(({ send }) => send(user), () => {});
  if (!["retry", "offline", "busy"].includes(state)) wait = 2000;
  else {
    timer = setTimeout(kick, wait + Math.random() * 500);
    wait = Math.min(wait * 2, 60_000);
  }
};

const load = async () => {
  const filmed = () => Outbox.tx("clips", "readonly", (store) => store.index("user").getAll(user));
  try {
    [records, stops, clips] = await Promise.all([Outbox.all(user), Outbox.stops(user), filmed()]);
  } catch {
    // No storage: each answer is sent from memory.
  }
};

let looking = null;
/** One look for many changes. */
const look = () =>
  (looking ??= new Promise((resolve) => setTimeout(resolve, 60)).then(async () => {
    looking = null;
    await load();
    paint();
  }));

const taps = new Map();
const unsettled = new Map();

const tellForm = (form, name, detail) => form.dispatchEvent(new CustomEvent(name, { bubbles: true, detail }));

const stored = (form, kept) => {
  begun.delete(form);
  tellForm(form, "command:stored", { records: kept });
  if (kept[0].kind === "message") form.reset();
  const fold = form.closest("details.more, .practice-done");
  if (fold) fold.open = false;
  paint();
  if (form.dataset.then) location.assign(form.dataset.then);
};

/** The way out for a phone that cannot keep anything: straight to the server, once. */
const sendFromMemory = async (form, commands, content) => {
  const before = loose;
  loose = [...before, ...commands.map((command) => ({ ...command, user, state: "pending" }))];
  paint();
  // Where that fails too, it is neither here nor there.
  const answered = await Outbox.direct(user, commands).catch(() => []);
  const refused = answered.find(({ state }) => state !== "sent");
  if (answered.length) unsettled.delete(content);
  loose = [...before, ...answered.filter(({ state }) => state === "sent")];
  if (!answered.length || refused) {
    paint();
    tellForm(form, "command:failed", { commands });
    toast(refused ? `${words.failed} ${refused.error?.reason}` : words.lost);
    return;
  }
  stored(form, answered);
  refresh();
};

const take = async (form, submitter) => {
  const said = saidBy(form, submitter);
  if (!said.length) return;
  const content = contentOf(said);
  const isTap = isAboutSlot(said[0]);
  if (isTap) {
    // A tick and its undo are the same button: a thumb that bounces must not take back what it did.
    const thumb = ["tick", "undo"].includes(said[0].kind) ? slotKey(said[0]) : content;
    if (Math.abs(Date.now() - taps.get(thumb)) < DOUBLE_TAP) return;
    taps.set(thumb, Date.now());
  }
  const focus = () => submitter?.focus({ preventScroll: true });
  focus(); // Safari does not, and a reader would lose the place
  const local = { dog: words.dog, what: nameOf(form), stops: "stops" in form.dataset, holds: form.dataset.holds };
  // The same ids until they are kept somewhere: whoever tries again says it once.
  const commands = unsettled.get(content) ?? said.map((one) => ({ ...one, ...local, id: Outbox.uuid7() }));
  unsettled.set(content, commands);
  // Whoever says the same again says it; but not by a second tap while the first is being kept.
  if (submitter && !isTap) submitter.disabled = true;
  const kept = await Outbox.add(user, commands).catch(() => null);
  if (submitter?.disabled) {
    submitter.disabled = false;
    if (document.activeElement === document.body) focus();
  }
  if (!kept) return sendFromMemory(form, commands, content);
  unsettled.delete(content);
  records = [...records.filter(({ id }) => kept.every((one) => one.id !== id)), ...kept];
  stops = [...stops.filter(({ id }) => kept.every((one) => one.id !== id)), ...kept.filter((one) => one.stops || one.holds)];
  checkDay({ isTap: true });
  stored(form, kept);
  kick();
  later();
};

/** Asked once there is something to lose; and where the browser can send by itself, it may. Nothing waits for either. */
const later = async () => {
  try {
    if (!(await Outbox.meta.get("persist"))) await Outbox.meta.set("persist", String(await navigator.storage.persist()));
    await (await navigator.serviceWorker.getRegistration()).sync.register("outbox");
  } catch {
    // Most browsers have only a part of it.
  }
};

// --- The server's news -------------------------------------------------------------------------------------------------

const offerNews = () => {
  if (!document.querySelector(".toast[data-news]")) toast(words.news, () => location.reload()).dataset.news = "";
};

const isOpen = () => all("dialog[open], main details[open]").some(isShown);

const reload = (mark) => {
  // Once for each news: a stored page that comes again would ask for ever.
  if (isBusy() || isOpen() || history.state?.reloadedAt === mark) return offerNews();
  history.replaceState({ ...history.state, reloadedAt: mark }, "");
  location.reload();
};

// --- The day -----------------------------------------------------------------------------------------------------------

let sureOn = ""; // the date of this phone on which the server said that the page is today's

/** The dog's date by this phone's clock. */
const dateThere = ({ zone }) => {
  try {
    return new Date().toLocaleDateString("sv-SE", { timeZone: zone });
  } catch {
    return ""; // a zone that this browser does not know
  }
};

/** A page of today that was left open, or stored, is not today's any more: it says so, and a list gives way to the new one. */
const checkDay = ({ isTap = false } = {}) => {
  const page = document.querySelector("[data-is-today]");
  if (!page || document.hidden) return;
  const isList = page.id === "today"; // of the others one may be in the middle of a timer
  const date = dateThere(page.dataset);
  const isOld = date > page.dataset.day && date !== sureOn;
  const mayGo = isList && !isTap && navigator.onLine && !isBusy() && !isOpen();
  if (isOld && mayGo && history.state?.reloadedAt !== date) return reload(date);
  const shown = byId("old-day");
  if (!isOld) return shown?.remove();
  if (shown) return;
  const notice = clone("outbox-old-day").firstElementChild;
  const day = new Date(`${page.dataset.day}T12:00`).toLocaleDateString(words.locale, { weekday: "long" });
  const said = notice.querySelector("p");
  said.textContent = fill(isList ? said.dataset.list : said.dataset.page, { day });
  page.querySelector("header").after(notice);
};

/** htmx is fetched when there is something to put in, unless the page has it. */
const htmx = async () => {
  if (!window.htmx) {
    const script = Object.assign(make("script"), { src: words.htmx });
    await new Promise((resolve, reject) => {
      Object.assign(script, { onload: resolve, onerror: reject });
      document.head.append(script);
    });
  }
  return window.htmx;
};

/** Puts the changed parts into the page; folds stay open. */
const putIn = ({ swap }, html) =>
  keepFocus(() => {
    const folds = all("main details[open]").map((fold) => [homeOf(fold), all("details", byId(homeOf(fold))).indexOf(fold)]);
    swap("#today", html, { swapStyle: "none", swapDelay: 0, settleDelay: 0 });
    for (const [id, place] of folds) {
      const fold = place < 0 ? byId(id) : byId(id)?.querySelectorAll("details")[place];
      if (fold) fold.open = true;
    }
    paint();
  });

let asking = null;
let isQueued = false;

const ask = async (parts) => {
  const { mark } = byId("day-mark").dataset;
  const answer = await fetch(`${parts}?since=${encodeURIComponent(mark)}`, {
    headers: { "HX-Request": "true", "HX-Current-URL": location.href, "X-User-Key": user },
    cache: "no-store",
    redirect: "manual",
    signal: AbortSignal.timeout(15_000),
  });
  const html = await answer.text();
  const whose = answer.headers.get("X-User-Key") ?? user;
  if (answer.status === 401) lastState = "login";
  else if (whose !== user) location.reload();
  // The dog is not shared any more, or the day has passed: what the server shows in its place is the truth.
  else if ([403, 404].includes(answer.status) && answer.headers.has("X-App-Version")) reload(`gone ${mark}`);
  else if (answer.headers.has("HX-Refresh") || answer.headers.has("Steadyback-Reload")) return reload(mark);
  else if (answer.status === 200 && answer.headers.has("X-App-Version")) {
    const engine = await htmx();
    if (!isBusy()) putIn(engine, html);
  }
  if ([200, 204].includes(answer.status) && answer.headers.has("X-App-Version")) sureOn = dateThere(byId("today").dataset);
  checkDay();
};

const refresh = async () => {
  const { parts } = byId("today")?.dataset ?? {};
  if (!parts || document.hidden || !navigator.onLine || isBusy()) return;
  if (isQueued) return;
  // After the one under way, which may have been asked before the answer just given.
  isQueued = true;
  await asking;
  isQueued = false;
  asking = ask(parts).catch(() => {}); // the next look is in a few seconds
  await asking;
  loose = unseen(loose, asOf());
  showLine();
};

// --- Signing out -------------------------------------------------------------------------------------------------------

const unsent = async () => {
  const { pending, failed } = await Outbox.counts(user).catch(() => ({ pending: loose.length, failed: 0 }));
  await load();
  return pending + failed + clips.length;
};

const signOut = async (form) => {
  if (await unsent()) await Promise.race([Outbox.drain(), new Promise((resolve) => setTimeout(resolve, 3000))]);
  const count = await unsent();
  if (count) {
    const dialog = byId("sign-out-dialog");
    dialog.querySelector("[data-count]").textContent = fill(count === 1 ? words.leaveOne : words.leave, { count });
    dialog.returnValue = "";
    dialog.showModal();
    await new Promise((resolve) => (dialog.onclose = resolve));
    if (dialog.returnValue !== "leave") return;
  }
  const { forgetPages } = await import("./worker.js").catch(() => ({}));
  const hasWorker = await forgetPages?.();
  const asked = { method: "HEAD", cache: "no-store", redirect: "manual", signal: AbortSignal.timeout(5000) };
  const isThere = await fetch(form.action, asked).then(({ headers }) => headers.has("X-App-Version"), () => false);
  // The worker ends the session as soon as it can, and shows nobody's pages until then. Without one, nobody would.
  const isLocked = isThere || (hasWorker && (await Outbox.meta.set("leaving", true).then(() => true, () => false)));
  if (!isLocked) return toast(words.stillSignedIn);
  await Outbox.meta.set("user", "-").catch(() => {});
  if (isThere) form.submit();
  else location.assign(words.signIn);
};

// --- Beginning ---------------------------------------------------------------------------------------------------------

addEventListener(
  "submit",
  (event) => {
    const form = event.target;
    const isCommand = form.matches("[data-command]") && kindOf(form);
    if (!isCommand && !form.matches("[data-sign-out]")) return;
    event.preventDefault();
    if (isCommand) take(form, event.submitter);
    else signOut(form);
  },
  true,
);

addEventListener("outbox", async ({ detail: { type, state, sent } }) => {
  if (type === "drained") lastState = state;
  await look();
  if (sent) refresh();
});
addEventListener("clips", look);
addEventListener("outbox-outdated", offerNews);
// The page came from the phone because the network was slow, and a newer one is stored by now.
navigator.serviceWorker?.addEventListener("message", ({ data }) => {
  if (data?.type === "fresh" && data.url === location.href.replace(/#.*/, "")) reload(`fresh ${asOf()}`);
});

const wake = () => {
  if (document.hidden) return;
  wait = 2000;
  checkDay();
  kick();
  refresh();
};
for (const name of ["online", "focus"]) addEventListener(name, wake);
for (const name of ["online", "offline"]) addEventListener(name, showLine);
document.addEventListener("visibilitychange", wake);
setInterval(refresh, 8000);
setInterval(checkDay, 8000);

addEventListener("pageshow", async ({ persisted }) => {
  if (!persisted) return;
  // Back from the browser's memory: whoever signed in or out meanwhile must not see it.
  if (((await Outbox.meta.get("user").catch(() => user)) ?? user) !== user) return location.reload();
  await look();
  wake();
});

await load();
paint();
checkDay();
kick();
// The worker notes whose pages it shows; without one, the page does.
if (!navigator.serviceWorker?.controller) Outbox.meta.set("user", user).catch(() => {});

const idle = () => setTimeout(() => import("./worker.js").then(({ register }) => register(), () => {}), 200);
if (document.readyState === "complete") idle();
else addEventListener("load", idle);
