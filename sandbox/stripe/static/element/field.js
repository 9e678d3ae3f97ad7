// One input with its label and its error: complaints appear when the payer leaves a field or presses Pay, not before.
import { t } from "./words.js";

export class Field {
  constructor(name, judge) {
    this.name = name;
    this.judge = judge;
    this.input = document.getElementById(name);
    this.error = document.getElementById(`${name}-error`);
    this.input.addEventListener("blur", () => {
      if (this.input.value) this.complain(this.problem());
    });
    this.input.addEventListener("input", () => {
      if (this.complaining) this.complain(this.problem());
    });
  }

  get value() {
    return this.input.value.trim();
  }

  /** Return what is wrong as `{code, message}`, or null; a hidden field is never wrong. */
  problem() {
    return this.input.closest(".field").hidden ? null : this.judge(this.value);
  }

  complain(problem) {
    this.complaining = Boolean(problem);
    this.error.textContent = problem ? problem.message : "";
    if (problem) this.input.setAttribute("aria-invalid", "true");
    else this.input.removeAttribute("aria-invalid");
  }
}

/** Complain about every field that is wrong and focus the first; returns its problem or null. */
export function inspect(fields) {
  let first = null;
  for (const field of fields) {
    const problem = field.problem();
    field.complain(problem);
    if (problem && !first) {
      first = problem;
      field.input.focus();
    }
  }
  return first;
}

export const problem = (code) => ({ type: "validation_error", code, message: t(code) });
