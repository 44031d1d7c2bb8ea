/** The two families of servers. Outside `server/flavor/` and `binlog/` no code asks which one it is. */
export type Flavor = 'mysql' | 'mariadb'
