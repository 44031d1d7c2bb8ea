export { startServer } from './start-server.ts'
export { wipe } from './wipe.ts'
export { sysbenchProgram } from './sysbench.ts'
export type {
  ClientPrograms,
  Flavor,
  ProviderName,
  ServerConnection,
  ServerSignal,
  StartOptions,
  TestServer,
} from './types.ts'
