// <more-rows> shows one more of its hidden rows when its [data-more] button is pressed. Without JavaScript the button
// saves the form, and the page comes back with the row.

class MoreRows extends HTMLElement {
  #show = (event) => {
    const button = event.target.closest("[data-more]");
    if (!button) return;
    const [next, ...others] = this.querySelectorAll("[data-row][hidden]");
    if (!next) return;
    event.preventDefault();
    next.hidden = false;
    button.hidden = others.length === 0;
    next.querySelector("input").focus();
  };

  connectedCallback() {
    this.addEventListener("click", this.#show);
  }

  disconnectedCallback() {
    this.removeEventListener("click", this.#show);
  }
}

customElements.define("more-rows", MoreRows);
