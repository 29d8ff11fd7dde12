/* The outbox: what was said on this phone. A classic script, shared by pages and the service worker. A record waits until
   the server has named its id, and then stays for a week: a stored page that is older than the answer still shows it. */
(() => {
  "use strict";
  const BATCH = 25;
  const TIMEOUT = 20_000;
  const KEPT = 7 * 24 * 3600_000;
  const LOST = ["InvalidStateError", "UnknownError", "AbortError"];
  const TAKEN = ["applied", "already_applied", "superseded"];
  const TOLD = "id kind patient payload day done_at time_zone plan_version device sequence".split(" ");

  let channel;
  const tell = (detail) => self.dispatchEvent(new CustomEvent("outbox", { detail }));
  const say = (detail) => {
    tell(detail);
    channel?.postMessage(detail);
  };
  if (self.BroadcastChannel) {
    channel = new BroadcastChannel("outbox");
    channel.onmessage = ({ data }) => tell(data);
  }

  const asked = (request) =>
    new Promise((resolve, reject) => {
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });

  // Only ever adds: a store may hold what was not sent.
  const upgrade = (database, before) => {
    if (before >= 1) return;
    const outbox = database.createObjectStore("outbox", { keyPath: "seq", autoIncrement: true });
    outbox.createIndex("id", "id", { unique: true });
    outbox.createIndex("user", "user");
    outbox.createIndex("state", "state");
    database.createObjectStore("meta", { keyPath: "k" });
    database.createObjectStore("clips", { keyPath: "id" }).createIndex("user", "user");
  };

  let opening = null;
  const forget = () => (opening = null);
  const connect = async () => {
    const request = indexedDB.open("steadyback", 1);
    request.onupgradeneeded = ({ oldVersion }) => upgrade(request.result, oldVersion);
    const database = await asked(request);
    database.onclose = forget; // iOS drops connections in the background
    database.onversionchange = () => {
      database.close(); // a newer page upgrades
      forget();
    };
    return database;
  };
  const open = () =>
    (opening ??= connect().catch((error) => {
      forget();
      if (error.name === "VersionError") self.dispatchEvent(new Event("outbox-outdated"));
      throw error;
    }));

  const attempt = async (names, mode, work) => {
    const transaction = (await open()).transaction(names, mode, { durability: "strict" });
    const done = new Promise((resolve, reject) => {
      transaction.oncomplete = resolve;
      transaction.onabort = () => reject(transaction.error ?? new DOMException("", "AbortError"));
    });
    done.catch(() => {}); // awaited below, unless the work itself failed first
    const result = await work(...[names].flat().map((name) => transaction.objectStore(name)));
    const value = result instanceof IDBRequest ? await asked(result) : result;
    await done;
    return value;
  };

  /** Runs `work(...stores)` in one transaction; resolves with its result once that is on the disk. */
  const tx = async (...task) => {
    try {
      return await attempt(...task);
    } catch (error) {
      // A lost connection is no refusal. All that is done here may be done twice: ids and keys are fixed.
      if (!LOST.includes(error.name)) throw error;
      (await opening)?.close();
      forget();
      return attempt(...task);
    }
  };

  let lastMoment = 0;
  /** A UUID of version 7; later ones sort after earlier ones, within one millisecond too, and after the one that is given. */
  const uuid7 = (after = "0") => {
    lastMoment = Math.max(Date.now(), lastMoment + 1);
    const moment = Math.max(lastMoment, (parseInt(after.replace("-", "").slice(0, 12), 16) || 0) + 1);
    const time = moment.toString(16).padStart(12, "0");
    const bytes = crypto.getRandomValues(new Uint8Array(10));
    bytes[0] = (bytes[0] & 15) | 112;
    bytes[2] = (bytes[2] & 63) | 128;
    const hex = time + [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    return hex.replace(/(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
  };

  const meta = {
    get: async (k) => (await tx("meta", "readonly", (store) => store.get(k)))?.v,
    set: (k, v) => tx("meta", "readwrite", (store) => store.put({ k, v })),
    drop: (k) => tx("meta", "readwrite", (store) => store.delete(k)),
  };

  /** A report that stops the exercises, or only what it `holds`, has a row of its own, which outlives the record: only what it says now is told. */
  const stopsOf = (user) => IDBKeyRange.bound(`stop:${user}:`, `stop:${user};`, false, true);
  const noteStop = (metas, { stops, holds, user, id, patient, state, received_at: received }) =>
    (stops || holds) && metas.put({ k: `stop:${user}:${id}`, v: { id, user, patient, state, received_at: received, holds } });
  /** The stops that were said on this phone, in their order. */
  const stops = async (user) =>
    (await tx("meta", "readonly", (store) => store.getAll(stopsOf(user)))).map(({ v }) => v);
  const lift = (stop) => meta.drop(`stop:${stop.user}:${stop.id}`);

  const SUBJECT = ["prescription", "slot", "moment", "step", "medicine", "time", "metric"];
  /** What a command is about, the same for an answer and for what is said instead of it later. */
  const aboutOf = ({ kind, patient, day, payload }) =>
    JSON.stringify([payload?.slot ? "" : kind, patient, day, ...SUBJECT.map((name) => payload?.[name])]);
  /** When a record counts: a clock that was ahead counts for no more than the arrival. */
  const countsAt = ({ done_at: doneAt, received_at: received }) =>
    Math.min(Date.parse(doneAt), received ? Date.parse(received) : Infinity) || 0;
  const isoAt = (moment, iso) => {
    const [, local, zone] = /^(.+?)(Z|[+-]\d\d:\d\d|)$/.exec(iso);
    return new Date(moment + Date.parse(`${local}Z`) - Date.parse(iso)).toISOString().replace("Z", zone);
  };
  const note = (last, record) => {
    const { at = 0, id = "" } = last.get(aboutOf(record)) ?? {};
    last.set(aboutOf(record), { at: Math.max(at, countsAt(record)), id: record.id > id ? record.id : id });
  };
  /**
   * Of what was said about the same thing the latest counts, by its time and then by its id; so what is said later is never
   * earlier than what this phone said before, though its clock was set back. Nothing else is dated by a clock that was ahead.
   * It is the command that changes: whoever tries again, in whichever way, says the same.
   */
  const follow = (last, command) => {
    const { at, id } = last.get(aboutOf(command)) ?? {};
    if (Date.parse(command.done_at) <= at) command.done_at = isoAt(at + 1, command.done_at);
    if (command.id <= id) command.id = uuid7(id);
  };

  /** Keeps commands, all or none, and returns their records; one whose id is known is not kept twice. */
  const add = async (user, commands) => {
    const counter = `sequence:${user}`;
    const records = await tx(["outbox", "meta"], "readwrite", async (outbox, metas) => {
      const device = (await asked(metas.get("device")))?.v ?? uuid7();
      let sequence = (await asked(metas.get(counter)))?.v ?? 0;
      const kept = [];
      const last = new Map();
      for (const record of await asked(outbox.getAll())) note(last, record);
      for (const command of [commands].flat()) {
        let record = await asked(outbox.index("id").get(command.id));
        if (!record) {
          follow(last, command);
          // Numbered where it is written: without a gap, so the server sees when one is missing.
          sequence += 1;
          record = { ...command, user, device, sequence, state: "pending" };
          record.seq = await asked(outbox.add(record));
          noteStop(metas, record);
          note(last, record);
        }
        kept.push(record);
      }
      metas.put({ k: "device", v: device });
      metas.put({ k: counter, v: sequence });
      return kept;
    });
    say({ type: "changed" });
    return records;
  };

  const all = (user) => tx("outbox", "readonly", (store) => store.index("user").getAll(user));

  /** How many records wait, need attention and were sent lately; and how many of other accounts are not sent. */
  const counts = async (user) => {
    const found = { pending: 0, failed: 0, sent: 0, others: 0 };
    for (const record of await tx("outbox", "readonly", (store) => store.getAll())) {
      if (record.user === user) found[record.state] += 1;
      else if (record.state !== "sent") found.others += 1;
    }
    return found;
  };

  const change = async (work) => {
    await tx(["outbox", "meta"], "readwrite", work);
    say({ type: "changed" });
  };
  const put = (metas, store, record) => {
    store.put(record);
    noteStop(metas, record);
  };
  /** What was refused waits again; not what another tab has discarded or sent meanwhile. */
  const retry = (seq) =>
    change(async (store, metas) => {
      const { error, ...record } = (await asked(store.get(seq))) ?? {};
      if (record.state === "failed") put(metas, store, { ...record, state: "pending" });
    });
  /** Forgets what was refused, if it still is. */
  const discard = (seq) =>
    change(async (store) => {
      if ((await asked(store.get(seq)))?.state === "failed") store.delete(seq);
    });

  /** One request; a redirect, or an answer that is not ours (a hotel's network, a proxy), has the status 0. */
  const call = async (path, session, records) => {
    const giveUp = new AbortController();
    const timer = setTimeout(() => giveUp.abort(), TIMEOUT);
    const init = { redirect: "manual", cache: "no-store", signal: giveUp.signal };
    if (records) {
      init.method = "POST";
      init.headers = { "Content-Type": "application/json", "X-CSRFToken": session.csrf, "X-User-Key": session.user };
      init.body = JSON.stringify(records.map((record) => Object.fromEntries(TOLD.map((name) => [name, record[name]]))));
    }
    try {
      const answer = await fetch(`/api/v1/${path}/`, init);
      if (!answer.headers.get("Content-Type")?.startsWith("application/json")) return { status: 0 };
      return { status: answer.status, body: await answer.json() };
    } finally {
      clearTimeout(timer);
    }
  };

  /** The record after its answer. */
  const settled = ({ error, ...record }, { outcome, code, reason, flag, received_at: received }, at) => {
    if (!TAKEN.includes(outcome)) return { ...record, state: "failed", error: { code, reason } };
    return { ...record, state: "sent", outcome, flag, received_at: received ?? at, sent_at: Date.now() };
  };

  /** Writes answers down, each on the record as it is now: what was discarded meanwhile is not raised again. */
  const settle = (batch, answers, at) =>
    change(async (store, metas) => {
      for (const { id, seq } of batch) {
        const record = await asked(store.get(seq));
        const answer = answers.find((one) => one.id === id);
        if (record?.state === "pending" && answer) put(metas, store, settled(record, answer, at));
      }
    });

  const prune = () =>
    tx("outbox", "readwrite", async (store) => {
      for (const { seq, sent_at: sentAt } of await asked(store.index("state").getAll("sent"))) {
        if (Math.abs(Date.now() - sentAt) > KEPT) store.delete(seq);
      }
    });

  /** Those that wait; a report of warning signs first, then in their order. */
  const waiting = async (user) =>
    (await all(user))
      .filter(({ state }) => state === "pending")
      .sort((one, other) => (other.kind === "report") - (one.kind === "report") || one.seq - other.seq);

  const send = async (session, outcome) => {
    let oneByOne = 0;
    for (;;) {
      const batch = (await waiting(session.user)).slice(0, oneByOne > 0 ? 1 : BATCH);
      if (!batch.length) {
        await prune();
        return "done";
      }
      const { status, body } = await call("commands", session, batch);
      oneByOne -= 1;
      if (status === 200) {
        // What is not answered in words that we know waits on.
        const isKnown = ({ id, outcome: said }) => [...TAKEN, "refused"].includes(said) && batch.some((one) => one.id === id);
        const answers = body.answers.filter(isKnown);
        if (!answers.length) return "retry";
        await settle(batch, answers, body.at);
        outcome.sent += answers.length;
      } else if (![400, 413, 422].includes(status)) {
        // A token or an account from before: ask once more who we are.
        return { 401: "login", 403: "again", 409: "again" }[status] ?? "retry";
      } else if (batch.length > 1) {
        oneByOne = batch.length; // one of these cannot be read; the others go
      } else {
        await settle(batch, [{ id: batch[0].id, outcome: "refused", code: `status_${status}`, reason: "" }]);
        oneByOne = 0;
      }
    }
  };

  const drainOnce = async () => {
    const outcome = { state: "idle", sent: 0 };
    if (!(await tx("outbox", "readonly", (store) => store.index("state").count("pending")))) return outcome;
    for (const last of ["again", "retry"]) {
      // Whose records go is what the cookie says, not what the page says.
      const { status, body } = await call("session");
      const state = status === 200 ? await send(body, outcome) : status === 401 ? "login" : "retry";
      outcome.state = state === "again" ? last : state;
      if (state !== "again") break;
    }
    return outcome;
  };

  const withLock = async (work) => {
    if (!self.navigator?.locks) return work();
    return navigator.locks.request("outbox-drain", { ifAvailable: true }, (lock) => (lock ? work() : { state: "busy" }));
  };

  let running = null;
  let isAskedAgain = false;
  const run = async () => {
    let outcome;
    let sent = 0;
    do {
      isAskedAgain = false;
      outcome = await withLock(drainOnce).catch((error) => ({ state: "offline", error: String(error) }));
      sent += outcome.sent ?? 0;
    } while (isAskedAgain && ["done", "idle"].includes(outcome.state));
    running = null;
    outcome = { ...outcome, sent };
    say({ type: "drained", ...outcome });
    return outcome;
  };
  /** Sends what waits. `state` is how it ended: idle, done, login, busy (another tab sends), retry or offline. */
  const drain = () => {
    isAskedAgain = true;
    return (running ??= run());
  };

  /** Sends commands that this phone cannot keep; returns their records, or throws when the server did not answer. */
  const direct = async (user, commands) => {
    const { body: session } = await call("session");
    if (session?.user !== user) throw new Error("session");
    const { status, body } = await call("commands", session, commands);
    if (status !== 200) throw new Error(`commands ${status}`);
    return commands.map((one) => settled(one, body.answers.find(({ id }) => id === one.id), body.at));
  };

  self.Outbox = { add, all, counts, direct, discard, drain, lift, meta, open, retry, stops, tx, uuid7 };
})();
