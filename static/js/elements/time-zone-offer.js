// <time-zone-offer for="id of a select" hidden> offers this device's time zone when another one is chosen; it never
// changes anything by itself. Without JavaScript it stays hidden and the select does the work.

class TimeZoneOffer extends HTMLElement {
  #select;
  #zone = Intl.DateTimeFormat().resolvedOptions().timeZone;

  #show = () => {
    const known = [...this.#select.options].some((option) => option.value === this.#zone);
    this.hidden = !known || this.#select.value === this.#zone;
  };

  #take = () => {
    this.#select.value = this.#zone;
    this.#show();
    this.#select.focus();
  };

  connectedCallback() {
    this.#select = document.getElementById(this.getAttribute("for"));
    this.querySelector("[data-zone]").textContent = this.#zone.replaceAll("_", " ");
    this.querySelector("button").addEventListener("click", this.#take);
    this.#select.addEventListener("change", this.#show);
    this.#show();
  }

  disconnectedCallback() {
    this.querySelector("button").removeEventListener("click", this.#take);
    this.#select.removeEventListener("change", this.#show);
  }
}

customElements.define("time-zone-offer", TimeZoneOffer);
