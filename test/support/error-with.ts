/** For `t.throws` and `t.rejects`, whose types know only `name`, `message` and `code`: an error with these fields. */
export const errorWith = <T extends object>(fields: T): T & { name: RegExp } => ({ ...fields, name: /./ })
