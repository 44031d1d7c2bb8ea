/**
 * The schema on a server that is being restored which is ours: it says by which plan. No database of users can be restored
 * beside it under this name.
 */
export const MARKER_DATABASE = 'mysql_pitr'
