/** `detail` of an audit event: the person at the command line is unknown. */
export const BY_OPERATOR = { by: 'command line' }
