// What a form says, as commands; and what the records of this phone make of a page. Pure: no page, no clock, no storage.

const SLOT = ["prescription", "slot"];
const RESPONSE = ["quality", "tired", "areas", "signs", "note"];
const ACTIVITIES = ["activity_1", "activity_2", "activity_3", "activity_4", "activity_5"];
const ANSWERS = ["unaided_steps", "knuckling", "standing_s", "voluntary_move", "urination"];

/** The fields of each kind, as `rehab.sessions.commands` knows them: it refuses a command that says more. */
const FIELDS = {
  tick: [...SLOT, "quality"],
  undo: SLOT,
  partial: [...SLOT, "share", "quality"],
  stop: [...SLOT, "share", "stop_signs", "quality"],
  skip: [...SLOT, "reason", "note"],
  pain: ["moment", "score", "session_day"],
  exposure: ["step", "done", "pain_after", "stop_signs"],
  response: RESPONSE,
  medicine: ["medicine", "time", "given", "reason"],
  measure: ["metric", "value", "prescription"],
  report: [...ANSWERS, "flags", "exercise"],
  message: ["text", "prescription"],
  activities: ["definition", ...ACTIVITIES],
};
const WHOLE = ["slot", "share", "score", "pain_after", "quality", "tired", "unaided_steps", "standing_s", ...ACTIVITIES];
const LISTS = ["stop_signs", "areas", "signs", "flags"];
const YES_OR_NO = { yes: true, no: false, null: null, "": null };

/** What a record is about, beside its dog and day: a later one about the same takes the place of an earlier one. */
const ABOUT = { pain: ["moment"], exposure: ["step"], medicine: ["medicine", "time"], measure: ["metric", "prescription"] };

const STATES = { tick: "done", undo: "open", partial: "part", stop: "stopped", skip: "skipped" };

/** Whether a record says something about one time of the day of an item, by a tap. */
export const isAboutSlot = ({ kind }) => kind in STATES;

/** The state of its slot after a record: done, part, stopped, skipped or open. */
export const slotState = ({ kind }) => STATES[kind];

/** The moment as ISO 8601 with this phone's own offset, so that the server can tell the dog's day. */
export const localIso = (date) => {
  const offset = -date.getTimezoneOffset();
  const pad = (number) => String(Math.trunc(number)).padStart(2, "0");
  const local = new Date(date.getTime() + offset * 60_000).toISOString().slice(0, -1);
  return `${local}${offset < 0 ? "-" : "+"}${pad(Math.abs(offset) / 60)}:${pad(Math.abs(offset) % 60)}`;
};

const whole = (text) => (/^-?[0-9]{1,4}$/.test(text) ? Number(text) : text);

const valueOf = (name, data) => {
  const texts = data.getAll(name);
  if (LISTS.includes(name)) return texts.length || data.has(`${name}_asked`) ? texts : undefined;
  const text = texts.at(-1);
  if (text === undefined) return undefined;
  if (name === "done" || name === "given") return text in YES_OR_NO ? YES_OR_NO[text] : text;
  // A time of "" is an answer (“at no fixed time”); any other empty field was left out.
  if (name === "time") return text;
  if (!text.trim()) return undefined;
  return WHOLE.includes(name) ? whole(text.trim()) : text;
};

const payloadOf = (kind, data) => {
  const said = {};
  for (const name of FIELDS[kind]) {
    const value = valueOf(name, data);
    if (value !== undefined) said[name] = value;
  }
  // The scale is the same everywhere, so its field is too.
  if (kind === "exposure" && data.has("score")) said.pain_after ??= valueOf("score", data);
  if (kind !== "report") return said;
  const { flags = [], exercise, ...answers } = said;
  return { answers, flags, ...(exercise && { exercise }) };
};

/**
 * The commands in a form, without ids: one, or one for each time of the day when all that is left is skipped.
 * `data` is its FormData with the pressed button; `at` the Date that counts unless the form says one.
 */
export const commandsOf = (data, { patient, at, zone }) => {
  const kind = data.get("kind");
  if (!(kind in FIELDS)) return [];
  const payload = payloadOf(kind, data);
  const command = {
    kind,
    patient,
    day: data.get("day"),
    done_at: data.get("done_at") || localIso(at),
    time_zone: data.get("time_zone") || zone,
    plan_version: data.get("plan_version") ? whole(data.get("plan_version")) : null,
  };
  const slots = data.getAll("slot");
  if (slots.length < 2) return [{ ...command, payload }];
  return slots.map((slot) => ({ ...command, payload: { ...payload, slot: whole(slot) } }));
};

/** What is said, without when: two submits that agree in it are one thumb that was too quick. */
export const contentOf = (commands) =>
  JSON.stringify(commands.map(({ kind, patient, day, payload }) => [kind, patient, day, payload]));

/** One word for a slot of a dog's day, the same in a record and in a form. */
export const slotKey = ({ patient, day, payload }) => [patient, day, payload.prescription, payload.slot].join(" ");

/**
 * The records that a page does not show yet, in their order. `asOf` is when the server rendered it (ms): what waits, and
 * what the server took later than that. What it took but does not count is the server's to show.
 */
export const unseen = (records, asOf) =>
  records
    .filter(
      ({ state, outcome, received_at: received }) =>
        state === "pending" || (state === "sent" && outcome !== "superseded" && Date.parse(received) >= asOf),
    )
    .sort((one, other) => (one.seq ?? Infinity) - (other.seq ?? Infinity) || 0);

/** The record that holds for each slot, by its key. */
export const bySlot = (records) =>
  new Map(records.filter(isAboutSlot).map((record) => [slotKey(record), record]));

/** Whether a record answers a form that, as it stands, would send `command`. */
export const answers = (record, command, names) =>
  // Whoever wrote something may write again: no message is the answer to another.
  record.kind !== "message" &&
  record.kind === command.kind &&
  record.patient === command.patient &&
  record.day === command.day &&
  (!isAboutSlot(record) || slotKey(record) === slotKey(command)) &&
  (ABOUT[record.kind] ?? []).every((name) => (record.payload[name] ?? "") === (command.payload[name] ?? "")) &&
  (record.kind !== "response" || Object.keys(record.payload).some((name) => names.has(name)));

/** Puts values into words such as “{score} of 10”. */
export const fill = (words, values) => words.replace(/\{(\w+)\}/g, (hole, name) => values[name] ?? "");
