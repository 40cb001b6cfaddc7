// Runs checks and tells what each saw.
//
// A check is a function that takes the org, asserts facts about it, and returns a few words on what it saw. The last
// line is `N passed, N failed`; the exit code is 1 if any failed.

const checks = [];

/** Registers a function as the check of an area. */
export function check(area, work) {
  checks.push({ area, work });
}

/** The error that the work ends with. */
export async function refused(work) {
  let result;
  try {
    result = await work();
  } catch (error) {
    return error;
  }
  throw new Error(`not refused: ${JSON.stringify(result)}`);
}

/** Runs every check in the order of registration, whatever became of those before it. Gives the exit code. */
export async function runAll(client, org) {
  let failed = 0;
  for (const { area, work } of checks) {
    let seen;
    let mark = 'ok';
    try {
      seen = await work(org);
    } catch (error) {
      seen = error.stack ?? String(error);
      mark = 'FAILED';
      failed += 1;
    }
    console.log(`${client} | ${area.padEnd(34)} | ${mark.padEnd(6)} | ${seen}`);
  }
  console.log(`${checks.length - failed} passed, ${failed} failed`);
  return failed > 0 ? 1 : 0;
}
