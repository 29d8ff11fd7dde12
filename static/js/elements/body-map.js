// <body-map> around the picture of the dog and the list of its areas: a tap on a region presses its box in the list. What is
// ticked is painted by the style sheet, from the boxes alone, whoever ticks them.

class BodyMap extends HTMLElement {
  #tap = ({ target }) => {
    const area = target.closest("[data-area]")?.dataset.area;
    if (area) this.querySelector(`[name=areas][value="${area}"]`)?.click();
  };

  connectedCallback() {
    this.addEventListener("click", this.#tap);
    this.dataset.ready = "";
  }

  disconnectedCallback() {
    this.removeEventListener("click", this.#tap);
    delete this.dataset.ready;
  }
}

customElements.define("body-map", BodyMap);
