/** `detail` of an audit event: whoever may run commands here, we know no more. */
export const BY_OPERATOR = { by: 'command line' }
