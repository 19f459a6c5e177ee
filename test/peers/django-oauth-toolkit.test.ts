import { describePeer } from "./checks.js";
import { startDjangoOauthToolkit } from "./django-oauth-toolkit.js";

describePeer("django-oauth-toolkit", startDjangoOauthToolkit);
