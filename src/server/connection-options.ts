/** How to reach a server. A subset of mysql2's own connection options, so that those can be handed in. */
export interface ConnectionOptions {
  /** @default '127.0.0.1' */
  readonly host?: string | undefined
  /** @default 3306 */
  readonly port?: number | undefined
  /** The server's local socket, instead of host and port. */
  readonly socketPath?: string | undefined
  /** The account. */
  readonly user: string
  /** Its password, or a function that gives it: called for each connection, so short-lived tokens work. @default '' */
  readonly password?: string | (() => string | Promise<string>) | undefined
  /** TLS; holds for our own connections and for the client programs. @default what the server offers to programs, none for our own */
  readonly ssl?: TlsOptions | undefined
  /** Milliseconds to wait for a connection. @default {@link DEFAULT_CONNECT_TIMEOUT_MS} */
  readonly connectTimeout?: number | undefined
}

/** TLS towards a server; PEM texts. */
export interface TlsOptions {
  /** The certificate authorities to trust. @default those of the system */
  readonly ca?: string | undefined
  /** The client's certificate. */
  readonly cert?: string | undefined
  /** The client's private key. */
  readonly key?: string | undefined
  /** Whether the server's certificate is verified. @default true */
  readonly rejectUnauthorized?: boolean | undefined
  /** Whether the certificate must be for the host name too; MariaDB's programs always ask that of one that is verified. @default false */
  readonly verifyIdentity?: boolean | undefined
}

/** A server that does not answer in this time is better reported than waited for. */
export const DEFAULT_CONNECT_TIMEOUT_MS = 10_000

/** The password, asked for now. */
export async function passwordOf({ password }: ConnectionOptions): Promise<string> {
  return typeof password === 'function' ? await password() : (password ?? '')
}

/** Names the connection in messages: user and address, never the password. */
export function describeConnection({ host, port, socketPath, user }: ConnectionOptions): string {
  return `${user}@${socketPath ?? `${host ?? '127.0.0.1'}:${port ?? 3306}`}`
}
