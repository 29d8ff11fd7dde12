// <diagnosis-choice> lets go of a diagnosis when another cause is chosen: it would be out of sight and yet be sent.

class DiagnosisChoice extends HTMLElement {
  #choose = (event) => {
    if (event.target.name !== "cause") return;
    const chosen = this.querySelector("[name='leaf']:checked");
    const group = chosen?.closest("[data-cause]");
    if (group && group.dataset.cause !== event.target.value) this.querySelector("[name='leaf'][value='']").checked = true;
  };

  connectedCallback() {
    this.addEventListener("input", this.#choose);
  }

  disconnectedCallback() {
    this.removeEventListener("input", this.#choose);
  }
}

customElements.define("diagnosis-choice", DiagnosisChoice);
