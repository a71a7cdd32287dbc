export type Problem = { name: string, message: string }

/** A configuration that cannot be used; the message has one line per mistake and never contains a value. */
export class ConfigError extends Error {
  readonly code = 'LK_CONFIG'
  constructor (readonly problems: Problem[]) {
    super(problems.map(({ name, message }) => `${name} ${message}`).join('\n'))
    this.name = 'ConfigError'
  }
}
