// Where a timer stands, computed from its start: nothing is counted, so a locked phone or a reload loses nothing.
// A phase is [kind, seconds, …]; 0 seconds last until somebody says that it is over. A run is the phase that began at
// `startedAt` (ms since 1970) and, while it waits, since when: { index, startedAt, pausedAt }.

const CLOCK_JUMP_MS = 1500;

export const begin = (now) => ({ index: 0, startedAt: now, pausedAt: null });

/** The phase that the run is in at `now`, and the seconds spent in it; `isDone` after the last. */
export const where = (phases, run, now) => {
  let { index } = run;
  let spent = Math.max(0, (run.pausedAt ?? now) - run.startedAt) / 1000;
  while (index < phases.length && phases[index][1] && spent >= phases[index][1]) {
    spent -= phases[index][1];
    index += 1;
  }
  return { index, spent, isDone: index >= phases.length };
};

export const pause = (run, now) => (run.pausedAt === null ? { ...run, pausedAt: now } : run);

export const resume = (run, now) =>
  run.pausedAt === null ? run : { ...run, startedAt: run.startedAt + now - run.pausedAt, pausedAt: null };

/** On to the next phase, whatever is left of this one. */
export const skip = (phases, run, now) => ({
  index: Math.min(where(phases, run, now).index + 1, phases.length),
  startedAt: now,
  pausedAt: null,
});

/** By how much somebody set the clock between two looks at it and at the steady one, in ms.
 *  A phone that sleeps may stop its steady clock; so after it was hidden only a clock set back is told apart. */
export const clockJump = (before, after, wasHidden) => {
  const jump = after.wall - before.wall - (after.steady - before.steady);
  if (Math.abs(jump) < CLOCK_JUMP_MS || (wasHidden && jump > 0)) return 0;
  return jump;
};

export const moved = (run, ms) => ({
  ...run,
  startedAt: run.startedAt + ms,
  pausedAt: run.pausedAt === null ? null : run.pausedAt + ms,
});

/** A stored run; null where there is none, or none that fits these phases. One that began ahead of the clock begins now. */
export const restored = (text, phases, now) => {
  try {
    const { index, startedAt, pausedAt } = JSON.parse(text);
    const fits =
      Number.isInteger(index) &&
      index >= 0 &&
      index <= phases.length &&
      Number.isFinite(startedAt) &&
      (pausedAt === null || Number.isFinite(pausedAt));
    return fits ? moved({ index, startedAt, pausedAt }, Math.min(0, now - Math.max(startedAt, pausedAt ?? 0))) : null;
  } catch {
    return null;
  }
};

/** “9”, or “1:05” from a minute on. Whole seconds left, so that it shows 1 until the very end. */
export const clockFace = (seconds) =>
  seconds < 60 ? String(seconds) : `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
