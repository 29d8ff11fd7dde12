// What somebody has begun to write outlives a reload: `form[data-draft="name"]` keeps its answers in this tab until the
// command they make is stored ("command:stored" on the form, or its reset). Without JavaScript it is an ordinary form.

const PREFIX = "draft:";
const { user = "-" } = document.getElementById("outbox")?.dataset ?? {};
const FORMS = "form[data-draft]";
const WRITTEN = "textarea, select, input:not([type=hidden], [type=file], [type=password], [type=submit])";

const keyOf = (form) => [PREFIX + user, window.location.pathname, form.dataset.draft].join(" ");
const written = (form) => [...form.elements].filter((control) => control.name && control.matches(WRITTEN));
const isChoice = (control) => control.type === "radio" || control.type === "checkbox";

const isChanged = (control) => {
  if (isChoice(control)) return control.checked !== control.defaultChecked;
  if (control instanceof HTMLSelectElement) {
    const given = [...control.options].findIndex((option) => option.defaultSelected);
    return control.selectedIndex !== Math.max(given, control.size > 1 || control.multiple ? -1 : 0);
  }
  return control.value !== control.defaultValue;
};

const isBegun = (form) => written(form).some(isChanged);

/** Keeps the form's answers, and returns whether they are safe. */
const save = (form) => {
  try {
    if (!isBegun(form)) sessionStorage.removeItem(keyOf(form));
    else {
      const answers = written(form).map((control) =>
        isChoice(control) ? [control.name, control.value, control.checked] : [control.name, control.value],
      );
      sessionStorage.setItem(keyOf(form), JSON.stringify(answers));
    }
    return true;
  } catch {
    return false; // no storage, or it is full
  }
};

/** Puts the answers back into a form that is as the server sent it. */
const restore = (form) => {
  let answers;
  try {
    answers = JSON.parse(sessionStorage.getItem(keyOf(form)));
  } catch {
    return;
  }
  if (!answers || isBegun(form)) return;
  for (const control of written(form)) {
    const answer = answers.find(([name, value]) => name === control.name && (!isChoice(control) || value === control.value));
    if (!answer) continue;
    if (isChoice(control)) control.checked = answer[2];
    else control.value = answer[1];
  }
  // Somebody who opened a fold to write finds it open.
  for (let fold = form.closest("details"); fold; fold = fold.parentElement.closest("details")) fold.open = true;
  form.dispatchEvent(new CustomEvent("draft:restored", { bubbles: true }));
};

/** Forgets what was begun in a form, because it is stored elsewhere or was given up. */
export const forgetDraft = (form) => {
  try {
    sessionStorage.removeItem(keyOf(form));
  } catch {
    // Without storage there is no draft either.
  }
};

/** Forgets every draft in this tab, or those of all people but one. */
export const forgetDrafts = ({ except } = {}) => {
  try {
    for (const key of Object.keys(sessionStorage)) {
      if (key.startsWith(PREFIX) && (!except || !key.startsWith(`${PREFIX + except} `))) sessionStorage.removeItem(key);
    }
  } catch {
    // The same.
  }
};

/** Whether a reload would lose something: a form with answers that cannot be kept. */
export const holdsUnsaved = () =>
  [...document.forms].some((form) => (form.matches(FORMS) ? !save(form) : form.method === "post" && isBegun(form)));

const restoreAll = (root) => {
  if (root.matches?.(FORMS)) restore(root);
  for (const form of root.querySelectorAll(FORMS)) restore(form);
};

const formOf = ({ target }) => (target instanceof Element ? target.closest(FORMS) : null);

for (const name of ["input", "change"]) {
  document.addEventListener(name, (event) => {
    const form = formOf(event);
    if (form) save(form);
  });
}
for (const name of ["command:stored", "reset"]) {
  document.addEventListener(name, (event) => {
    const form = formOf(event);
    if (form) forgetDraft(form);
  });
}
document.addEventListener("htmx:load", ({ target }) => restoreAll(target));

forgetDrafts({ except: user });
restoreAll(document);
