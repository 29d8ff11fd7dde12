// <count-up> around a number field: one less, one more, by thumb. Without JavaScript the number is typed.

class CountUp extends HTMLElement {
  #click = ({ target }) => {
    const step = target.closest("[data-step]")?.dataset.step;
    const field = this.querySelector("input");
    if (!step) return;
    // The first tap on “one less” means none.
    if (!field.value) field.value = field.min || 0;
    else if (Number(step) < 0) field.stepDown();
    if (Number(step) > 0) field.stepUp();
    field.dispatchEvent(new Event("input", { bubbles: true }));
    this.querySelector("output").textContent = field.value;
  };

  connectedCallback() {
    this.addEventListener("click", this.#click);
    for (const button of this.querySelectorAll("[data-step]")) button.hidden = false;
  }

  disconnectedCallback() {
    this.removeEventListener("click", this.#click);
  }
}

customElements.define("count-up", CountUp);
