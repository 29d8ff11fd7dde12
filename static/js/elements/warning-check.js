// <warning-check> weighs the check as soon as it is sent, before anybody else has it, and says what to do; then it tells
// how far the report has come, and nothing more than that. Without JavaScript the server does the same on the next page.

import { commandsOf, fill, unseen } from "../lib/commands.js";
import { knownBefore, stopsAll, weigh, withCheck } from "../lib/warning-signs.js";

const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;

class WarningCheck extends HTMLElement {
  #rule = null;
  #advice = null;
  #records = [];
  #stops = []; // the reports of this phone that stop the exercises and that nobody has lifted, as Today goes by them
  #hasStopped = false; // whether a check on this page has, kept or not
  #shown = null; // the report whose result stands here: its record, or what was said while there is none

  get #user() {
    return document.getElementById("outbox")?.dataset.user;
  }

  get #forms() {
    return [...this.querySelectorAll("form[data-command]")];
  }

  connectedCallback() {
    this.#rule = JSON.parse(this.dataset.rule);
    this.#advice = JSON.parse(this.dataset.advice);
    // On the window, so that it comes before everything that takes the form away.
    window.addEventListener("submit", this.#submitted, true);
    window.addEventListener("outbox", this.#look);
    this.addEventListener("change", this.#changed);
    this.addEventListener("input", this.#changed);
    this.addEventListener("command:stored", this.#stored);
    this.addEventListener("command:failed", this.#lost);
    this.addEventListener("click", this.#clicked);
    this.#changed();
    this.#restore();
    this.#fromExercise();
  }

  /** Whoever comes from the page of an exercise (its slug is in the address) most likely means that one. */
  #fromExercise() {
    const select = this.querySelector("select[name=exercise]");
    const slug = new URLSearchParams(location.hash.slice(1)).get("exercise");
    if (select && [...select.options].some(({ value }) => value === slug)) select.value = slug;
  }

  disconnectedCallback() {
    window.removeEventListener("submit", this.#submitted, true);
    window.removeEventListener("outbox", this.#look);
    this.removeEventListener("change", this.#changed);
    this.removeEventListener("input", this.#changed);
    this.removeEventListener("command:stored", this.#stored);
    this.removeEventListener("command:failed", this.#lost);
    this.removeEventListener("click", this.#clicked);
  }

  #said(form) {
    const [command] = commandsOf(new FormData(form), { patient: this.dataset.patient, at: new Date(), zone });
    return command;
  }

  /** The reports of this phone that the page's record does not have: on their way, refused, or sent since. */
  get #own() {
    const failed = this.#records.filter(({ state }) => state === "failed");
    const own = [...unseen(this.#records, Date.parse(this.dataset.asOf)), ...failed];
    return own.sort((one, other) => Date.parse(one.done_at) - Date.parse(other.done_at));
  }

  /** What the rules make of a report, held against the page's record of the dog and the reports of this phone. */
  #weighed({ payload, done_at: doneAt, id }) {
    const at = Date.parse(doneAt);
    const before = this.#own.filter((one) => one.id !== id && Date.parse(one.done_at) < at);
    const said = ({ done_at: iso, payload: { answers, flags } }) => [[iso, answers ?? {}], flags ?? []];
    const rule = before.reduce((known, one) => withCheck(known, ...said(one)), this.#rule);
    const [[, answers], flags] = said({ done_at: doneAt, payload });
    return weigh(answers, flags, knownBefore(rule, at), rule.signs);
  }

  /** Whether a stop is open that no later answer lifts: one of the page's record, or one that only this phone knows of. */
  get #isStopped() {
    const asOf = Date.parse(this.dataset.asOf);
    const isNews = ({ state, received_at: received }) => state !== "sent" || Date.parse(received) >= asOf;
    return this.#hasStopped || "openStop" in this.dataset || this.#stops.some(isNews);
  }

  // The form carries what it would stop, so that Today stops as soon as the report is kept; and the bar says it, too.
  #changed = () => {
    let urgency = "";
    for (const form of this.#forms) {
      const said = this.#said(form);
      const weighed = this.#weighed(said);
      if (stopsAll(weighed)) form.dataset.stops = "all_active";
      else delete form.dataset.stops;
      form.dataset.holds = this.#heldBy(weighed, said.payload.exercise);
      urgency ||= weighed.urgency;
    }
    this.dataset.urgency = urgency;
    const live = this.querySelector(`[data-live="${urgency}"]`);
    const line = this.querySelector(".check-now [role=status]");
    const text = live?.content.textContent ?? "";
    if (line.textContent !== text) line.textContent = text;
  };

  /** The prescriptions that a sign of one exercise stops: of the one that is named, else of those that may have brought it on. */
  #heldBy({ stop, flags }, named) {
    if (stop !== "named_exercise") return "";
    const isHeld = ({ value, dataset }) => (named ? value === named : flags.some((flag) => dataset.signs?.includes(flag)));
    const held = [...this.querySelectorAll("select[name=exercise] option")].filter(isHeld);
    return held.map(({ dataset }) => dataset.item).join(" ");
  }

  #submitted = ({ target }) => {
    if (!this.contains(target) || !target.matches("form[data-command]")) return;
    this.#changed();
    this.#shown = this.#said(target);
    this.#show();
    this.#hasStopped ||= stopsAll(this.#result);
    this.#tell(window.Outbox ? this.dataset.saving : this.dataset.sending);
    const dialog = this.querySelector("dialog");
    if (this.#result.urgency === "emergency_now") dialog.showModal();
    else this.#focusOnResult();
  };

  #stored = ({ detail }) => {
    this.#shown = detail.records.at(-1);
    this.#tellState();
  };

  #lost = () => this.#tell(this.dataset.lost);

  #look = async () => {
    await this.#load();
    this.#tellStop();
    const now = this.#records.find(({ id }) => id === this.#shown?.id);
    if (!now) return;
    this.#shown = now;
    this.#tellState();
  };

  async #load() {
    const found = (await window.Outbox?.all(this.#user).catch(() => [])) ?? [];
    this.#records = found.filter(({ kind, patient }) => kind === "report" && patient === this.dataset.patient);
    const stops = (await window.Outbox?.stops(this.#user).catch(() => [])) ?? [];
    this.#stops = stops.filter(({ patient, holds }) => patient === this.dataset.patient && !holds);
  }

  /** A page from before a report still shows what that report led to. */
  async #restore() {
    // The outbox's own script may come after this one; it has run by the time the page is ready.
    if (!window.Outbox) await new Promise((ready) => document.addEventListener("DOMContentLoaded", ready, { once: true }));
    await this.#load();
    this.#changed();
    this.#tellStop();
    const last = this.#own.filter(({ day }) => day === this.dataset.day).sort((one, other) => one.seq - other.seq).at(-1);
    if (!last || this.#shown) return;
    this.#shown = last;
    this.#show();
    this.#tellState();
  }

  get #result() {
    return this.#weighed(this.#shown);
  }

  #card() {
    const { flags, urgency, stop } = this.#result;
    const card = this.querySelector(`[data-case="${urgency}"]`).content.firstElementChild.cloneNode(true);
    const line = (text) => Object.assign(document.createElement("li"), { textContent: text });
    const words = (id) => this.querySelector(`input[value="${id}"]`)?.closest("label").querySelector("[data-sign]");
    card.querySelector("[data-signs]").replaceChildren(...flags.map((id) => line(words(id)?.textContent ?? this.dataset.unknown)));
    const advice = flags.filter((id) => id in this.#advice).map((id) => line(this.#advice[id]));
    card.querySelector("[data-advice]").replaceChildren(...advice);
    for (const text of card.querySelectorAll("[data-stop]")) text.hidden = text.dataset.stop !== stop;
    return card;
  }

  #show() {
    this.querySelector("[data-result]").replaceChildren(this.#card());
    const full = this.#card();
    full.querySelector("h2").id = "stop-title";
    full.setAttribute("aria-labelledby", "stop-title");
    this.querySelector("[data-stop-body]").replaceChildren(full);
    this.#tellStop();
    this.toggleAttribute("data-sent", true);
    this.querySelector("[data-again]").hidden = false;
  }

  #tell(text) {
    for (const line of this.querySelectorAll("[data-truth]")) if (line.textContent !== text) line.textContent = text;
  }

  /** A result that stops nothing does not make the stop before it undone; one that stops says so in its own words. */
  #tellStop() {
    const isStopped = this.#isStopped;
    for (const line of this.querySelectorAll("[data-still]")) {
      const stopsItself = line.closest("[data-urgency]").querySelector('[data-stop^="all"]:not([hidden])');
      line.hidden = !isStopped || stopsItself !== null;
    }
  }

  /** How far the report has come; that somebody has read it is nothing a phone can know. */
  #tellState() {
    const { state, error, received_at: receivedAt } = this.#shown;
    const { saved, received, unread, failed } = this.dataset;
    if (state === "failed") return this.#tell(fill(failed, { reason: error?.reason }));
    if (state !== "sent") return this.#tell(saved);
    const at = new Date(receivedAt);
    const time = [at.getHours(), at.getMinutes()].map((part) => String(part).padStart(2, "0")).join(":");
    const mustCall = ["emergency_now", "call_today"].includes(this.#result.urgency);
    return this.#tell([fill(received, { time }), ...(mustCall ? [unread] : [])].join(" "));
  }

  #focusOnResult() {
    const result = this.querySelector("[data-result]");
    result.focus({ preventScroll: true });
    result.scrollIntoView({ block: "start" });
  }

  #clicked = ({ target }) => {
    if (target.closest("[data-close]")) {
      this.querySelector("dialog").close();
      this.#focusOnResult();
    } else if (target.closest("[data-again]")) {
      for (const form of this.#forms) {
        form.reset();
        // A form that somebody has begun is not filled in again with what was sent before.
        form.dispatchEvent(new Event("input", { bubbles: true }));
      }
      this.toggleAttribute("data-sent", false);
      this.querySelector("[data-again]").hidden = true;
      this.#changed();
      this.querySelector(".check-form input[type=checkbox]").focus();
    }
  };
}

customElements.define("warning-check", WarningCheck);
