import { randomBytes } from 'node:crypto'
import type { Connection } from 'mysql2/promise'
import type { Account } from './connect.ts'

const CUSTOMERS = 200
const PRODUCTS = 50

/** Makes the database `shop`: four tables with foreign keys, a trigger, a view, a procedure and an account. */
export async function createShop(connection: Connection): Promise<Account> {
  for (const statement of SCHEMA) await connection.query(statement)
  await connection.query('INSERT INTO shop.customers (name, email) VALUES ?', [rows(CUSTOMERS, customer)])
  await connection.query('INSERT INTO shop.products (name, price) VALUES ?', [rows(PRODUCTS, product)])

  const account = { user: 'shop_app', password: `Aa1-${randomBytes(12).toString('hex')}` }
  await connection.query(`CREATE USER '${account.user}'@'%' IDENTIFIED BY ?`, [account.password])
  await connection.query(`GRANT SELECT, INSERT, UPDATE, DELETE, EXECUTE ON shop.* TO '${account.user}'@'%'`)
  return account
}

/** A customer and a product that exist, for an order. */
export function randomCustomer(): number {
  return 1 + Math.floor(Math.random() * CUSTOMERS)
}

/** See {@link randomCustomer}. */
export function randomProduct(): number {
  return 1 + Math.floor(Math.random() * PRODUCTS)
}

const SCHEMA = [
  'CREATE DATABASE shop CHARACTER SET utf8mb4',
  `CREATE TABLE shop.customers (
     id INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
     name VARCHAR(80) NOT NULL,
     email VARCHAR(120) NOT NULL UNIQUE
   )`,
  `CREATE TABLE shop.products (
     id INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
     name VARCHAR(80) NOT NULL,
     price DECIMAL(8, 2) NOT NULL
   )`,
  `CREATE TABLE shop.orders (
     id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
     customer_id INT UNSIGNED NOT NULL,
     status ENUM('new', 'paid') NOT NULL DEFAULT 'new',
     total DECIMAL(10, 2) NOT NULL DEFAULT 0,
     placed_at DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
     FOREIGN KEY (customer_id) REFERENCES shop.customers (id)
   )`,
  // Deleting an order deletes its lines: the accident reaches two tables.
  `CREATE TABLE shop.order_lines (
     order_id BIGINT UNSIGNED NOT NULL,
     line TINYINT UNSIGNED NOT NULL,
     product_id INT UNSIGNED NOT NULL,
     quantity INT NOT NULL,
     price DECIMAL(8, 2) NOT NULL,
     PRIMARY KEY (order_id, line),
     FOREIGN KEY (order_id) REFERENCES shop.orders (id) ON DELETE CASCADE,
     FOREIGN KEY (product_id) REFERENCES shop.products (id)
   )`,
  `CREATE TRIGGER shop.order_lines_add_up AFTER INSERT ON shop.order_lines FOR EACH ROW
     UPDATE shop.orders SET total = total + NEW.quantity * NEW.price WHERE id = NEW.order_id`,
  `CREATE VIEW shop.open_orders AS
     SELECT o.id, c.name AS customer, o.total FROM shop.orders o JOIN shop.customers c ON c.id = o.customer_id
     WHERE o.status = 'new'`,
  `CREATE PROCEDURE shop.pay (IN paid_order BIGINT UNSIGNED)
     UPDATE shop.orders SET status = 'paid' WHERE id = paid_order`,
]

function rows(length: number, row: (number: number) => readonly unknown[]): readonly (readonly unknown[])[] {
  return Array.from({ length }, (_, index) => row(index + 1))
}

function customer(number: number): readonly unknown[] {
  return [`Customer ${number} — Müller & Søn`, `customer${number}@example.com`]
}

function product(number: number): readonly unknown[] {
  return [`Product ${number}`, (number * 1.37).toFixed(2)]
}
