// <stored-pages hidden> lists the pages that the worker has stored for the person who is signed in; it needs a <template>
// of one row. Without JavaScript there is no worker, and nothing to list.

const PAGES = "pages-";
const STAMP = "X-Stored-At";

const titleOf = (html) => {
  const [title = ""] = /<title>[^<]*<\/title>/.exec(html) ?? [];
  return new DOMParser().parseFromString(title, "text/html").title.split(" · ")[0];
};

/** The name of the pages of who is signed in; after a sign-out, and where nobody can tell, there is none. */
const ownPages = async () => {
  const [user, isLeaving] = await Promise.all(["user", "leaving"].map((name) => window.Outbox.meta.get(name)));
  const name = PAGES + user;
  return !isLeaving && user && (await caches.has(name)) ? name : undefined;
};

const storedPages = async () => {
  const found = [];
  const name = await ownPages();
  const pages = name && (await caches.open(name));
  for (const request of (await pages?.keys()) ?? []) {
    const response = await pages.match(request);
    found.push({
      url: request.url,
      title: titleOf(await response.text()),
      at: new Date(response.headers.get(STAMP)),
    });
  }
  // A dog's day comes first, then what was stored last.
  const rank = ({ url }) => (/\/today\/$/.test(new URL(url).pathname) ? 0 : 1);
  return found.filter(({ title }) => title).sort((a, b) => rank(a) - rank(b) || b.at - a.at);
};

/** "Sunday, 11:43", and the date for what is older than some days. */
const inWords = (at) => {
  const isRecent = Date.now() - at < 5 * 86_400_000;
  const parts = isRecent ? { weekday: "long", hour: "numeric", minute: "2-digit" } : { day: "numeric", month: "long" };
  const { lang } = document.documentElement;
  return at.toLocaleString(lang === "en" ? "en-GB" : lang, parts);
};

class StoredPages extends HTMLElement {
  #turn = 0;

  // The page that was asked for, as soon as the network is back; but what was posted is not posted again.
  #reload = () => {
    if (!("noReload" in this.dataset)) window.location.reload();
  };

  // Whoever comes back to this page may have signed out meanwhile.
  #look = () => this.#list().catch(() => this.#show([]));

  async #list() {
    this.#turn += 1;
    const turn = this.#turn;
    const pages = await storedPages();
    if (turn === this.#turn) this.#show(pages);
  }

  #show(pages) {
    const row = this.querySelector("template");
    const rows = pages.map(({ url, title, at }) => {
      const shown = row.content.cloneNode(true);
      shown.querySelector("a").href = url;
      shown.querySelector("[data-title]").textContent = title;
      shown.querySelector("time").textContent = inWords(at);
      shown.querySelector("time").dateTime = at.toISOString();
      return shown;
    });
    row.parentElement.replaceChildren(row, ...rows);
    this.hidden = !pages.length;
  }

  connectedCallback() {
    this.#look();
    window.addEventListener("online", this.#reload);
    window.addEventListener("pageshow", this.#look);
    document.addEventListener("visibilitychange", this.#look);
  }

  disconnectedCallback() {
    window.removeEventListener("online", this.#reload);
    window.removeEventListener("pageshow", this.#look);
    document.removeEventListener("visibilitychange", this.#look);
  }
}

customElements.define("stored-pages", StoredPages);
