import { describePeer } from "./checks.js";
import { startGlewlwyd } from "./glewlwyd.js";

describePeer("Glewlwyd", startGlewlwyd);
