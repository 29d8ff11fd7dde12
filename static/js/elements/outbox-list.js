// <outbox-list hidden> shows what this phone has kept, clips among it: what needs attention, what waits, and what was sent
// lately. Its words are its own attributes, one for each kind; without JavaScript there is nothing to list.

import * as clips from "../lib/clips.js";

const fill = (words, values) => words.replace(/\{(\w+)\}/g, (hole, name) => values[name] ?? "");

const shortened = (text) => (text.length > 160 ? `${text.slice(0, 160)}…` : text);

class OutboxList extends HTMLElement {
  #isListing = false;
  #isAskedAgain = false;
  #changed = () => this.#list();

  connectedCallback() {
    for (const name of ["outbox", "clips"]) addEventListener(name, this.#changed);
    this.querySelector("[data-send]").addEventListener("click", () => {
      Outbox.drain();
      clips.send(this.#user);
    });
    this.#list();
  }

  disconnectedCallback() {
    for (const name of ["outbox", "clips"]) removeEventListener(name, this.#changed);
  }

  get #user() {
    return document.getElementById("outbox").dataset.user;
  }

  #whatOf({ kind, payload = {}, what, dog }) {
    const reason = this.querySelector(`[data-skip-reason="${payload.reason}"]`)?.textContent ?? "";
    const said = fill(this.dataset[kind] ?? kind, { ...payload, reason }).trim();
    return [dog, what, said].filter(Boolean).join(" · ");
  }

  #whenOf({ done_at: doneAt, day }) {
    const { locale } = document.getElementById("outbox").dataset;
    const date = { weekday: "long", day: "numeric", month: "long" };
    if (!doneAt) return new Date(`${day}T12:00`).toLocaleDateString(locale, date);
    const time = { hour: "numeric", minute: "2-digit", hourCycle: "h23" };
    const when = new Date(doneAt).toLocaleString(locale, { ...date, ...time });
    if (doneAt.startsWith(day)) return when;
    return `${when}, ${fill(this.dataset.forDay, { day: new Date(`${day}T12:00`).toLocaleDateString(locale, date) })}`;
  }

  #reasonOf({ state, error }) {
    return state === "failed" ? error?.reason || this.dataset.unreadable : "";
  }

  #entry(record) {
    const entry = this.querySelector("template[data-entry]").content.firstElementChild.cloneNode(true);
    entry.dataset.id = record.id;
    entry.querySelector("[data-what]").textContent = shortened(this.#whatOf(record));
    entry.querySelector("[data-when]").textContent = this.#whenOf(record);
    const reason = entry.querySelector("[data-reason]");
    reason.textContent = this.#reasonOf(record);
    reason.hidden = !reason.textContent;
    entry.querySelector("[data-actions]").hidden = record.state !== "failed";
    entry.querySelector("[data-retry]").addEventListener("click", () => this.#retry(record));
    entry.querySelector("[data-copy]").addEventListener("click", ({ target }) => this.#copy(record, target));
    entry.querySelector("[data-discard]").addEventListener("click", () => this.#discard(record));
    return entry;
  }

  // Another tab may have sent or discarded it meanwhile.
  async #retry({ id, seq }) {
    if (seq === undefined) {
      await clips.retry(id);
      clips.send(this.#user);
      return;
    }
    await Outbox.retry(seq);
    Outbox.drain();
  }

  async #copy(record, button) {
    const text = [this.#whatOf(record), this.#whenOf(record), record.payload?.note, this.#reasonOf(record)];
    await navigator.clipboard.writeText(text.filter(Boolean).join("\n"));
    button.textContent = this.dataset.copied;
  }

  async #discard(record) {
    const dialog = this.querySelector("dialog");
    dialog.querySelector("[data-what]").textContent = shortened(this.#whatOf(record));
    // Unless somebody has ended it on this phone, after a call.
    const stops = await Outbox.stops(this.#user);
    dialog.querySelector("[data-stays]").hidden = stops.every(({ id, holds }) => id !== record.id || holds);
    dialog.returnValue = "";
    dialog.showModal();
    await new Promise((resolve) => dialog.addEventListener("close", resolve, { once: true }));
    if (dialog.returnValue !== "discard") return;
    if (record.seq === undefined) await clips.discard(record.id);
    else await Outbox.discard(record.seq);
  }

  async #list() {
    this.#isAskedAgain = this.#isListing;
    if (this.#isListing) return;
    this.#isListing = true;
    do {
      this.#isAskedAgain = false;
      await this.#show();
    } while (this.#isAskedAgain);
    this.#isListing = false;
  }

  async #show() {
    const user = this.#user;
    const [said, { others }, filmed, ofOthers] = await Promise.all([
      Outbox.all(user), Outbox.counts(user), clips.all(user), clips.countOfOthers(user),
    ]);
    const records = [...said, ...filmed];
    const hadFocus = this.contains(document.activeElement);
    for (const section of this.querySelectorAll("[data-list]")) {
      const { list: state } = section.dataset;
      const shown = records.filter((record) => record.state === state).reverse();
      section.hidden = !shown.length;
      section.querySelector("ul").replaceChildren(...shown.slice(0, 200).map((record) => this.#entry(record)));
    }
    const none = this.querySelector("[data-none]");
    none.hidden = records.some(({ state }) => state !== "sent");
    this.querySelector("[data-others]").hidden = !(others + ofOthers);
    this.hidden = false;
    // The button that was pressed went with its entry.
    if (hadFocus && document.activeElement === document.body) {
      (none.hidden ? this.querySelector("section:not([hidden]) h2") : none)?.focus();
    }
  }
}

customElements.define("outbox-list", OutboxList);
