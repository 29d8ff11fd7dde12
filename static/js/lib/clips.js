// What a phone keeps of photos and clips until the server has them: sent in parts, on from where it stopped.

const PART = 512 * 1024;
const TIMEOUT = 60_000;
// The server says at each part how far it is; one that never agrees is not asked for ever.
const MOST_TURNS = 5;

// The outbox is a script further down on the page: it is there once all of the page is.
const whenThere = () =>
  self.Outbox ? undefined : new Promise((resolve) => document.addEventListener("DOMContentLoaded", resolve, { once: true }));

const stored = async (mode, work) => {
  await whenThere();
  return Outbox.tx("clips", mode, work);
};
// One more or less is what the page counts as waiting.
const tellPhone = () => dispatchEvent(new CustomEvent("outbox", { detail: { type: "changed" } }));
const tell = (detail) => dispatchEvent(new CustomEvent("clips", { detail }));

const hex = (bytes) => [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
const sha256 = async (blob) => new Uint8Array(await crypto.subtle.digest("SHA-256", await blob.arrayBuffer()));

/** What an account has kept here, oldest first. */
export const all = async (user) =>
  (await stored("readonly", (store) => store.index("user").getAll(user))).sort((one, other) => (one.id < other.id ? -1 : 1));

/** Keeps a file to be sent: `{user, patient, prescription, day, kind, blob}`. */
export const keep = async (record) => {
  const kept = { ...record, id: Outbox.uuid7(), sha256: hex(await sha256(record.blob)), offset: 0, state: "pending" };
  await stored("readwrite", (store) => store.put(kept));
  tellPhone();
  return kept;
};

export const drop = async (id) => {
  await stored("readwrite", (store) => store.delete(id));
  tellPhone();
};

/** Forgets one for good, and tells of it. */
export const discard = async (id) => {
  await drop(id);
  tell({ id, state: "discarded" });
};

/** How many of other accounts wait on this phone. */
export const countOfOthers = async (user) =>
  (await stored("readonly", (store) => store.getAll())).filter((one) => one.user !== user).length;

/** Changes a record that is still there; resolves with it, or with nothing when it was taken back meanwhile. */
const change = async (id, changes) => {
  let changed;
  await stored("readwrite", (store) => {
    const request = store.get(id);
    request.onsuccess = () => {
      if (request.result) store.put((changed = { ...request.result, ...changes }));
    };
  });
  if (changed) tell(changed);
  return changed;
};

export const retry = (id) => change(id, { state: "pending", error: undefined });

/** One request; what is not an answer of ours (a hotel's network, a proxy) has the status 0. */
const call = async (path, session, init = {}) => {
  const giveUp = new AbortController();
  const timer = setTimeout(() => giveUp.abort(), TIMEOUT);
  const headers = session && { "X-CSRFToken": session.csrf, "X-User-Key": session.user };
  try {
    const answer = await fetch(`/api/v1/${path}`, {
      redirect: "manual",
      cache: "no-store",
      signal: giveUp.signal,
      ...init,
      headers: { ...headers, ...init.headers },
    });
    if (!answer.headers.get("Content-Type")?.startsWith("application/json")) return { status: 0, body: {} };
    return { status: answer.status, body: await answer.json() };
  } finally {
    clearTimeout(timer);
  }
};

const announce = (session, { id, patient, prescription, kind, day, sha256: whole, blob }) =>
  call("clips/", session, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ id, patient, prescription, kind, day, sha256: whole, size: blob.size }),
  });

const sendPart = async (session, { id, blob, offset }) => {
  const part = blob.slice(offset, offset + PART);
  const digest = btoa(String.fromCharCode(...(await sha256(part))));
  return call(`clips/${id}/chunks/?offset=${offset}`, session, {
    method: "PUT",
    headers: { "Content-Type": "application/octet-stream", "Content-Digest": `sha-256=:${digest}:` },
    body: part,
  });
};

/** What cannot be sent is kept, with the reason, until somebody discards it. */
const refused = async ({ id }, error) => {
  await change(id, { state: "failed", offset: 0, error });
  return "failed";
};

/** Sends one record; resolves with how it ended: sent, failed, gone, login, again or retry. */
const sendOne = async (session, first) => {
  let record = first;
  let turns = 0;
  let answer = await announce(session, record);
  for (;;) {
    const { status, body } = answer;
    if (status === 200 && body.state === "failed") return refused(record, { code: "failed", reason: body.reason });
    if (status === 200 && body.state !== "unfinished") {
      await drop(record.id);
      tell({ ...record, state: "sent" });
      return "sent";
    }
    if (status === 401) return "login";
    if (status === 403 || (status === 409 && !body.code)) return "again";
    const isBehind = status === 409 && body.code === "wrong_offset";
    if (status !== 200 && !isBehind && body.code !== "wrong_part") {
      if (![400, 404, 409, 413, 422, 429].includes(status)) return "retry";
      return refused(record, { code: body.code ?? `status_${status}`, reason: body.reason });
    }
    turns = status === 200 ? 0 : turns + 1;
    if (turns > MOST_TURNS) return "retry";
    record = await change(record.id, { offset: body.received ?? record.offset });
    if (!record) return "gone";
    try {
      answer = await sendPart(session, record);
    } catch (error) {
      if (error.name !== "NotReadableError") throw error;
      return refused(record, { code: "unreadable" });
    }
  }
};

const sendAll = async (user) => {
  const waits = async () => (await all(user)).filter(({ state }) => state === "pending");
  if (!(await waits()).length) return "idle";
  for (let asked = 0; asked < 2; asked += 1) {
    const { status, body: session } = await call("session/");
    if (status === 401) return "login";
    // Somebody else has signed in: what this account has kept stays here.
    if (status !== 200 || session.user !== user) return "retry";
    let ended = "sent";
    for (const record of await waits()) {
      ended = await sendOne(session, record);
      if (["login", "again", "retry"].includes(ended)) break;
    }
    if (ended !== "again") return ["login", "retry"].includes(ended) ? ended : "done";
  }
  return "retry";
};

const alone = (work) =>
  navigator.locks?.request("clips", { ifAvailable: true }, (lock) => (lock ? work() : "busy")) ?? work();

let running = null;
/** Sends what waits; `idle`, `done`, `login`, `busy` (another tab sends), `retry` or `offline`. */
export const send = (user) =>
  (running ??= alone(() => sendAll(user))
    .catch(() => "offline")
    .finally(() => (running = null)));
