// <message-thread> keeps a dog's thread up to date: news from the server, what waits in this phone's outbox, and that it
// was read. Without a script its page shows the same after a reload, and a button marks it as read.

const LOOK_MS = 10_000;
const LONGEST_MS = 320_000;
const ENDED = { 401: "signed-out", 403: "gone", 404: "gone" };
const NEAR_THE_END = 200;

const fill = (words, values) => words.replace(/\{(\w+)\}/g, (hole, name) => values[name] ?? "");
const clockOf = (instant) => {
  const date = new Date(instant);
  return `${String(date.getHours()).padStart(2, "0")}:${String(date.getMinutes()).padStart(2, "0")}`;
};

class MessageThread extends HTMLElement {
  #gone = null;
  #timer = 0;
  #wait = LOOK_MS;
  #hasFailed = false;
  #isEnded = false;
  #isAsking = false;
  #heldAt = null;

  connectedCallback() {
    if (!this.dataset.parts) return;
    this.#gone = new AbortController();
    const { signal } = this.#gone;
    const on = (target, name, work) => target.addEventListener(name, work, { signal });
    on(window, "outbox", ({ detail }) => this.#paint().then(() => detail.sent && this.#wake()));
    on(window, "online", () => this.#wake());
    on(window, "hashchange", () => this.#choose());
    on(document, "visibilitychange", () => this.#wake());
    on(this, "command:stored", ({ detail }) => this.#paint(detail?.records).then(() => this.#toTheEnd()));
    on(this, "input", () => this.#count());
    on(this, "reset", () => setTimeout(() => this.#beginAgain()));
    // What is only blanks says nothing: then the field asks to be filled in.
    on(this, "change", ({ target }) => {
      if (target.matches("textarea") && !target.value.trim()) target.value = "";
      this.#setAbout();
    });
    // Nobody waits for the next look, so nobody need hear that it failed.
    for (const name of ["htmx:sendError", "htmx:timeout", "htmx:responseError"]) {
      on(this, name, (event) => event.stopPropagation());
    }
    on(document, "htmx:oobBeforeSwap", ({ detail }) => this.#leaveOutKnown(detail.fragment));
    on(document, "htmx:beforeSwap", ({ detail }) => this.#receive(detail));
    for (const name of ["htmx:oobAfterSwap", "htmx:afterSwap"]) on(document, name, () => this.#keepInPlace());
    // Before htmx goes where it is sent: whoever reads or writes here is told, and not taken away.
    on(this, "htmx:beforeOnLoad", (event) => this.#end(event));
    // Whether or not it came through: a mark that was not taken is said again at the next look.
    on(this, "htmx:afterRequest", ({ detail }) => {
      if (!detail.successful) this.#hasFailed = true;
      if (detail.requestConfig?.verb === "post" && !detail.successful) this.#mark.toggleAttribute("data-news", true);
    });
    this.#later();
    this.#ownAbout();
    this.#choose();
    this.#count();
    this.#paint().then(() => this.#begin());
  }

  disconnectedCallback() {
    this.#gone?.abort();
    clearTimeout(this.#timer);
  }

  get #user() {
    return document.getElementById("outbox")?.dataset.user ?? document.body.dataset.user;
  }

  get #form() {
    return this.querySelector("form[data-command]");
  }

  get #mark() {
    return this.querySelector("#talk-mark");
  }

  /** A page opens at its end, or where the news begins. */
  #begin() {
    if (!window.location.hash) {
      if (this.querySelector(".talk-line")) this.#toTheEnd();
      const first = this.querySelector("#talk-new");
      if (first?.getBoundingClientRect().top < 0) first.scrollIntoView();
    }
    this.#tellRead();
  }

  #toTheEnd() {
    this.#form.scrollIntoView({ block: "end" });
  }

  /** “#about-…” in the address, because a stored page has none with a question mark. */
  #choose() {
    const asked = /^#about-([0-9a-f-]{36})$/.exec(window.location.hash)?.[1];
    const choice = this.#choice;
    if (!asked || ![...(choice?.options ?? [])].some(({ value }) => value === asked)) return;
    choice.value = asked;
    this.#setAbout();
    this.#form.elements.text.focus();
    this.#toTheEnd();
  }

  get #choice() {
    return this.querySelector("#talk-about");
  }

  /** Forms show again what was said in them; what a message is about is chosen anew for each, so it is sent from here. */
  #ownAbout() {
    const choice = this.#choice;
    if (!choice?.name) return;
    const sent = document.createElement("input");
    sent.type = "hidden";
    sent.name = choice.name;
    choice.removeAttribute("name");
    choice.after(sent);
    this.#setAbout();
  }

  #setAbout() {
    if (this.#choice) this.#form.elements.prescription.value = this.#choice.value;
  }

  #beginAgain() {
    this.#setAbout();
    this.#count();
  }

  #count() {
    const { text } = this.#form.elements;
    const line = this.querySelector("#talk-left");
    const left = text.maxLength - text.value.length;
    line.textContent = left <= NEAR_THE_END ? fill(line.dataset.words, { count: left }) : "";
  }

  #later() {
    clearTimeout(this.#timer);
    if (!this.#isEnded && !this.#gone.signal.aborted) this.#timer = setTimeout(() => this.#look(), this.#wait);
  }

  /** Looks for news, and looks again: later each time while the server does not answer, and not at all when it is over. */
  async #look() {
    this.#hasFailed = false;
    await this.#ask();
    this.#wait = this.#hasFailed ? Math.min(this.#wait * 2, LONGEST_MS) : LOOK_MS;
    this.#later();
  }

  /** Somebody is back, or the network is: then it is worth a look, also after the end. */
  #wake() {
    if (document.hidden) return;
    this.#isEnded = false;
    this.#wait = LOOK_MS;
    this.#look();
  }

  #end(event) {
    const { elt, requestConfig, xhr } = event.detail;
    const isMark = elt === this.#mark;
    if (elt !== this && !isMark) return;
    // A mark that is refused may be one with an old token.
    const why = isMark && xhr.status === 403 ? undefined : ENDED[xhr.status];
    const line = this.querySelector("[data-ended]");
    if (!why) {
      if (requestConfig.verb === "get" && xhr.status < 400) line.replaceChildren();
      return;
    }
    event.preventDefault();
    this.#isEnded = true;
    if (!line.firstChild) line.append(this.querySelector(`[data-why="${why}"]`).content.cloneNode(true));
  }

  /** Asks for what came in since; only while somebody can see it. */
  async #ask() {
    if (document.hidden || !navigator.onLine || !window.htmx || this.#isAsking) return;
    this.#isAsking = true;
    const { value } = this.#mark.elements.shown;
    try {
      const url = `${this.dataset.parts}?since=${encodeURIComponent(value)}`;
      await window.htmx.ajax("GET", url, { source: this, swap: "none" });
    } catch {
      // A network that fails; it has been counted.
    } finally {
      this.#isAsking = false;
    }
    await this.#paint();
    if (!this.#isEnded) await this.#tellRead();
  }

  /** A write, so never by opening alone: the page says that it was looked at, and up to where. */
  async #tellRead() {
    const mark = this.#mark;
    if (document.hidden || !navigator.onLine || !window.htmx || !mark.matches("[data-news]")) return;
    mark.removeAttribute("data-news");
    await window.htmx.ajax("POST", mark.action, { source: mark, swap: "none" }).catch(() => {});
  }

  /** The server looks back a little when it tells the news. */
  #leaveOutKnown(fragment) {
    for (const line of fragment?.querySelectorAll?.(":is(.talk-line, .talk-day)[id]") ?? []) {
      if (document.getElementById(line.id)) line.remove();
    }
  }

