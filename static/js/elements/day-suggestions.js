// <day-suggestions for="id of a date field"> fills in the day of the [data-day] button that is pressed. Without
// JavaScript the button saves the form with that day.

class DaySuggestions extends HTMLElement {
  #take = (event) => {
    const button = event.target.closest("[data-day]");
    if (!button) return;
    event.preventDefault();
    const field = document.getElementById(this.getAttribute("for"));
    field.value = button.dataset.day;
    field.dispatchEvent(new Event("input", { bubbles: true }));
  };

  connectedCallback() {
    this.addEventListener("click", this.#take);
  }

  disconnectedCallback() {
    this.removeEventListener("click", this.#take);
  }
}

customElements.define("day-suggestions", DaySuggestions);
