// One printed line per asserted step, and a count that `run` adds up. A failed step never stops the part by itself,
// but five in a row do: what follows would only wait for things that cannot come.
import { appendFileSync } from "node:fs";

const GIVE_UP_AFTER = 5;

/**
 * A part named `name`: `step(title, work)` prints and counts, `close()` tells `run` the numbers. `giveUpAfter` failures
 * in a row leave the rest untried; a part whose steps do not build on each other gives Infinity.
 */
export function part(name, { giveUpAfter = GIVE_UP_AFTER } = {}) {
  let [passed, failed, inARow] = [0, 0, 0];
  async function step(title, work) {
    if (inARow >= giveUpAfter) {
      failed++;
      console.log(`not ok  ${name}: ${title} (not tried)`);
      return undefined;
    }
    try {
      const value = await work();
      passed++;
      inARow = 0;
      console.log(`ok      ${name}: ${title}`);
      return value;
    } catch (error) {
      failed++;
      inARow++;
      console.log(`not ok  ${name}: ${title}\n        ${String(error?.message ?? error).replaceAll("\n", "\n        ")}`);
      return undefined;
    }
  }
  function close() {
    console.log(`-- ${name}: ${passed} steps hold, ${failed} do not`);
    if (process.env.INTEROP_RESULTS) appendFileSync(process.env.INTEROP_RESULTS, `${name} ${passed} ${failed}\n`);
    return failed === 0 ? 0 : 1;
  }
  return { step, close };
}

/** Throws with `message` and what was seen, unless `holds`. */
export function check(holds, message, seen) {
  if (!holds) throw new Error(seen === undefined ? message : `${message}; seen: ${typeof seen === "string" ? seen : JSON.stringify(seen)}`);
}

/** The first truthy answer of `look`, asked again until `seconds` are over; then throws with `what` and the last answer. */
export async function until(what, look, seconds = 12) {
  const end = Date.now() + seconds * 1000;
  for (let pause = 20; ; pause = Math.min(pause * 2, 400)) {
    let last;
    try {
      last = await look();
      if (last) return last;
    } catch (error) {
      last = error;
    }
    if (Date.now() > end) throw new Error(`waited ${seconds} s for ${what}${last instanceof Error ? `; last error: ${last.message}` : ""}`);
    await new Promise((done) => setTimeout(done, pause));
  }
}
