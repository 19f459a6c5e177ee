import { describeKeycloak } from "./keycloak-suite.js";

describeKeycloak("23.0.7");
