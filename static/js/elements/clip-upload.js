// <clip-upload> takes a photo or clip of an exercise, keeps it on this phone and sends it in parts; what was sent is
// shown in #clip-list. Its words are its own attributes. Without JavaScript its form sends the file whole.

import { all, drop, keep, retry, send } from "../lib/clips.js";

const AGAIN_MS = [3_000, 10_000, 30_000, 60_000];
const LOOK_MS = 4_000;
const LENGTH_MS = 4_000;

const fill = (words, values) => words.replace(/\{(\w+)\}/g, (hole, name) => values[name] ?? "");
const clock = (seconds) => `${Math.floor(seconds / 60)}:${String(Math.round(seconds) % 60).padStart(2, "0")}`;

/** The seconds of a clip; nothing where this browser cannot tell. */
const lengthOf = (video) =>
  new Promise((resolve) => {
    const done = () => resolve(Number.isFinite(video.duration) ? video.duration : undefined);
    setTimeout(done, LENGTH_MS);
    video.addEventListener("loadedmetadata", done, { once: true });
    video.addEventListener("error", done, { once: true });
  });

class ClipUpload extends HTMLElement {
  #chosen = new Map(); // by their key: shown, and kept only once somebody says so
  #urls = new Map();
  #entries = new Map();
  #how = "";
  #turn = 0;
  #timers = {};
  #shown = "";

