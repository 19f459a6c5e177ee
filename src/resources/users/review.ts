import type { ConfigPath, Remark } from "../../config/step.js";
import { isExamplePassword } from "../../secrets/placeholder.js";
import type { Secret } from "../../secrets/secret.js";
import { isEmail } from "../../users/names.js";
import { warning } from "../remark.js";
import type { UsersConfig } from "./schema.js";

export function reviewUsers({ users }: UsersConfig): readonly Remark[] {
  return users.flatMap((user, index) => {
    if (user.state === "absent") return [];
    return [
      ...reviewEmail(user.email, ["users", index, "email"]),
      ...reviewPassword(user.password, ["users", index, "password"]),
    ];
  });
}

/** Only a warning: the incumbent takes any text, and files with such a text must keep working. */
function reviewEmail(email: string, path: ConfigPath): readonly Remark[] {
  if (email === "" || isEmail(email)) return [];
  return [
    warning(
      "INVALID_VALUE",
      path,
      "this is not an e-mail address",
      "write one such as `name@example.nl`, or leave it out",
    ),
  ];
}

function reviewPassword(password: Secret | undefined, path: ConfigPath): readonly Remark[] {
  const plain = password?.reveal();
  if (plain === undefined) return [];
  if (plain === "") {
    const hint = "write a password, or leave the field out to say that this account has none";
    return [warning("IGNORED_FIELD", path, "an empty password is no password: the user can't sign in with it", hint)];
  }
  if (!isExamplePassword(plain)) return [];
  const hint = "write one that nobody can guess; where the user exists already, change it there as well";
  return [warning("WEAK_PASSWORD", path, "this password is a well-known example", hint)];
}
