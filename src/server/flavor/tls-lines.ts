import type { TlsOptions } from '../connection-options.ts'

/** Where the PEM texts of {@link TlsOptions} lie on the tools host. */
export interface TlsFiles {
  readonly ca?: string | undefined
  readonly cert?: string | undefined
  readonly key?: string | undefined
}

/** [Encrypted connections](https://dev.mysql.com/doc/refman/en/connection-options.html#encrypted-connection-options) of MySQL's programs. */
export function mysqlTlsLines(tls: TlsOptions | undefined, files: TlsFiles): readonly string[] {
  // Without TLS the password is sent under the server's key, which must be asked for; the driver asks for it too.
  if (tls === undefined) return ['get-server-public-key']
  return [`ssl-mode=${mysqlMode(tls)}`, ...fileLines(files)]
}

function mysqlMode({ rejectUnauthorized = true, verifyIdentity = false }: TlsOptions): string {
  if (!rejectUnauthorized) return 'REQUIRED'
  return verifyIdentity ? 'VERIFY_IDENTITY' : 'VERIFY_CA'
}

/** [Secure connections](https://mariadb.com/docs/server/security/encryption/data-in-transit-encryption/securing-connections-for-client-and-server) of MariaDB's programs. */
export function mariadbTlsLines(tls: TlsOptions | undefined, files: TlsFiles): readonly string[] {
  // Since 11.4 programs refuse a server whose certificate they cannot verify, and one without TLS, unless told not to.
  if (tls === undefined) return ['disable-ssl-verify-server-cert']
  return [
    'ssl',
    tls.rejectUnauthorized === false ? 'disable-ssl-verify-server-cert' : 'ssl-verify-server-cert',
    ...fileLines(files),
  ]
}

function fileLines({ ca, cert, key }: TlsFiles): readonly string[] {
  const lines = { 'ssl-ca': ca, 'ssl-cert': cert, 'ssl-key': key }
  return Object.entries(lines).flatMap(([name, path]) => (path === undefined ? [] : [`${name}=${path}`]))
}
