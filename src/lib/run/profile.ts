/**
 * How much a run takes on: `smoke` (seconds, tiny, no verdict is judged), `quick` (the default: real data, small) or
 * `paper` (the paper's sizes). Chosen by KERNELBOOK_PROFILE; the command line sets it.
 */

import { ProfileError } from '../errors';

export const profiles = ['smoke', 'quick', 'paper'] as const;
export type Profile = (typeof profiles)[number];

/** The profile of this run. Throws a ProfileError when KERNELBOOK_PROFILE names none. */
export function profile(): Profile {
  const name = process.env.KERNELBOOK_PROFILE || 'quick';
  const found = profiles.find((p) => p === name);
  if (found) return found;
  throw new ProfileError({
    what: 'KERNELBOOK_PROFILE',
    expected: profiles.join(', '),
    got: `"${name}"`,
    todo: 'Name one of these profiles, or none for quick.',
  });
}

/** The value for this run's profile: `const n = pick({ smoke: 50, quick: 1000, paper: 10_000 })`. */
export function pick<T>(values: Record<Profile, T>): T {
  return values[profile()];
}
