import { describePeer } from "./checks.js";
import { startZitadel } from "./zitadel.js";

describePeer("zitadel/oidc", startZitadel);
