// <none-of-these> around boxes of which one says “none” (data-none): it and the others untick each other. Without a script
// both may be sent, and then what was ticked counts.

class NoneOfThese extends HTMLElement {
  #change = ({ target }) => {
    if (!target.checked) return;
    const isNone = "none" in target.dataset;
    for (const box of this.querySelectorAll("input[type=checkbox]")) {
      if ("none" in box.dataset !== isNone) box.checked = false;
    }
  };

  connectedCallback() {
    this.addEventListener("change", this.#change);
  }

  disconnectedCallback() {
    this.removeEventListener("change", this.#change);
  }
}

customElements.define("none-of-these", NoneOfThese);
