/** Injection tokens of things that are not classes. */
export const CONFIG = Symbol('config');
export const QUEUE_MAP = Symbol('queues by name');
