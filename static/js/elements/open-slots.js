// <open-slots data-open="1 2"> around the forms about one time of the day. A page that the phone has kept may be older than
// the answers on it: what the outbox marks as answered (data-sent-state) leaves the forms to the next time of the day.

class OpenSlots extends HTMLElement {
  #watcher = new MutationObserver(() => this.#look());

  connectedCallback() {
    this.#watcher.observe(this, { subtree: true, attributeFilter: ["data-sent-state"] });
    this.#look();
  }

  disconnectedCallback() {
    this.#watcher.disconnect();
  }

  #look() {
    const forms = [...this.querySelectorAll("form")];
    if (!forms.some(({ dataset }) => ["pending", "sent"].includes(dataset.sentState))) return;
    const [, ...left] = this.dataset.open.split(" ");
    this.dataset.open = left.join(" ");
    this.querySelector("[data-answers]").hidden = !left.length;
    this.querySelector("[data-answered]").hidden = left.length > 0;
    if (!left.length) return;
    const [slot] = left;
    for (const form of forms) {
      delete form.dataset.sentState;
      form.reset();
      form.elements.slot.value = slot;
    }
    const label = this.querySelector("[data-label]");
    label.textContent = label.dataset.label.replace("{n}", slot);
    const timer = this.querySelector("hold-timer");
    if (timer) timer.dataset.key = timer.dataset.key.replace(/\d+$/, slot);
  }
}

customElements.define("open-slots", OpenSlots);
