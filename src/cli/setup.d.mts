/** The types of setup.mjs, for the tests. */
export class SetupError extends Error {}

export interface Place {
  /** The checkout. */
  root: string;
  env: NodeJS.ProcessEnv;
  /** Tells the user what is being done. */
  say: (line: string) => void;
}

export function setUp(place: Place): Promise<{ python: string }>;
export function hasPackages(root: string): boolean;
export function venvPython(root: string): string;
export function findPython(place: Pick<Place, 'env'>): { command: string[]; version: string };
export function kernelspec(root: string): {
  argv: string[];
  display_name: string;
  language: string;
  interrupt_mode: string;
};
