/* Messages on this phone: the browser's subscription, for whom it is, and what the server knows of it. A classic script,
   shared by the page of reminders and the service worker. A browser has one subscription, so one account at a time. */
(() => {
  "use strict";
  const { meta } = self.Outbox;
  const DOOR = "/nudges/push/";
  const SESSION = "/api/v1/session/";
  const ROW = "push"; // {user, key, at}: for whom, by which key of the server, and when the server last heard of it
  const SUBSCRIBE_MS = 15_000; // a phone that cannot reach its maker's push service may never answer
  const ANSWER_MS = 5_000;
  const DAY_MS = 86_400_000;

  /** `why`: service (the phone's own), network, session (another account, or none) or refused, which the server `said`. */
  const failure = (why, said = "") => Object.assign(new Error(why), { why, said });

  const within = (ms, work) =>
    Promise.race([work, new Promise((_, reject) => setTimeout(() => reject(failure("service")), ms))]);

  const ask = async (path, init) => {
    const usual = { cache: "no-store", redirect: "manual", signal: AbortSignal.timeout(ANSWER_MS) };
    return fetch(path, { ...usual, ...init }).catch(() => {
      throw failure("network");
    });
  };

  /** Who is signed in by the cookie, with the token of the session; a hotel's page in its place is no network. */
  const session = async () => {
    const answer = await ask(SESSION);
    if (answer.status === 401) throw failure("session");
    const isOurs = answer.ok && answer.headers.get("Content-Type")?.startsWith("application/json");
    if (!isOurs) throw failure("network");
    return answer.json();
  };

  /** Tells the server as `user`, and as nobody else: an account that has signed in meanwhile has its own messages. */
  const tell = async (method, body, user) => {
    const who = await session();
    if (who.user !== user) throw failure("session");
    const headers = { "Content-Type": "application/json", "X-CSRFToken": who.csrf, "X-User-Key": user };
    return ask(DOOR, { method, headers, body: JSON.stringify(body), keepalive: true });
  };

  const subscribe = ({ pushManager }, key) => {
    const asked = pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
    return within(SUBSCRIBE_MS, asked).catch(({ why }) => {
      throw failure(why ?? "service");
    });
  };

  /** This account's subscription: one that is another's, or was made for another key of the server, gives way to a new one. */
  const subscriptionOf = async ({ registration, user, key }) => {
    const [row, found] = await Promise.all([meta.get(ROW), registration.pushManager.getSubscription()]);
    if (found && row?.user === user && row.key === key) return found;
    await found?.unsubscribe();
    return subscribe(registration, key);
  };

  const register = async (subscription, user) => {
    const { endpoint, keys } = subscription.toJSON();
    return tell("POST", { endpoint, keys }, user);
  };

  /** Lets this phone show an account's messages; throws a failure. The permission must be there. */
  const on = async ({ registration, user, key }) => {
    const subscription = await subscriptionOf({ registration, user, key });
    let answer = await register(subscription, user);
    if (answer.status === 409) {
      // The server has this address under another account, which had this phone before: it gets one of its own.
      await subscription.unsubscribe();
      answer = await register(await subscribe(registration, key), user);
    }
    if (answer.ok) return meta.set(ROW, { user, key, at: Date.now() });
    const { detail } = [409, 422].includes(answer.status) ? await answer.json().catch(() => ({})) : {};
    throw failure(detail ? "refused" : [401, 403].includes(answer.status) ? "session" : "network", detail);
  };

  /** Ends the messages on this phone: either the browser or the server is enough, for a browser's own end tells its service. */
  const off = async ({ registration }) => {
    const row = await meta.get(ROW);
    if (!row) return;
    await meta.drop(ROW);
    const subscription = await registration.pushManager.getSubscription();
    if (!subscription) return;
    const told = tell("DELETE", { endpoint: subscription.endpoint }, row.user).then(({ ok }) => ok);
    const ways = await Promise.allSettled([told, within(ANSWER_MS, subscription.unsubscribe())]);
    if (ways.some(({ value }) => value)) return;
    await meta.set(ROW, row);
    throw failure("network");
  };

  /** Ends them if they are another account's than that of `user`. */
  const leave = async ({ registration, user }) => {
    const row = await meta.get(ROW);
    if (row && row.user !== user) await off({ registration });
  };

  /**
   * Tells the server once more of what was switched on: once a day, because push services forget, and at once when the
   * server's key is another, or (`isChanged`) the browser's subscription.
   */
  const again = async ({ registration, key, isChanged = false }) => {
    let row = await meta.get(ROW);
    if (!row || !key || self.Notification?.permission !== "granted") return;
    if (isChanged) await meta.set(ROW, (row = { ...row, at: 0 }));
    if (row.key === key && Math.abs(Date.now() - row.at) < DAY_MS) return;
    if ((await session()).user === row.user) await on({ registration, user: row.user, key });
  };

  /** Whether this phone shows the messages of `user`, as far as it can tell itself. */
  const isOn = async ({ registration, user }) => {
    const [row, found] = await Promise.all([meta.get(ROW), registration?.pushManager.getSubscription()]);
    return Boolean(found && row?.user === user);
  };

  self.Push = { again, isOn, leave, off, on };
})();
