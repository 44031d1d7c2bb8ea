/** The longest `wait_timeout` there is: a slow storage must not make the server hang up on a replay. */
export const LONGEST_WAIT = 'SET SESSION wait_timeout = 31536000'

/**
 * Statements commit by themselves, and a COMMIT ends nothing but its transaction. A server may have it otherwise for all of
 * its sessions, and then what a client wrote last is rolled back when it ends, without an error; a log leaves its session as
 * the source's was. See [autocommit](https://dev.mysql.com/doc/refman/en/innodb-autocommit-commit-rollback.html) and
 * [completion_type](https://dev.mysql.com/doc/refman/en/server-system-variables.html#sysvar_completion_type).
 */
export const USUAL_COMMITS = 'SET SESSION autocommit = 1, completion_type = 0'
