// <hold-timer> leads through one time of an exercise, or measures how long the dog manages (a phase that counts up).
// Where it stands follows from the stored start, see lib/timer.js. Its own HTML says the same without a script.

import { begin, clockFace, clockJump, moved, pause, restored, resume, skip, where } from "../lib/timer.js";

const LOOK_MS = 100;
const A_DAY_MS = 86_400_000;
const PREFIX = "hold-timer:";
// Hz, seconds and how often: lower to let go than to begin, three times for the end.
const SOUNDS = { ready: [660, 0.1, 1], rest: [440, 0.25, 1], done: [880, 0.2, 3], begin: [880, 0.2, 1] };

// A phone that keeps nothing (a private window) still has its timer, only not after a reload.
const stored = (work) => {
  try {
    return work(window.localStorage);
  } catch {
    return null;
  }
};

const forgetOldOnes = (now) =>
  stored((storage) => {
    for (const key of Object.keys(storage).filter((one) => one.startsWith(PREFIX))) {
      const { startedAt } = JSON.parse(storage.getItem(key)) ?? {};
      if (!(now - startedAt < A_DAY_MS)) storage.removeItem(key);
    }
  });

class HoldTimer extends HTMLElement {
  static observedAttributes = ["data-key"];
  #phases = [];
  #words = {};
  #many = [1, 1, 1];
  #run = null;
  #index = null;
  #seen = null;
  #wasHidden = false;
  #looking = null;
  #audio = null;
  #lock = null;
  #field = null;

