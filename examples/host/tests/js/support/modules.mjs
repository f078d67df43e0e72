// Packages from the folder that TRIPLINE_NODE_MODULES names: nothing of them is kept here.

import { createRequire } from "node:module";
import path from "node:path";

/** Names the variable where it is missing, since that is how all of this is run by hand. */
export function setting(name) {
  const value = process.env[name];
  if (!value) throw new Error(`${name} says nothing: .ci/connector sets it`);
  return value;
}

export const load = createRequire(path.join(path.resolve(setting("TRIPLINE_NODE_MODULES")), "x.js"));
