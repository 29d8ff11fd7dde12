// <needs-one> around checkboxes of which at least one must be ticked; HTML can say that only of a single one. The server
// refuses none, too, but a phone without a signal would hear of it hours later.

class NeedsOne extends HTMLElement {
  #check = () => {
    const boxes = [...this.querySelectorAll("input[type=checkbox]")];
    boxes[0]?.setCustomValidity(boxes.some((box) => box.checked) ? "" : this.dataset.message);
  };

  connectedCallback() {
    this.addEventListener("change", this.#check);
    this.#check();
  }

  disconnectedCallback() {
    this.removeEventListener("change", this.#check);
  }
}

customElements.define("needs-one", NeedsOne);
