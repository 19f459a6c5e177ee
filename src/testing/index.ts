export {
  type TestConfig,
  type TestDatabase,
  type TestDatabaseOptions,
  type TestStepOptions,
  type TestStepResult,
  testDatabase,
  testStep,
} from "./database.js";
export {
  type Claims,
  signTestToken,
  type TestClient,
  type TestIssuer,
  type TestIssuerOptions,
  type TestTokenOptions,
  testIssuer,
} from "./issuer.js";
