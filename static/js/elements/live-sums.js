// <live-sums hx-post hx-trigger …> asks for the sums anew while somebody types; without JavaScript a button does it.
// An answer that comes when its form has been replaced is about another plan: it is dropped.

class LiveSums extends HTMLElement {
  #drop = (event) => {
    if (!this.isConnected) event.preventDefault();
  };

  connectedCallback() {
    // Never removed: it is needed most once the element is no longer in the page, and goes with the element.
    this.addEventListener("htmx:beforeOnLoad", this.#drop);
  }
}

customElements.define("live-sums", LiveSums);
