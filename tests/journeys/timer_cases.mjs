// What static/js/lib/timer.js promises; run by Node (timer.test.mjs) and by Chromium (test_timer.py).

import { begin, clockFace, clockJump, moved, pause, restored, resume, skip, where } from "../../static/js/lib/timer.js";

const PHASES = [
  ["ready", 5],
  ["hold", 10],
  ["rest", 5],
  ["hold", 10],
];
const COUNTED = [
  ["ready", 5],
  ["count", 0],
  ["rest", 30],
  ["count", 0],
];
const START = 1_700_000_000_000;
const after = (seconds) => START + seconds * 1000;
const at = (run, seconds, phases = PHASES) => {
  const { index, spent, isDone } = where(phases, run, after(seconds));
  return [index, Math.round(spent * 1000) / 1000, isDone];
};

const same = (found, expected) => {
  const [one, other] = [JSON.stringify(found), JSON.stringify(expected)];
  if (one !== other) throw new Error(`${one} instead of ${other}`);
};

export const cases = {
  "it walks through the phases by the clock alone"() {
    const run = begin(START);
    same(at(run, 0), [0, 0, false]);
    same(at(run, 4.9), [0, 4.9, false]);
    same(at(run, 5), [1, 0, false]);
    same(at(run, 17), [2, 2, false]);
    same(at(run, 29.999), [3, 9.999, false]);
    same(at(run, 30), [4, 0, true]);
    same(at(run, 86_400)[2], true);
  },
  "a phase that is counted lasts until somebody says so"() {
    const run = begin(START);
    same(at(run, 3600, COUNTED), [1, 3595, false]);
    const next = skip(COUNTED, run, after(60));
    same(at(next, 61, COUNTED), [2, 1, false]);
    const last = skip(COUNTED, next, after(300));
    same(at(last, 300, COUNTED), [4, 0, true]);
  },
  "a rest that is skipped begins the next hold at once"() {
    const run = skip(PHASES, begin(START), after(16));
    same(at(run, 16), [3, 0, false]);
    same(at(run, 26), [4, 0, true]);
  },
  "a skip at the end stays at the end"() {
    same(skip(PHASES, begin(START), after(100)).index, 4);
  },
  "while it is paused, nothing passes, however long"() {
    const paused = pause(begin(START), after(7));
    same(at(paused, 3600), [1, 2, false]);
    same(pause(paused, after(9)), paused);
    const run = resume(paused, after(3600));
    same(at(run, 3601), [1, 3, false]);
    same(resume(run, after(3700)), run);
  },
  "a clock that was set between two looks moves the start with it"() {
    const seen = { wall: START, steady: 50 };
    const look = (wall, steady) => ({ wall: START + wall, steady: 50 + steady });
    same(clockJump(seen, look(100, 100), false), 0);
    same(clockJump(seen, look(3_600_100, 100), false), 3_600_000);
    same(clockJump(seen, look(-3_600_000, 100), false), -3_600_100);
    const run = moved(begin(START), 3_600_000);
    same(at(run, 3600 + 7), [1, 2, false]);
  },
  "time that passed on a sleeping phone has passed"() {
    const seen = { wall: START, steady: 50 };
    same(clockJump(seen, { wall: START + 60_000, steady: 150 }, true), 0);
    same(clockJump(seen, { wall: START - 60_000, steady: 150 }, true), -60_100);
  },
  "a pause moves with the clock, too"() {
    same(moved({ index: 1, startedAt: 10, pausedAt: 20 }, 5), { index: 1, startedAt: 15, pausedAt: 25 });
  },
  "what was stored is taken up where it would be now"() {
    const run = skip(PHASES, begin(START), after(2));
    same(restored(JSON.stringify(run), PHASES, after(4)), run);
    same(at(restored(JSON.stringify(run), PHASES, after(4)), 4), [1, 2, false]);
    const paused = pause(run, after(5));
    same(restored(JSON.stringify(paused), PHASES, after(400)), paused);
  },
  "what was stored ahead of the clock begins now"() {
    same(restored(JSON.stringify(begin(after(3600))), PHASES, START), begin(START));
    const paused = { index: 1, startedAt: after(3600), pausedAt: after(3603) };
    same(at(restored(JSON.stringify(paused), PHASES, START), 50), [1, 3, false]);
  },
  "what does not fit is not taken up"() {
    for (const text of [null, "", "{", "null", "3", "{}", '{"index":9,"startedAt":1,"pausedAt":null}']) {
      same(restored(text, PHASES, START), null);
    }
    same(restored('{"index":0,"startedAt":"1","pausedAt":null}', PHASES, START), null);
    same(restored('{"index":0,"startedAt":1,"pausedAt":"x"}', PHASES, START), null);
  },
  "a clock face has minutes from one on"() {
    same([0, 9, 59, 60, 65, 600].map(clockFace), ["0", "9", "59", "1:00", "1:05", "10:00"]);
  },
};
