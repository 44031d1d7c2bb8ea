/** The longest `wait_timeout` there is: a slow storage must not make the server hang up on a replay. */
export const LONGEST_WAIT = 'SET SESSION wait_timeout = 31536000'
