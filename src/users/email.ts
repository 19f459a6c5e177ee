import { isIP } from "node:net";
import { domainToASCII } from "node:url";

const atom = "[-a-zA-Z0-9!#$%&'*+/=?^_`{|}~]+";
const dotAtom = new RegExp(`^${atom}(?:\\.${atom})*$`);
const quoted = /^"(?:[!#-[\]-~]|\\[ -~])*"$/;
const domainName = /^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+(?!-)[a-z0-9-]{1,62}[a-z0-9]$/i;
const internationalName = /^[-.\p{L}\p{M}\p{N}]+$/u;

/**
 * Whether a text is an e-mail address as Django's forms see it: an ASCII local part, plain or in quotes, and a domain of at
 * least two labels (international ones too), an IP address in brackets, or `localhost`.
 */
export function isEmail(text: string): boolean {
  const at = text.lastIndexOf("@");
  if (at < 1) return false;
  const local = text.slice(0, at);
  return (dotAtom.test(local) || quoted.test(local)) && isDomain(text.slice(at + 1));
}

function isDomain(domain: string): boolean {
  if (domain === "localhost" || domainName.test(domain)) return true;
  const literal = /^\[([0-9a-f:.]+)\]$/i.exec(domain)?.[1];
  if (literal !== undefined) return isIP(literal) !== 0;
  return internationalName.test(domain) && domainName.test(domainToASCII(domain));
}
