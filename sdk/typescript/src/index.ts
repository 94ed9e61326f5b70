/**
 * Speaks to an audit log: a Client records entries and reads them back, a Queue records in the
 * background, for services that must not wait for the log. For Node and browsers, without
 * dependencies. Middleware is in auditlog-client/express and auditlog-client/fastify.
 */
export {
  Client, type Cancel, type Entry, type EntryInput, type Filters, type Method, type Part, type RecordResult, type Status, type StreamMethod,
} from "./client.js";
export { AuditLogError, Dropped, type Code } from "./errors.js";
export type { FollowEvent } from "./follow.js";
export type { components, paths } from "./openapi.js";
export { Queue, type QueueOptions } from "./queue.js";
export type { Options } from "./transport.js";