  /** An answer to somebody else, who has signed in on this phone meanwhile, is not put into this page. */
  #receive(detail) {
    const user = this.#user;
    const whose = detail.xhr.getResponseHeader("X-User-Key");
    if (user && whose && whose !== user) {
      detail.shouldSwap = false;
      window.location.reload();
    } else if (detail.shouldSwap) this.#hold();
  }

  // --- Reading and writing go on where they are, whatever comes in above them.

  #hold() {
    const form = this.#form.getBoundingClientRect();
    const isWriting = form.top < window.innerHeight;
    const lines = [...this.querySelectorAll(".talk-line")];
    const shown = isWriting ? this.#form : lines.find((line) => line.getBoundingClientRect().bottom > 0);
    this.#heldAt = shown ? [shown, shown.getBoundingClientRect().top] : null;
  }

  #keepInPlace() {
    const [shown, top] = this.#heldAt ?? [];
    if (shown?.isConnected) window.scrollBy({ top: shown.getBoundingClientRect().top - top, behavior: "instant" });
  }

  // --- What this phone holds

  async #paint(known = []) {
    const { Outbox } = window;
    const user = this.#user;
    if (!Outbox || !user) return;
    const kept = await Outbox.all(user).catch(() => []);
    const records = [...kept, ...known.filter(({ id }) => !kept.some((one) => one.id === id))];
    const asOf = Date.parse(this.dataset.asOf);
    const shown = records.filter(
      ({ id, kind, patient, state, received_at: received }) =>
        kind === "message" &&
        patient === this.dataset.patient &&
        !document.getElementById(`message-${id}`) &&
        (state !== "sent" || Date.parse(received) >= asOf),
    );
    const list = this.querySelector("#talk-pending");
    const ids = new Set(shown.map(({ id }) => id));
    for (const bubble of [...list.children]) if (!ids.has(bubble.dataset.id)) bubble.remove();
    for (const record of shown) this.#show(list, record);
  }

  #show(list, record) {
    const template = this.querySelector("#message-bubble");
    const words = template.dataset;
    let bubble = [...list.children].find(({ dataset }) => dataset.id === record.id);
    if (bubble?.dataset.state === record.state) return;
    if (!bubble) {
      bubble = template.content.firstElementChild.cloneNode(true);
      bubble.dataset.id = record.id;
      bubble.querySelector("[data-text]").textContent = record.payload.text;
      bubble.querySelector("[data-when]").textContent = clockOf(record.done_at);
      const about = bubble.querySelector("[data-about]");
      const chosen = [...(this.#choice?.options ?? [])];
      const option = chosen.find(({ value }) => value && value === record.payload.prescription);
      about.textContent = option ? fill(words.aboutWords, { exercise: option.textContent }) : "";
      about.hidden = !option;
      list.append(bubble);
    }
    bubble.dataset.state = record.state;
    const said = {
      pending: () => words.pendingWords,
      sent: () => fill(words.sentWords, { time: clockOf(record.received_at) }),
      failed: () => `${words.failedWords} ${record.error?.reason ?? ""}`.trim(),
    };
    bubble.querySelector("[data-said]").textContent = said[record.state]();
    bubble.querySelector("[data-waits]").toggleAttribute("hidden", record.state !== "pending");
    const look = bubble.querySelector("[data-look]");
    const page = document.getElementById("outbox")?.dataset.page;
    look.hidden = record.state !== "failed" || !page;
    if (page) look.href = page;
  }
}

customElements.define("message-thread", MessageThread);
