/**
 * The fields of a package in a lock file that are compared.
 *
 * @typedef {object} LockedPackage
 * @property {string} [version]
 * @property {string} [integrity] hash of the packed package.
 * @property {string} [resolved] the folder that a workspace link points to.
 * @property {boolean} [link]
 * @property {boolean} [optional]
 * @property {boolean} [extraneous] installed by hand and not in the lock file.
 * @property {string[]} [os]
 * @property {string[]} [cpu]
 * @property {string[]} [libc]
 */

/** @typedef {{ packages: Record<string, LockedPackage> }} Lockfile */

/** @typedef {{ os: string, cpu: string, libc: string | undefined }} Machine */

/**
 * The first difference between an installation and the lock file.
 *
 * Packages that were installed by hand on top (`npm install --no-save`) do not count, nor do optional
 * ones for other machines.
 *
 * @param {Lockfile} lock `package-lock.json`.
 * @param {Lockfile} installed `node_modules/.package-lock.json`, which npm writes last.
 * @param {Machine} machine what packages are needed for.
 * @returns {string | undefined} for example `node_modules/zod is missing`; undefined if all is well.
 */
export function firstDifference(lock, installed, machine) {
  for (const [place, wanted] of Object.entries(lock.packages)) {
    if (!place.includes("node_modules/")) continue;
    const found = installed.packages[place];
    if (found === undefined) {
      if (wanted.optional === true && !isBuiltFor(wanted, machine)) continue;
      return `${place} is missing`;
    }
    if (found.version !== wanted.version) {
      return `${place} is ${found.version ?? "a link"}, not ${wanted.version ?? "a link"}`;
    }
    if (
      found.integrity !== wanted.integrity ||
      (wanted.link && found.resolved !== wanted.resolved)
    ) {
      return `${place} comes from somewhere else`;
    }
  }
  const extra = Object.entries(installed.packages).find(
    ([place, found]) =>
      place.includes("node_modules/") && !(place in lock.packages) && found.extraneous !== true,
  );
  return extra === undefined ? undefined : `${extra[0]} is no longer needed`;
}

/**
 * Whether an optional package must be installed on a machine: it lists systems, and the machine is
 * one of them.
 *
 * @param {LockedPackage} wanted
 * @param {Machine} machine
 */
function isBuiltFor({ os, cpu, libc }, machine) {
  if (os === undefined && cpu === undefined) return false;
  return (
    (os === undefined || os.includes(machine.os)) &&
    (cpu === undefined || cpu.includes(machine.cpu)) &&
    (libc === undefined || machine.libc === undefined || libc.includes(machine.libc))
  );
}
