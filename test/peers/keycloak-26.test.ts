import { describeKeycloak } from "./keycloak-suite.js";

describeKeycloak("26.7.3");
