// <push-switch data-key="the server's key" data-user="the account's key on its phones" hidden> switches messages on this
// phone on and off. What it says in each state is a <template data-state>, put into [data-said]; without JavaScript it
// stays hidden. The browser asks its question only after a tap, because a question nobody expected is answered with no for ever.

import { register } from "../worker.js";

const { serviceWorker } = navigator;
const NO_SWITCH = ["blocked", "blocked-app", "install", "unsupported"];

/** On the home screen there is no bar with an address, and the permission is the phone's. */
const isInstalled = () =>
  navigator.standalone === true || matchMedia("(display-mode: standalone), (display-mode: minimal-ui)").matches;

/** What keeps this browser from showing messages, if anything does. */
const obstacle = () => {
  const isAble = serviceWorker && "PushManager" in window && "Notification" in window;
  // Only the browsers of iPhone and iPad know the word, and they can once they are on the home screen.
  if (!isAble) return navigator.standalone === false ? "install" : "unsupported";
  if (Notification.permission !== "denied") return "";
  return isInstalled() ? "blocked-app" : "blocked";
};

class PushSwitch extends HTMLElement {
  #isBusy = false;
  #permission;

  #onClick = () => this.#turn();
  #onWake = () => document.visibilityState === "visible" && this.#look();

  async connectedCallback() {
    this.#switch.addEventListener("click", this.#onClick);
    document.addEventListener("visibilitychange", this.#onWake);
    await this.#look();
    this.hidden = false;
    // Whoever allows or forbids it in the browser's settings sees it here at once.
    const permission = await navigator.permissions?.query({ name: "notifications" }).catch(() => undefined);
    if (!this.isConnected) return;
    this.#permission = permission;
    permission?.addEventListener("change", this.#onWake);
  }

  disconnectedCallback() {
    this.#switch.removeEventListener("click", this.#onClick);
    document.removeEventListener("visibilitychange", this.#onWake);
    this.#permission?.removeEventListener("change", this.#onWake);
  }

  get #switch() {
    return this.querySelector("[role=switch]");
  }

  get #isOn() {
    return this.#switch.ariaChecked === "true";
  }

  /** Says how it stands; `said` is a sentence of the server's. */
  #show(state, { isOn = false, said = "" } = {}) {
    if (this.dataset.state === state && !said) return;
    this.dataset.state = state;
    const control = this.#switch;
    control.ariaChecked = String(isOn);
    control.ariaBusy = String(this.#isBusy);
    const hadFocus = document.activeElement === control;
    control.hidden = NO_SWITCH.includes(state);
    const content = this.querySelector(`template[data-state="${state}"]`).content.cloneNode(true);
    if (said) content.querySelector("[data-server]").textContent = said;
    const place = this.querySelector("[data-said]");
    place.replaceChildren(content);
    if (hadFocus && control.hidden) place.focus();
  }

  /** How it stands by what the browser knows. */
  async #look() {
    if (this.#isBusy) return;
    const { user } = this.dataset;
    let state = obstacle();
    if (!state) {
      const registration = await serviceWorker.getRegistration().catch(() => undefined);
      const isOn = Notification.permission === "granted" && (await window.Push.isOn({ registration, user }).catch(() => false));
      if (this.#isBusy) return; // tapped meanwhile
      state = isOn ? "on" : "off";
    }
    this.#show(state, { isOn: state === "on" });
  }

  async #turn() {
    if (this.#isBusy) return;
    const wasOn = this.#isOn;
    this.#isBusy = true;
    let end = { state: wasOn ? "off" : "on" };
    try {
      end = { state: await (wasOn ? this.#turnOff() : this.#turnOn()) };
    } catch ({ why, said }) {
      end = { state: why ?? "network", said, hasFailed: true };
    }
    this.#isBusy = false;
    if (!this.isConnected) return;
    this.#show(end.state, { isOn: end.hasFailed ? wasOn : end.state === "on", said: end.said });
  }

  async #turnOn() {
    this.#show("asking");
    // The first of all: a browser asks only as long as it takes this for the tap's own doing.
    const permission = await Notification.requestPermission();
    if (permission === "default") return "dismissed";
    if (permission !== "granted") return obstacle() || "dismissed";
    this.#show("busy");
    const registration = await register();
    if (!registration?.active) return "unsupported"; // workers are blocked here, as in some private windows
    const { user, key } = this.dataset;
    await window.Push.on({ registration, user, key });
    return "on";
  }

  async #turnOff() {
    this.#show("busy", { isOn: true });
    const registration = await serviceWorker.getRegistration();
    if (registration) await window.Push.off({ registration });
    return "off";
  }
}

customElements.define("push-switch", PushSwitch);
