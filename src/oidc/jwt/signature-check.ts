import { constants, createHmac, createVerify, type KeyObject, timingSafeEqual, verify } from "node:crypto";
import { type Algorithm, isSymmetric } from "./algorithm.js";

/** Whether a signature is that of this ASCII text. Never throws. */
export type SignatureCheck = (signed: string, signature: Uint8Array) => boolean;

/** Makes the check for one key, once: what can be prepared is. The key must suit the algorithm. */
export function prepareSignatureCheck(key: KeyObject, algorithm: Algorithm): SignatureCheck {
  const { digest } = algorithm;
  const signatureBytes = algorithm.signatureBytes ?? rsaBytes(key);
  const checkContent = isSymmetric(algorithm) ? macCheck(key, String(digest)) : publicKeyCheck(key, algorithm);
  if (signatureBytes === undefined) return checkContent;
  // OpenSSL itself is less strict about the length of some.
  return (signed, signature) => signature.length === signatureBytes && checkContent(signed, signature);
}

/** As many as the modulus has (RFC 8017 §8.1.2): OpenSSL takes a PSS signature without its leading zeros. */
function rsaBytes({ asymmetricKeyDetails: details }: KeyObject): number | undefined {
  return details?.modulusLength === undefined ? undefined : Math.ceil(details.modulusLength / 8);
}

function macCheck(key: KeyObject, digest: string): SignatureCheck {
  return (signed, signature) => timingSafeEqual(createHmac(digest, key).update(signed).digest(), signature);
}

function publicKeyCheck(key: KeyObject, { digest, padding }: Algorithm): SignatureCheck {
  const options =
    padding === "pss"
      ? { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }
      : { key, dsaEncoding: "ieee-p1363" as const };
  // A bare key is the fastest form, and RSA needs no more.
  const how = padding === undefined && key.asymmetricKeyType === "rsa" ? key : options;
  return (signed, signature) => {
    try {
      // The older call takes text, which is faster than making bytes of it; the newer alone can do without a digest.
      return digest === null
        ? verify(null, Buffer.from(signed, "latin1"), how, signature)
        : createVerify(digest).update(signed).verify(how, signature);
    } catch {
      // What OpenSSL can't even read as a signature is none.
      return false;
    }
  };
}
