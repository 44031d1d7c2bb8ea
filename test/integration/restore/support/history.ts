/** An account of an application that the log makes. */
export const APP = { user: 'app', password: 'App-1-secret' }

/** What the backup holds. */
export const BEFORE_BACKUP: readonly string[] = [
  'CREATE DATABASE shop',
  'USE shop',
  'CREATE TABLE orders (id INT PRIMARY KEY AUTO_INCREMENT, item VARCHAR(100), factor DOUBLE)',
  "INSERT INTO orders (item) VALUES ('one'), ('two')",
  'CREATE TABLE gate (passed INT)',
  "CREATE USER early@'%' IDENTIFIED BY 'Early-1-secret'",
  "GRANT SELECT ON shop.* TO early@'%'",
]

/** What the log holds: statements, rows, definitions, accounts, and what lives in one session across its files. */
export const AFTER_BACKUP: readonly string[] = [
  'USE shop',
  `CREATE USER ${APP.user}@'%' IDENTIFIED BY '${APP.password}'`,
  `GRANT ALL ON shop.* TO ${APP.user}@'%'`,
  'CREATE TABLE bytes (id INT PRIMARY KEY, data BLOB)',
  "INSERT INTO bytes VALUES (1, 'a\\r\\n\\0b')",
  'SET SESSION binlog_format = STATEMENT',
  "INSERT INTO bytes VALUES (2, 'a\\r\\n\\0b;')",
  'CREATE TEMPORARY TABLE picked (id INT, item VARCHAR(10))',
  "INSERT INTO picked VALUES (1, 'a'), (2, 'b')",
  "SET @item = 'from a variable'",
  'INSERT INTO orders (item) VALUES (@item)',
  "INSERT INTO orders (item, factor) VALUES ('by chance', RAND())",
  'FLUSH BINARY LOGS',
  // A test that holds this lock on the target stops the replay here.
  "INSERT INTO gate VALUES (GET_LOCK('gate', 120))",
  "INSERT INTO picked VALUES (3, 'c')",
  'INSERT INTO orders (item, factor) SELECT item, id FROM picked ORDER BY id',
  'DROP TEMPORARY TABLE picked',
  'FLUSH BINARY LOGS',
  'SET SESSION binlog_format = ROW',
  "CREATE PROCEDURE add_order() BEGIN DECLARE n INT; SET n = 1; INSERT INTO orders (item) VALUES ('by a routine;'); END",
  'CALL add_order()',
  "UPDATE orders SET item = CONCAT(item, '!') WHERE id < 3",
  'INSERT INTO bytes SELECT id + 10, REPEAT(data, 1000) FROM bytes',
  "ALTER TABLE orders ADD COLUMN note VARCHAR(20) NOT NULL DEFAULT ''",
  "INSERT INTO orders (item, note) VALUES ('the last one', 'x')",
]
