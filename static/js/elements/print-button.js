// <print-button hidden> shows its button, which opens the browser's print window, in the place of the hint beside it
// ([data-print-hint]). Without JavaScript it stays hidden and the hint says where printing is.

class PrintButton extends HTMLElement {
  #print = () => window.print();

  connectedCallback() {
    this.querySelector("button").addEventListener("click", this.#print);
    this.hidden = false;
    this.#hint.hidden = true;
  }

  disconnectedCallback() {
    this.querySelector("button").removeEventListener("click", this.#print);
    this.hidden = true;
    if (this.#hint) this.#hint.hidden = false;
  }

  get #hint() {
    return document.querySelector("[data-print-hint]");
  }
}

customElements.define("print-button", PrintButton);
