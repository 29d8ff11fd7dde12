// <draft-autosave> around a form that htmx saves while it is being written. It keeps the two ways of saving apart: a
// button waits for the save that is under way, whose answer brings the new token, and nothing is saved after a button.

class DraftAutosave extends HTMLElement {
  #form;
  #isSaving = false;
  #isLeaving = false;
  #waiting = null;

  #before = (event) => {
    if (event.target !== this.#form) return;
    if (this.#isLeaving) event.preventDefault();
    else this.#isSaving = true;
  };

  #after = (event) => {
    if (event.target !== this.#form) return;
    this.#isSaving = false;
    if (!this.#waiting) return;
    const { button } = this.#waiting;
    this.#waiting = null;
    this.#form.requestSubmit(button?.isConnected ? button : null);
  };

  #submit = (event) => {
    if (this.#isSaving) {
      event.preventDefault();
      this.#waiting = { button: event.submitter };
    } else {
      this.#isLeaving = true;
    }
  };

  // A page from the back/forward cache holds a token that was used.
  #shown = (event) => {
    if (event.persisted) window.location.reload();
  };

  connectedCallback() {
    this.#form = this.querySelector("form");
    this.addEventListener("htmx:beforeRequest", this.#before);
    this.addEventListener("htmx:afterRequest", this.#after);
    this.addEventListener("submit", this.#submit);
    window.addEventListener("pageshow", this.#shown);
  }

  disconnectedCallback() {
    this.removeEventListener("htmx:beforeRequest", this.#before);
    this.removeEventListener("htmx:afterRequest", this.#after);
    this.removeEventListener("submit", this.#submit);
    window.removeEventListener("pageshow", this.#shown);
  }
}

customElements.define("draft-autosave", DraftAutosave);
