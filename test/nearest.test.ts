import { describe, expect, it } from "vitest";
import { nearest, nearestField } from "../src/nearest.js";

describe("nearest", () => {
  it("finds the candidate that is nearest, two edits away at most", () => {
    expect(nearest("emial", ["identifier", "email", "emails"])).toBe("email");
    expect(nearest("emxyl", ["email"])).toBe("email");
    expect(nearest("exyzl", ["email"])).toBeUndefined();
  });

  it("F73: folds case and separators, and then counts edits", () => {
    for (const word of [
      "OIDC_DB_CONFIG_ENABLE",
      "Oidc-Db-Config-Enable",
      "oidcDbConfigEnable",
      "OIDC_DB_CONFIG_ENABEL",
    ]) {
      expect(nearest(word, ["oidc_db_config_admin_auth", "oidc_db_config_enable"])).toBe("oidc_db_config_enable");
    }
    expect(nearest("OIDC_XX_CONFIG_XNABLE", ["oidc_db_config_enable"])).toBeUndefined();
  });

  it("does not match short words that share little", () => {
    expect(nearest("id", ["ab"])).toBeUndefined();
    expect(nearest("idd", ["id"])).toBe("id");
    expect(nearest("evn", ["env"])).toBe("env");
    expect(nearest("evm", ["env"])).toBeUndefined();
  });
});

describe("nearestField", () => {
  it("allows three edits in a long name and two in a short one", () => {
    expect(nearestField("oidc_nonce_sisze_", ["oidc_nonce_size"])).toBe("oidc_nonce_size");
    expect(nearestField("contact_pxxxon", ["contact_person"])).toBe("contact_person");
    expect(nearestField("contact_xxxxon", ["contact_person"])).toBeUndefined();
    expect(nearestField("usxxx", ["users"])).toBeUndefined();
  });
});
