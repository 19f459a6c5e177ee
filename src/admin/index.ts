export { SetupError } from "../errors.js";
export type { LoginEvent } from "../login/event.js";
export type { BootstrapCode } from "../operations/bootstrap.js";
export type { Admin, Peer } from "./admin.js";
export { createAdmin } from "./create-admin.js";
export type { AdminEvent } from "./event.js";
export type { AdminOptions } from "./options.js";
