// What test files import as `tap`, see compile-tests.js. Each file has its own copy, because copies differ in the query of their URL.
import tap from 'tap'

/** Where test-process.js leaves the test of the file that it is about to import. */
export const CURRENT = Symbol.for('latchkey.test-of-file')

/** In a process with other files a test of this file's own, otherwise tap's. */
export default globalThis[CURRENT] ?? tap
