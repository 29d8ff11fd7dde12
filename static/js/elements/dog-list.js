// <dog-list> lets a person go through the rows of dogs by keys: j and k move, Enter opens the dog as any link does, and
// a accepts what is suggested for the dog in focus. Keys that belong to typing, or to the browser, are left alone.
// After a decision the row is another one: focus goes to its link, so that the next key goes on from there. Single keys
// are in the way of who speaks to a computer or slips (WCAG 2.1.4): the box beside their hint turns them off on this device.

const TYPING = "input, textarea, select, [contenteditable]";
const LINKS = "tbody th a";
const OFF = "steadyback:dog-list-keys-off";

/** A device that keeps nothing (a private window) has the keys on until the page is left. */
const kept = (work) => {
  try {
    return work(window.localStorage);
  } catch {
    return null;
  }
};

class DogList extends HTMLElement {
  #row = null;
  #isOff = false;

  #key = (event) => {
    if (this.#isOff || event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (event.target.closest?.(TYPING) || document.querySelector("dialog[open], details.menu[open]")) return;
    if (event.key === "j") this.#move(1, event);
    if (event.key === "k") this.#move(-1, event);
    if (event.key === "a") this.#accept(event);
  };

  #move(by, event) {
    const links = [...this.querySelectorAll(LINKS)];
    if (links.length === 0) return;
    event.preventDefault();
    const here = links.indexOf(this.#here()?.querySelector("th a"));
    const next = here < 0 ? (by > 0 ? 0 : links.length - 1) : Math.min(Math.max(here + by, 0), links.length - 1);
    links[next].focus();
    links[next].closest("tr").scrollIntoView({ block: "nearest" });
  }

  #accept(event) {
    const button = this.#here()?.querySelector("[data-accept]");
    if (!button || event.repeat) return;
    event.preventDefault();
    button.click();
  }

  #here() {
    return this.contains(document.activeElement) ? document.activeElement.closest("tr") : null;
  }

  #leaves = (event) => {
    const row = event.detail.target;
    this.#row = row?.matches?.("tr") ? [...row.parentElement.children].indexOf(row) : null;
  };

  #came = () => {
    if (this.#row === null) return;
    this.querySelectorAll("tbody tr")[this.#row]?.querySelector("th a")?.focus();
    this.#row = null;
  };

  #switched = ({ target }) => {
    if (!target.matches("[data-keys-on]")) return;
    this.#isOff = !target.checked;
    kept((storage) => (this.#isOff ? storage.setItem(OFF, "yes") : storage.removeItem(OFF)));
    this.#tell();
  };

  /** The keys are named only while they do something. */
  #tell() {
    const hint = this.querySelector("[data-keys-hint]");
    const box = this.querySelector("[data-keys-on]");
    if (hint) hint.hidden = this.#isOff;
    if (box) box.checked = !this.#isOff;
  }

  connectedCallback() {
    this.#isOff = kept((storage) => storage.getItem(OFF)) === "yes";
    document.addEventListener("keydown", this.#key);
    this.addEventListener("change", this.#switched);
    this.addEventListener("htmx:beforeSwap", this.#leaves);
    this.addEventListener("htmx:afterSettle", this.#came);
    const hint = this.querySelector("[data-keys]");
    if (hint) hint.hidden = false;
    this.#tell();
  }

  disconnectedCallback() {
    document.removeEventListener("keydown", this.#key);
    this.removeEventListener("change", this.#switched);
    this.removeEventListener("htmx:beforeSwap", this.#leaves);
    this.removeEventListener("htmx:afterSettle", this.#came);
  }
}

customElements.define("dog-list", DogList);
