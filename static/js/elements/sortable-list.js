// <sortable-list data-moved="{name}: now number {n} of {total}."> lets the items of its list be put in another order: by
// dragging them at [data-handle], or with their buttons named “item_up” and “item_down”. The order is that of the elements, so
// the form sends it by itself. Without JavaScript the buttons send the form, and the server moves the item.

// The bar at the bottom of a phone covers the last lines, so the list moves on before the finger is there.
const EDGE = 112;
const SCROLL_STEP = 14;

class SortableList extends HTMLElement {
  #dragged = null;
  #before = "";
  #scrolling = 0;

  get #items() {
    return [...this.querySelectorAll(":scope > ol > li")];
  }

  get #order() {
    return this.#items.map((item) => item.id).join(" ");
  }

  /** Says where the item is now, marks the ends of the list, and lets the form know that something changed. */
  #settle(item) {
    const items = this.#items;
    for (const [index, one] of items.entries()) {
      one.querySelector("[name=item_up]").ariaDisabled = index === 0 ? "true" : null;
      one.querySelector("[name=item_down]").ariaDisabled = index === items.length - 1 ? "true" : null;
    }
    document.getElementById("announce").textContent = this.dataset.moved
      .replace("{name}", item.dataset.name)
      .replace("{n}", items.indexOf(item) + 1)
      .replace("{total}", items.length);
    this.dispatchEvent(new Event("input", { bubbles: true }));
  }

  #press = (event) => {
    const button = event.target.closest("button[name=item_up], button[name=item_down]");
    if (!button) return;
    event.preventDefault();
    const item = button.closest("li");
    const neighbour = button.name === "item_up" ? item.previousElementSibling : item.nextElementSibling;
    if (!neighbour) return;
    if (button.name === "item_up") neighbour.before(item);
    else neighbour.after(item);
    button.focus();
    this.#settle(item);
  };

  #grab = (event) => {
    const handle = event.target.closest("[data-handle]");
    if (!handle || event.button !== 0) return;
    event.preventDefault();
    this.#dragged = handle.closest("li");
    this.#before = this.#order;
    this.#dragged.toggleAttribute("data-dragged", true);
    document.addEventListener("pointermove", this.#drag);
    document.addEventListener("pointerup", this.#drop);
    document.addEventListener("pointercancel", this.#drop);
  };

  #drag = (event) => {
    event.preventDefault();
    this.#place(event.clientY);
    this.#scroll(event.clientY);
  };

  #place(y) {
    const next = this.#items.find((item) => {
      if (item === this.#dragged) return false;
      const { top, height } = item.getBoundingClientRect();
      return y < top + height / 2;
    });
    if (next === this.#dragged.nextElementSibling) return;
    if (next) next.before(this.#dragged);
    else this.#dragged.parentElement.append(this.#dragged);
  }

  #scroll(y) {
    cancelAnimationFrame(this.#scrolling);
    const step = y < EDGE ? -SCROLL_STEP : y > window.innerHeight - EDGE ? SCROLL_STEP : 0;
    if (!step) return;
    this.#scrolling = requestAnimationFrame(() => {
      window.scrollBy(0, step);
      this.#place(y);
      this.#scroll(y);
    });
  }

  #drop = () => {
    const item = this.#dragged;
    this.#release();
    if (item && this.#order !== this.#before) this.#settle(item);
  };

  #release() {
    cancelAnimationFrame(this.#scrolling);
    document.removeEventListener("pointermove", this.#drag);
    document.removeEventListener("pointerup", this.#drop);
    document.removeEventListener("pointercancel", this.#drop);
    this.#dragged?.removeAttribute("data-dragged");
    this.#dragged = null;
  }

  connectedCallback() {
    this.addEventListener("click", this.#press);
    this.addEventListener("pointerdown", this.#grab);
    for (const handle of this.querySelectorAll("[data-handle]")) handle.hidden = false;
  }

  disconnectedCallback() {
    this.removeEventListener("click", this.#press);
    this.removeEventListener("pointerdown", this.#grab);
    this.#release();
  }
}

customElements.define("sortable-list", SortableList);
