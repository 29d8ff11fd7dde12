// Weighing a check for warning signs on the phone, before anybody else has it. Pure, and the same rule as
// rehab/sessions/warning_signs.py, which says where each number comes from: a test holds the two together.

const URGENCIES = ["emergency_now", "call_today", "next_review"];
const STOPS = ["all_active_and_passive", "all_active", "named_exercise", "none"];
const WALKING = 10;
const WINDOW = 48 * 3600 * 1000;
const BEST_FIRST = {
  knuckling: ["none", "sometimes", "often", "always"],
  voluntary_move: ["both", "one", "no"],
  urination: ["normal", "leaks", "small", "none"],
};
const UNKNOWN_SIGN = [URGENCIES[0], STOPS[0]];
const WEAK_BACK_LEGS = ["RF01", "RF02", "RF03", "RF05", "RF13"];

const isNumber = Number.isInteger;
const rank = (name, word) => BEST_FIRST[name].indexOf(word);
const better = (name, one, other) => {
  if (isNumber(one) && isNumber(other)) return Math.max(one, other);
  return rank(name, one) <= rank(name, other) ? one : other;
};

/** What was known at the moment `at` (ms): the best of the last 48 hours, or else the last; `checks` oldest first. */
export const knownBefore = ({ expected, checks, released_at: releasedAt }, at) => {
  const latest = { ...expected };
  const best = {};
  let knuckling = [expected.knuckling];
  for (const [iso, answers] of checks) {
    const then = Date.parse(iso);
    if (then > at) continue;
    Object.assign(latest, answers);
    const isSettled = releasedAt !== null && then <= Date.parse(releasedAt);
    if (answers.knuckling) knuckling = isSettled ? [answers.knuckling] : [...knuckling, answers.knuckling];
    if (isSettled || then < at - WINDOW) continue;
    for (const [name, value] of Object.entries(answers)) {
      best[name] = name in best ? better(name, value, best[name]) : value;
    }
  }
  return { answers: { ...latest, ...best }, knuckling: [knuckling.at(-1), knuckling.at(-2) ?? knuckling.at(-1)] };
};

/** 0, 2, 3, 4, or null where the answers do not say. */
export const suspectedGrade = ({ voluntary_move: moves, unaided_steps: steps, knuckling }) => {
  if (moves === "no") return 4;
  if (!isNumber(steps)) return null;
  if (steps < WALKING) return 3;
  if (knuckling === undefined) return null;
  return knuckling === "none" ? 0 : 2;
};

const hasHalved = (now, before) => isNumber(now) && isNumber(before) && before > 0 && now * 2 <= before;

const isNewStumbling = (now, { answers, knuckling: [last, earlier] }) =>
  (answers.knuckling === "none" && now !== "none") ||
  (earlier !== "none" && Math.min(rank("knuckling", now), rank("knuckling", last)) > rank("knuckling", earlier));

const shownBy = (answers, known) => {
  const before = known.answers;
  const found = [];
  const { unaided_steps: steps, standing_s: stood, knuckling, urination } = answers;
  if (isNumber(steps) && before.unaided_steps >= WALKING && steps < WALKING) found.push("RF01");
  if (hasHalved(steps, before.unaided_steps) || hasHalved(stood, before.standing_s)) found.push("RF03");
  if (answers.voluntary_move === "no" && before.voluntary_move !== "no") found.push("RF02");
  const grade = suspectedGrade({ ...before, ...answers });
  const was = suspectedGrade(before);
  const isFirstStumble = grade === 2 && knuckling === "sometimes";
  if (grade !== null && was !== null && grade > was && !isFirstStumble) found.push("RF03");
  if (knuckling !== undefined && isNewStumbling(knuckling, known)) found.push("RF13");
  if (urination === "none" || (urination === "small" && !["small", "none"].includes(before.urination))) {
    found.push("RF04");
  }
  if (urination === "leaks" && before.urination !== "leaks") found.push("RF14");
  return found;
};

/** What a check shows. `signs` are [id, urgency, stop], in the order of the content; `known` is from `knownBefore`. */
export const weigh = (answers, ticked, known, signs) => {
  const found = new Set([...ticked, ...shownBy(answers, known)]);
  const canWait = new Set(signs.filter(([, urgency]) => urgency === "next_review").map(([id]) => id));
  if (found.has("RF21") && [...found].some((id) => id !== "RF21" && !canWait.has(id))) found.add("RF03");
  const isWeak = WEAK_BACK_LEGS.some((id) => found.has(id)) || suspectedGrade({ ...known.answers, ...answers }) >= 2;
  const hits = signs
    .filter(([id]) => found.has(id))
    .map(([id, urgency, stop]) => (id === "RF14" && isWeak ? [id, URGENCIES[0], STOPS[0]] : [id, urgency, stop]));
  const unknown = [...found].filter((id) => !signs.some(([known]) => known === id)).sort();
  hits.push(...unknown.map((id) => [id, ...UNKNOWN_SIGN]));
  return {
    flags: hits.map(([id]) => id),
    urgency: URGENCIES.find((one) => hits.some(([, urgency]) => urgency === one)) ?? "",
    stop: STOPS.find((one) => hits.some(([, , stop]) => stop === one)) ?? "none",
    suspected_grade: suspectedGrade(answers),
  };
};

/**
 * The rule with one more check, [ISO time, answers]. One that shows a sign is no measure for the next, or the same bad
 * answers would be no hit the second time: only what is no worse than before counts.
 */
export const withCheck = (rule, [iso, answers], ticked) => {
  const known = knownBefore(rule, Date.parse(iso));
  const before = known.answers;
  const isNoWorse = ([name, value]) =>
    ["knuckling", "urination"].includes(name)
      ? rank(name, value) === 0
      : !(name in before) || better(name, value, before[name]) === value;
  const isHit = weigh(answers, ticked, known, rule.signs).flags.length > 0;
  const counts = isHit ? Object.fromEntries(Object.entries(answers).filter(isNoWorse)) : answers;
  const checks = [...rule.checks, [iso, counts]].sort(([one], [other]) => Date.parse(one) - Date.parse(other));
  return { ...rule, checks };
};

export const stopsAll = ({ stop }) => stop === STOPS[0] || stop === STOPS[1];