  #onChange = ({ target }) => this.#choose(target);
  #onSubmit = (event) => event.preventDefault();
  #onClick = ({ target }) => {
    const action = target.closest("[data-act]")?.dataset.act;
    if (action) this.#act(action, target.closest("[data-id]").dataset.id);
  };
  #onClips = ({ detail }) => {
    if (detail.state === "sent") this.#say(this.dataset.sent);
    if (detail.state === "sent") this.#look();
    this.#list();
  };
  #onWake = () => {
    if (document.visibilityState !== "visible") return;
    this.#turn = 0;
    this.#send();
    this.#look();
  };

  connectedCallback() {
    this.addEventListener("change", this.#onChange);
    this.addEventListener("submit", this.#onSubmit);
    this.addEventListener("click", this.#onClick);
    addEventListener("clips", this.#onClips);
    addEventListener("online", this.#onWake);
    document.addEventListener("visibilitychange", this.#onWake);
    this.#list().then(() => this.#send());
    this.#lookLater();
  }

  disconnectedCallback() {
    removeEventListener("clips", this.#onClips);
    removeEventListener("online", this.#onWake);
    document.removeEventListener("visibilitychange", this.#onWake);
    for (const timer of Object.values(this.#timers)) clearTimeout(timer);
    for (const url of this.#urls.values()) URL.revokeObjectURL(url);
  }

  get #user() {
    return document.getElementById("outbox").dataset.user;
  }

  #say(text) {
    this.querySelector("[data-said]").textContent = text;
  }

  async #choose(input) {
    const [blob] = input.files ?? [];
    input.value = "";
    if (!blob) return;
    const kind = blob.type.startsWith("image/") ? "photo" : "clip";
    const { patient, prescription, day } = this.dataset;
    const id = Outbox.uuid7();
    const most = Number(kind === "photo" ? this.dataset.mostPhoto : this.dataset.mostClip);
    const tooLarge = blob.size > most && { code: "too_large", reason: this.dataset.tooLarge };
    const state = tooLarge ? "failed" : "chosen";
    this.#chosen.set(id, { id, user: this.#user, patient, prescription, day, kind, blob, state, error: tooLarge || undefined });
    await this.#list();
    this.#entries.get(id)?.focus();
  }

  async #act(action, id) {
    const chosen = this.#chosen.get(id);
    if (action === "cancel") {
      this.#chosen.delete(id);
      await drop(id);
      this.querySelector(".clip-choice input")?.focus();
    } else if (action === "retry" && !chosen) {
      await retry(id);
    } else {
      const { id: own, state, error, ...record } = chosen;
      try {
        const kept = await keep(record);
        this.#chosen.delete(own);
        this.#moveEntry(own, kept.id);
      } catch {
        this.#chosen.set(own, { ...chosen, state: "failed", error: { code: "lost", reason: this.dataset.lost } });
      }
    }
    await this.#list();
    this.#turn = 0;
    this.#send();
  }

  /** The entry of what was chosen goes on as that of what is kept: its preview stays, and so does the focus. */
  #moveEntry(from, to) {
    for (const map of [this.#entries, this.#urls]) {
      if (map.has(from)) map.set(to, map.get(from));
      map.delete(from);
    }
    const entry = this.#entries.get(to);
    if (entry) entry.dataset.id = to;
    entry?.focus();
  }

  async #send() {
    clearTimeout(this.#timers.send);
    this.#how = await send(this.#user);
    if (!this.isConnected) return;
    await this.#list();
    const waits = [...this.#entries.values()].some(({ dataset }) => dataset.state === "pending");
    if (!waits) return;
    const after = AGAIN_MS[Math.min(this.#turn, AGAIN_MS.length - 1)];
    this.#turn += 1;
    this.#timers.send = setTimeout(() => this.#send(), after);
  }

  async #list() {
    const { prescription } = this.dataset;
    const kept = await all(this.#user).catch(() => []);
    const records = [...kept, ...this.#chosen.values()].filter((one) => one.prescription === prescription).reverse();
    const list = this.querySelector("[data-kept]");
    const ids = new Set(records.map(({ id }) => id));
    for (const [id, entry] of this.#entries) {
      if (ids.has(id)) continue;
      entry.remove();
      this.#entries.delete(id);
      URL.revokeObjectURL(this.#urls.get(id));
      this.#urls.delete(id);
    }
    for (const record of records) this.#paint(record, list);
    list.hidden = !records.length;
  }

  #paint(record, list) {
    let entry = this.#entries.get(record.id);
    if (!entry) {
      entry = this.querySelector("template[data-entry]").content.firstElementChild.cloneNode(true);
      entry.dataset.id = record.id;
      this.#entries.set(record.id, entry);
      list.prepend(entry);
      this.#preview(entry, record);
    }
    const percent = Math.floor((100 * (record.offset ?? 0)) / record.blob.size);
    entry.dataset.state = record.state;
    entry.querySelector("[data-what]").textContent = this.dataset[record.kind];
    entry.querySelector("[data-state]").textContent = this.#wordsOf(record, percent);
    const bar = entry.querySelector("progress");
    bar.hidden = record.state !== "pending";
    bar.value = percent;
    for (const [action, state] of [["send", "chosen"], ["retry", "failed"]]) {
      entry.querySelector(`[data-act="${action}"]`).hidden = record.state !== state || record.error?.code === "too_large";
    }
  }

  #wordsOf({ state, error }, percent) {
    const { ready, failed, unreadable, gone, signIn, waiting, sending } = this.dataset;
    if (state === "chosen") return ready;
    if (state === "failed") return error?.reason || { unreadable, status_404: gone }[error?.code] || failed;
    if (this.#how === "login") return signIn;
    return this.#how === "offline" || !navigator.onLine ? waiting : fill(sending, { percent });
  }

  async #preview(entry, { id, kind, blob }) {
    const url = URL.createObjectURL(blob);
    this.#urls.set(id, url);
    const shown = document.createElement(kind === "photo" ? "img" : "video");
    if (kind === "photo") shown.alt = "";
    else Object.assign(shown, { controls: true, playsInline: true, muted: true, preload: "metadata" });
    shown.src = url;
    entry.querySelector("[data-preview]").append(shown);
    if (kind === "photo") return;
    shown.setAttribute("aria-label", this.dataset.clip);
    const seconds = await lengthOf(shown);
    if (seconds === undefined) return;
    entry.querySelector("[data-length]").textContent = clock(seconds);
    const note = entry.querySelector("[data-note]");
    note.hidden = seconds <= Number(this.dataset.seconds) + 0.5;
    note.querySelector("[data-words]").textContent = fill(this.dataset.long, { length: clock(seconds) });
  }

  /** The list as the server has it now; what somebody watches is left alone. */
  async #look() {
    const list = document.getElementById("clip-list");
    const watched = [...list.querySelectorAll("video")].some((video) => !video.paused);
    if (document.visibilityState === "visible" && !watched) {
      const answer = await fetch(this.dataset.list, { redirect: "manual", cache: "no-store" }).catch(() => null);
      const html = answer?.ok && answer.headers.has("X-App-Version") ? await answer.text() : this.#shown;
      if (html && html !== this.#shown) list.replaceChildren(...new DOMParser().parseFromString(html, "text/html").body.children);
      this.#shown = html;
    }
    this.#lookLater();
  }

  #lookLater() {
    clearTimeout(this.#timers.look);
    if (!document.querySelector("#clip-list [data-preparing]")) return;
    this.#timers.look = setTimeout(() => this.#look(), LOOK_MS);
  }
}

customElements.define("clip-upload", ClipUpload);
