import * as crypto from "node:crypto";
import fastifyJwt from "@fastify/jwt";
import { auth } from "express-oauth2-jwt-bearer";
import { jwk } from "hono/jwk";
import passport from "passport";
import { Strategy } from "passport-http-bearer";
import { loadSqliteDriver } from "../../src/database/sqlite/driver.js";
import { startExpress, startFastify, startHono } from "./our-servers.js";
import type { StartServer } from "./start.js";

/** What else is used in front of an API, set up as its own documentation says. */
export const otherServers: Readonly<Record<string, StartServer>> = {
  "@fastify/jwt": ({ publicPem, issuer, audience }) =>
    startFastify([(request, _reply, done) => void request.jwtVerify().then(() => done(), done)], async (app) => {
      await app.register(fastifyJwt, {
        secret: { public: publicPem },
        verify: { cache: true, algorithms: ["RS256"], allowedIss: issuer, allowedAud: audience },
      });
    }),
  "express-oauth2-jwt-bearer": ({ issuer, jwksUri, audience }) =>
    startExpress([auth({ issuer, jwksUri, audience, tokenSigningAlg: "RS256" })]),
  "passport-http-bearer": ({ file }) => {
    const Driver = loadSqliteDriver();
    const statement = new Driver(file, { readonly: true }).prepare(
      "SELECT t.id, t.permissions, t.expires_at, u.id AS user_id, u.username, u.is_active, u.is_superuser " +
        "FROM api_tokens t JOIN users u ON u.id = t.user_id WHERE t.digest = ?",
    );
    passport.use(
      new Strategy((token, done) => {
        // Every look-up returns an object or undefined.
        const row = statement.get(crypto.hash("sha256", token, "hex")) as object | undefined;
        done(null, row ?? false);
      }),
    );
    return startExpress([passport.authenticate("bearer", { session: false })]);
  },
  "hono/jwk": ({ publicJwk, issuer, audience }) =>
    startHono([jwk({ keys: [publicJwk], alg: ["RS256"], verification: { iss: issuer, aud: audience } })]),
};