  #click = ({ target }) => {
    const what = target.closest("[data-do]")?.dataset.do;
    if (!what) return;
    // Only a tap may open the sound; it stays open for the end.
    this.#audio ??= window.AudioContext ? new AudioContext() : null;
    this.#audio?.resume();
    const now = Date.now();
    if (what === "start") this.#set(begin(now));
    if (what === "pause") this.#set(this.#run.pausedAt === null ? pause(this.#run, now) : resume(this.#run, now));
    if (what === "skip") this.#set(skip(this.#phases, this.#run, now));
    if (what === "stop") this.#stop(now);
    if (what === "start") this.scrollIntoView({ block: "nearest" });
    if (document.activeElement === document.body || !document.activeElement.checkVisibility?.()) {
      this.querySelector("[data-do]:not([hidden])")?.focus();
    }
  };

  #visible = () => {
    if (document.hidden) this.#wasHidden = true;
    else this.#look();
    this.#stayAwake();
  };

  #sent = () => this.#set(null);

  connectedCallback() {
    this.#phases = JSON.parse(this.dataset.phases);
    this.#words = JSON.parse(this.dataset.words);
    this.#many = JSON.parse(this.dataset.many ?? "[1, 1, 1]");
    this.#field = document.getElementById(this.dataset.fills ?? "");
    forgetOldOnes(Date.now());
    this.addEventListener("click", this.#click);
    document.addEventListener("visibilitychange", this.#visible);
    this.#field?.form.addEventListener("submit", this.#sent);
    this.#takeUp();
  }

  // Another time of the day has a timer of its own.
  attributeChangedCallback() {
    if (this.#phases.length) this.#takeUp();
  }

  disconnectedCallback() {
    this.removeEventListener("click", this.#click);
    document.removeEventListener("visibilitychange", this.#visible);
    this.#field?.form.removeEventListener("submit", this.#sent);
    this.#keepLooking(false);
    this.#lock?.then((lock) => lock?.release());
    this.#lock = null;
    this.#audio?.close();
    this.#audio = null;
  }

  get #key() {
    return PREFIX + this.dataset.key;
  }

  get #isMeasuring() {
    return this.#phases.at(-1)[0] === "up";
  }

  #set(run) {
    this.#run = run;
    this.#seen = null;
    this.#keep();
    this.#look();
  }

  #takeUp() {
    const now = Date.now();
    this.#run = restored(
      stored((storage) => storage.getItem(this.#key)),
      this.#phases,
      now,
    );
    // Already under way: no sound, and the focus stays where it is.
    this.#index = this.#run && where(this.#phases, this.#run, now).index;
    this.#look();
  }

  #keep() {
    stored((storage) =>
      this.#run ? storage.setItem(this.#key, JSON.stringify(this.#run)) : storage.removeItem(this.#key),
    );
  }

  #stop(now) {
    if (this.#isMeasuring && this.#phases[this.#index]?.[0] === "up") {
      this.#set(pause(this.#run, now));
      return;
    }
    this.#set(null);
    const answer = document.getElementById(this.dataset.stopped ?? "");
    if (!answer) return;
    answer.open = true;
    answer.querySelector("summary").focus();
  }

  /** Where it stands now; looked at often, told only when it changes. */
  #look = () => {
    const seen = { wall: Date.now(), steady: performance.now() };
    const isMoving = this.#run !== null && this.#run.pausedAt === null;
    const jump = isMoving && this.#seen ? clockJump(this.#seen, seen, this.#wasHidden) : 0;
    if (jump) {
      this.#run = moved(this.#run, jump);
      this.#keep();
    }
    this.#seen = seen;
    this.#wasHidden = document.hidden;
    const at = this.#run && where(this.#phases, this.#run, seen.wall);
    if (at?.isDone && this.#run.index < this.#phases.length) {
      this.#run = { index: this.#phases.length, startedAt: seen.wall, pausedAt: null };
      this.#keep();
    }
    const before = this.#index;
    this.#index = at?.index ?? null;
    const state = !at ? "idle" : at.isDone ? "done" : this.#run.pausedAt === null ? "running" : "paused";
    const hasChanged = state !== this.dataset.state || this.#index !== before;
    this.dataset.state = state;
    if (hasChanged) this.#tell(state, before);
    this.#paint(at);
    this.#keepLooking(state === "running");
    this.#stayAwake();
  };

  #keepLooking(isRunning) {
    if (isRunning) this.#looking ??= setInterval(this.#look, LOOK_MS);
    else this.#looking = clearInterval(this.#looking) ?? null;
  }

  /** A phone may refuse, and takes it back whenever the page is hidden; the timer is right all the same. */
  #stayAwake() {
    const wants = this.dataset.state === "running" && !document.hidden;
    if (wants === Boolean(this.#lock)) return;
    if (wants) {
      this.#lock = navigator.wakeLock?.request("screen").catch(() => null) ?? null;
    } else {
      this.#lock.then((lock) => lock?.release());
      this.#lock = null;
    }
  }

  #part(name) {
    return this.querySelector(`[data-part="${name}"]`);
  }

  /** A new phase or state: words, buttons, one spoken sentence, and a sound while it runs. */
  #tell(state, before) {
    const [kind, , set, side, number] = this.#phases[this.#index] ?? [state];
    const words = this.#words;
    const measures = this.#isMeasuring;
    const hadFocus = this.contains(document.activeElement);
    this.dataset.phase = kind;
    const [sets, sides, numbers] = this.#many;
    const of = (text, n, m) => text.replace("{n}", n).replace("{m}", m);
    const line = [
      sets > 1 && of(words.set, set, sets),
      sides > 1 && words.sides[side - 1],
      numbers > 1 && of(words.number, number, numbers),
    ];
    const said = state === "idle" || state === "done" ? "" : line.filter(Boolean).join(", ");
    const counted = said && ["ready", "rest"].includes(kind) ? of(words.next, said) : said;
    const taken = measures && state === "paused" && kind === "up";
    const word = taken ? words.taken : state === "paused" ? words.paused : (words[kind] ?? "");
    this.#part("face").hidden = state === "idle";
    this.#part("plan").hidden = state !== "idle";
    this.#part("word").textContent = word;
    this.#part("line").textContent = counted;
    const skips = state === "running" ? words.skips[kind] : "";
    this.#button("start", state === "idle" ? words.start : state === "done" || taken ? words.again : "");
    this.#button("pause", measures ? "" : { running: words.pause, paused: words.resume }[state]);
    this.#button("skip", skips);
    this.#button("stop", state === "running" || (state === "paused" && !taken) ? words.stop : "");
    this.#part("spoken").textContent = state === "idle" ? "" : [word, counted].filter(Boolean).join(". ");
    if (before !== this.#index && state !== "idle" && state !== "paused") this.#signal(state === "done" ? state : kind);
    if (state === "done" && before !== this.#index && hadFocus) document.getElementById(this.dataset.then ?? "")?.focus();
  }

  #button(name, label) {
    const button = this.querySelector(`[data-do="${name}"]`);
    button.hidden = !label;
    button.textContent = label ?? "";
  }

  #paint(at) {
    if (!at) return;
    const [kind, seconds] = this.#phases[at.index] ?? this.#phases.at(-1);
    const isUp = kind === "up";
    const spent = at.isDone ? seconds : at.spent;
    const whole = isUp ? Math.floor(spent) : Math.ceil(seconds - spent);
    const number = at.isDone && !isUp ? "" : kind === "count" ? this.#words.amount : clockFace(whole);
    const shown = this.#part("number");
    if (shown.textContent !== number) shown.textContent = number;
    const calm = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
    const passed = calm ? (isUp ? whole : seconds - whole) : spent;
    // Nobody knows how long the dog will stand: the ring goes round once a minute.
    const part = isUp ? (passed % 60) / 0.6 : seconds ? Math.min(100, (100 * passed) / seconds) : 0;
    this.#part("ring").setAttribute("stroke-dasharray", `${part.toFixed(1)} 100`);
    if (isUp && this.#field && (at.isDone || this.#run.pausedAt !== null)) this.#fill(whole);
  }

  #fill(seconds) {
    if (this.#field.value === String(seconds)) return;
    this.#field.value = seconds;
    this.#field.dispatchEvent(new Event("input", { bubbles: true }));
  }

  #signal(what) {
    // Before the first tap a browser refuses both, and says so aloud in its console.
    if (navigator.userActivation && !navigator.userActivation.hasBeenActive) return;
    navigator.vibrate?.(what === "done" ? [200, 100, 200, 100, 400] : 80);
    if (this.#audio?.state !== "running") return;
    const [hertz, seconds, times] = SOUNDS[what] ?? SOUNDS.begin;
    for (let time = 0; time < times; time += 1) {
      const from = this.#audio.currentTime + time * seconds * 2;
      const tone = new OscillatorNode(this.#audio, { frequency: hertz });
      const volume = new GainNode(this.#audio, { gain: 0 });
      volume.gain.setTargetAtTime(0.25, from, 0.01);
      volume.gain.setTargetAtTime(0, from + seconds, 0.03);
      tone.connect(volume).connect(this.#audio.destination);
      tone.start(from);
      tone.stop(from + seconds * 1.8);
    }
  }
}

customElements.define("hold-timer", HoldTimer);
