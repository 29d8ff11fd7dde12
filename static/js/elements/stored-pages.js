// <stored-pages hidden> lists the pages that the worker has stored for the person who uses this phone; it needs a
// <template> of one row. Without JavaScript there is no worker, and nothing to list.

const PAGES = "pages-";
const STAMP = "X-Stored-At";

const titleOf = (html) => {
  const [title = ""] = /<title>[^<]*<\/title>/.exec(html) ?? [];
  return new DOMParser().parseFromString(title, "text/html").title.split(" · ")[0];
};

const storedPages = async () => {
  const found = [];
  for (const name of (await caches.keys()).filter((name) => name.startsWith(PAGES))) {
    const pages = await caches.open(name);
    for (const request of await pages.keys()) {
      const response = await pages.match(request);
      found.push({
        url: request.url,
        title: titleOf(await response.text()),
        at: new Date(response.headers.get(STAMP)),
      });
    }
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
  // The page that was asked for, as soon as the network is back.
  #reload = () => window.location.reload();

  async #list() {
    const row = this.querySelector("template");
    for (const { url, title, at } of await storedPages()) {
      const shown = row.content.cloneNode(true);
      shown.querySelector("a").href = url;
      shown.querySelector("[data-title]").textContent = title;
      shown.querySelector("time").textContent = inWords(at);
      shown.querySelector("time").dateTime = at.toISOString();
      row.parentElement.append(shown);
      this.hidden = false;
    }
  }

  connectedCallback() {
    if (self.caches) this.#list().catch(() => {});
    window.addEventListener("online", this.#reload);
  }

  disconnectedCallback() {
    window.removeEventListener("online", this.#reload);
  }
}

customElements.define("stored-pages", StoredPages);
