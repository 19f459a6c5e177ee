-- Recorded with pg_dump from what test/peers/incumbent/build.py makes: Django 5.2, djangorestframework, mozilla-django-oidc-db 0.23.0.
-- All secrets are made up.
CREATE TABLE accounts_user (
    id integer NOT NULL,
    password character varying(128) NOT NULL,
    last_login timestamp with time zone,
    is_superuser boolean NOT NULL,
    username character varying(150) NOT NULL,
    first_name character varying(255) NOT NULL,
    last_name character varying(255) NOT NULL,
    email character varying(254) NOT NULL,
    is_staff boolean NOT NULL,
    is_active boolean NOT NULL,
    date_joined timestamp with time zone NOT NULL
);
CREATE TABLE accounts_user_groups (
    id integer NOT NULL,
    user_id integer NOT NULL,
    group_id integer NOT NULL
);
CREATE TABLE accounts_user_user_permissions (
    id integer NOT NULL,
    user_id integer NOT NULL,
    permission_id integer NOT NULL
);
CREATE TABLE auth_group (
    id integer NOT NULL,
    name character varying(150) NOT NULL
);
CREATE TABLE auth_group_permissions (
    id integer NOT NULL,
    group_id integer NOT NULL,
    permission_id integer NOT NULL
);
CREATE TABLE auth_permission (
    id integer NOT NULL,
    name character varying(255) NOT NULL,
    content_type_id integer NOT NULL,
    codename character varying(100) NOT NULL
);
CREATE TABLE authtoken_token (
    key character varying(40) NOT NULL,
    user_id integer NOT NULL,
    created timestamp with time zone NOT NULL
);
CREATE TABLE core_objecttype (
    id integer NOT NULL,
    uuid uuid NOT NULL,
    name character varying(100) NOT NULL
);
CREATE TABLE django_content_type (
    id integer NOT NULL,
    app_label character varying(100) NOT NULL,
    model character varying(100) NOT NULL
);
CREATE TABLE mozilla_django_oidc_db_openidconnectconfig (
    id integer NOT NULL,
    enabled boolean NOT NULL,
    oidc_rp_client_id character varying(1000) NOT NULL,
    oidc_rp_client_secret character varying(1000) NOT NULL,
    oidc_rp_sign_algo character varying(50) NOT NULL,
    oidc_rp_scopes_list character varying(50)[] NOT NULL,
    oidc_op_discovery_endpoint character varying(1000) NOT NULL,
    oidc_op_jwks_endpoint character varying(1000) NOT NULL,
    oidc_op_authorization_endpoint character varying(1000) NOT NULL,
    oidc_op_token_endpoint character varying(1000) NOT NULL,
    oidc_token_use_basic_auth boolean NOT NULL,
    oidc_op_user_endpoint character varying(1000) NOT NULL,
    oidc_rp_idp_sign_key character varying(1000) NOT NULL,
    oidc_op_logout_endpoint character varying(1000) NOT NULL,
    oidc_use_nonce boolean NOT NULL,
    oidc_nonce_size integer NOT NULL,
    oidc_state_size integer NOT NULL,
    oidc_keycloak_idp_hint character varying(1000) NOT NULL,
    userinfo_claims_source character varying(100) NOT NULL,
    username_claim character varying(50)[] NOT NULL,
    claim_mapping jsonb NOT NULL,
    groups_claim character varying(50)[] NOT NULL,
    sync_groups boolean NOT NULL,
    sync_groups_glob_pattern character varying(255) NOT NULL,
    make_users_staff boolean NOT NULL,
    superuser_group_names character varying(50)[] NOT NULL,
    CONSTRAINT mozilla_django_oidc_db_openidconnectconfi_oidc_nonce_size_check CHECK ((oidc_nonce_size >= 0)),
    CONSTRAINT mozilla_django_oidc_db_openidconnectconfi_oidc_state_size_check CHECK ((oidc_state_size >= 0))
);
CREATE TABLE mozilla_django_oidc_db_openidconnectconfig_default_groups (
    id integer NOT NULL,
    openidconnectconfig_id integer NOT NULL,
    group_id integer NOT NULL
);
CREATE TABLE token_permission (
    id integer NOT NULL,
    token_auth_id integer NOT NULL,
    object_type_id integer NOT NULL,
    mode character varying(20) NOT NULL,
    use_fields boolean NOT NULL
);
CREATE TABLE token_tokenauth (
    id integer NOT NULL,
    identifier character varying(50) NOT NULL,
    token character varying(40) NOT NULL,
    contact_person character varying(200) NOT NULL,
    email character varying(254) NOT NULL,
    organization character varying(200) NOT NULL,
    last_modified timestamp with time zone NOT NULL,
    created timestamp with time zone NOT NULL,
    application character varying(200) NOT NULL,
    administration character varying(200) NOT NULL,
    is_superuser boolean NOT NULL
);
INSERT INTO accounts_user VALUES (1, 'pbkdf2_sha256$1000000$u9yzzmn3vT9M7rLCXUqVCO$IIqe2DOF9j77dMutAKYuN3HpAQeS+//aKxRAisillDU=', NULL, true, 'admin', '', '', 'admin@gemeente.example', true, true, '2026-11-26 20:09:15.312621+00');
INSERT INTO accounts_user VALUES (2, 'argon2$argon2id$v=19$m=102400,t=2,p=8$V1BSNjBUWExOcDBHREE0Znh5STkxag$5NSZN/ErrrEjW4Zsz8VG5GWyoTiggQfNkqVguwQbxCM', NULL, false, 'anna', 'Anna', 'de Vries', 'anna@gemeente.example', false, true, '2026-11-26 20:09:15.758038+00');
INSERT INTO accounts_user VALUES (3, 'scrypt$16384$PqGl7sfzKXUNo7Ad7I77IY$8$5$6MN0zE07Ic7FdHKkvB890UKfPlEzg6p2AcBLAgA7+ys6vHEmrmZkWBZax42zjpPYRzKM5dVrOit4VwXqXNLrYw==', NULL, false, 'bert', '', '', '', false, true, '2026-11-26 20:09:16.269287+00');
INSERT INTO accounts_user VALUES (4, 'pbkdf2_sha1$1000000$QQbAMWRHvR1BC8CwesHJzN$MJBQYai8/g8xFF6CE0WiH5b3LXQ=', NULL, false, 'cora', '', '', 'cora@gemeente.example', true, true, '2026-11-26 20:09:16.810921+00');
INSERT INTO accounts_user VALUES (5, 'pbkdf2_sha256$1000000$HaWEeXwr72uB8mLcxqMb7n$ygBHTKgqipRpsjoaJX+Yq6JvxRuXPtk28LhIR6nYK4U=', NULL, false, 'dirk', '', '', 'dirk@gemeente.example', false, false, '2026-11-26 20:09:17.443616+00');
INSERT INTO accounts_user VALUES (6, 'md5$bMUAJnFJPPbHplSAMhso9w$60c9aeb8d425f9d0e689edbe482fc2cf', NULL, false, 'emma', '', '', 'emma@gemeente.example', false, true, '2026-11-26 20:09:17.511072+00');
INSERT INTO accounts_user VALUES (7, 'pbkdf2_sha256$many$zout$damaged', NULL, false, 'fred', '', '', 'fred@gemeente.example', false, true, '2026-11-26 20:09:17.517335+00');
INSERT INTO accounts_user VALUES (8, 'pbkdf2_sha1$1000000$S3AXewJgd3EcZ2wlIu9VYa$YBukrLVDNbZeSPwWTR702xoJxWg=', NULL, false, 'Anna', '', '', 'anna2@gemeente.example', false, true, '2026-11-26 20:09:18.04323+00');
INSERT INTO accounts_user VALUES (9, '!1CK1NBrJReFjbQ9mc0iAVxJkJBEwg1lla8zCThVI', NULL, false, 'gast ', '', '', 'gast@gemeente.example', false, true, '2026-11-26 20:09:18.062585+00');
INSERT INTO accounts_user VALUES (10, '!1aVIf93rip373SU0fmUJlYdaVnQHn1LPmexpMdiN', NULL, false, '7d0f3c51-88a1-4c55-9b6e-2a4d1e0c9f77', '', '', 'hanna@gemeente.example', true, true, '2026-11-26 20:09:18.080084+00');
INSERT INTO accounts_user_groups VALUES (1, 2, 1);
INSERT INTO accounts_user_groups VALUES (2, 3, 2);
INSERT INTO accounts_user_groups VALUES (3, 10, 1);
INSERT INTO accounts_user_user_permissions VALUES (1, 2, 25);
INSERT INTO auth_group VALUES (1, 'behandelaars');
INSERT INTO auth_group VALUES (2, 'lezers');
INSERT INTO auth_group_permissions VALUES (1, 1, 24);
INSERT INTO auth_group_permissions VALUES (2, 1, 28);
INSERT INTO auth_group_permissions VALUES (3, 2, 28);
INSERT INTO auth_permission VALUES (1, 'Can add content type', 1, 'add_contenttype');
INSERT INTO auth_permission VALUES (2, 'Can change content type', 1, 'change_contenttype');
INSERT INTO auth_permission VALUES (3, 'Can delete content type', 1, 'delete_contenttype');
INSERT INTO auth_permission VALUES (4, 'Can view content type', 1, 'view_contenttype');
INSERT INTO auth_permission VALUES (5, 'Can add permission', 2, 'add_permission');
INSERT INTO auth_permission VALUES (6, 'Can change permission', 2, 'change_permission');
INSERT INTO auth_permission VALUES (7, 'Can delete permission', 2, 'delete_permission');
INSERT INTO auth_permission VALUES (8, 'Can view permission', 2, 'view_permission');
INSERT INTO auth_permission VALUES (9, 'Can add group', 3, 'add_group');
INSERT INTO auth_permission VALUES (10, 'Can change group', 3, 'change_group');
INSERT INTO auth_permission VALUES (11, 'Can delete group', 3, 'delete_group');
INSERT INTO auth_permission VALUES (12, 'Can view group', 3, 'view_group');
INSERT INTO auth_permission VALUES (13, 'Can add Token', 4, 'add_token');
INSERT INTO auth_permission VALUES (14, 'Can change Token', 4, 'change_token');
INSERT INTO auth_permission VALUES (15, 'Can delete Token', 4, 'delete_token');
INSERT INTO auth_permission VALUES (16, 'Can view Token', 4, 'view_token');
INSERT INTO auth_permission VALUES (17, 'Can add Token', 5, 'add_tokenproxy');
INSERT INTO auth_permission VALUES (18, 'Can change Token', 5, 'change_tokenproxy');
INSERT INTO auth_permission VALUES (19, 'Can delete Token', 5, 'delete_tokenproxy');
INSERT INTO auth_permission VALUES (20, 'Can view Token', 5, 'view_tokenproxy');
INSERT INTO auth_permission VALUES (21, 'Can add user', 6, 'add_user');
INSERT INTO auth_permission VALUES (22, 'Can change user', 6, 'change_user');
INSERT INTO auth_permission VALUES (23, 'Can delete user', 6, 'delete_user');
INSERT INTO auth_permission VALUES (24, 'Can view user', 6, 'view_user');
INSERT INTO auth_permission VALUES (25, 'Can add object type', 7, 'add_objecttype');
INSERT INTO auth_permission VALUES (26, 'Can change object type', 7, 'change_objecttype');
INSERT INTO auth_permission VALUES (27, 'Can delete object type', 7, 'delete_objecttype');
INSERT INTO auth_permission VALUES (28, 'Can view object type', 7, 'view_objecttype');
INSERT INTO auth_permission VALUES (29, 'Can add token auth', 8, 'add_tokenauth');
INSERT INTO auth_permission VALUES (30, 'Can change token auth', 8, 'change_tokenauth');
INSERT INTO auth_permission VALUES (31, 'Can delete token auth', 8, 'delete_tokenauth');
INSERT INTO auth_permission VALUES (32, 'Can view token auth', 8, 'view_tokenauth');
INSERT INTO auth_permission VALUES (33, 'Can add permission', 9, 'add_permission');
INSERT INTO auth_permission VALUES (34, 'Can change permission', 9, 'change_permission');
INSERT INTO auth_permission VALUES (35, 'Can delete permission', 9, 'delete_permission');
INSERT INTO auth_permission VALUES (36, 'Can view permission', 9, 'view_permission');
INSERT INTO auth_permission VALUES (37, 'Can add session', 10, 'add_session');
INSERT INTO auth_permission VALUES (38, 'Can change session', 10, 'change_session');
INSERT INTO auth_permission VALUES (39, 'Can delete session', 10, 'delete_session');
INSERT INTO auth_permission VALUES (40, 'Can view session', 10, 'view_session');
INSERT INTO auth_permission VALUES (41, 'Can add OpenID Connect configuration', 11, 'add_openidconnectconfig');
INSERT INTO auth_permission VALUES (42, 'Can change OpenID Connect configuration', 11, 'change_openidconnectconfig');
INSERT INTO auth_permission VALUES (43, 'Can delete OpenID Connect configuration', 11, 'delete_openidconnectconfig');
INSERT INTO auth_permission VALUES (44, 'Can view OpenID Connect configuration', 11, 'view_openidconnectconfig');
INSERT INTO authtoken_token VALUES ('e96ef03e9f2ff66b9810d722437fb7438828762b', 1, '2026-11-26 20:09:18.098965+00');
INSERT INTO authtoken_token VALUES ('e36d6da03b8d23905f7c8f5e17148f22fbeddb41', 2, '2026-11-26 20:09:18.100567+00');
INSERT INTO authtoken_token VALUES ('bbe59836c27cda47619d55f51cfb0664aa29d931', 3, '2026-11-26 20:09:18.10668+00');
INSERT INTO authtoken_token VALUES ('ec93aa323dc7a6a1babfdf62adca1d2e0dcd22fb', 5, '2026-11-26 20:09:18.111609+00');
INSERT INTO core_objecttype VALUES (1, '2f3c1d52-5b0e-4a38-9c6b-0d6a1f7f2a10', 'Type 2f3c');
INSERT INTO core_objecttype VALUES (2, '9a1c7d33-11aa-4bb2-8c3d-5e6f70819203', 'Type 9a1c');
INSERT INTO django_content_type VALUES (1, 'contenttypes', 'contenttype');
INSERT INTO django_content_type VALUES (2, 'auth', 'permission');
INSERT INTO django_content_type VALUES (3, 'auth', 'group');
INSERT INTO django_content_type VALUES (4, 'authtoken', 'token');
INSERT INTO django_content_type VALUES (5, 'authtoken', 'tokenproxy');
INSERT INTO django_content_type VALUES (6, 'accounts', 'user');
INSERT INTO django_content_type VALUES (7, 'core', 'objecttype');
INSERT INTO django_content_type VALUES (8, 'token', 'tokenauth');
INSERT INTO django_content_type VALUES (9, 'token', 'permission');
INSERT INTO django_content_type VALUES (10, 'sessions', 'session');
INSERT INTO django_content_type VALUES (11, 'mozilla_django_oidc_db', 'openidconnectconfig');
INSERT INTO mozilla_django_oidc_db_openidconnectconfig VALUES (1, true, 'vtb-beheer', 'geheim-van-client-vtb-beheer', 'RS256', '{openid,email}', 'https://keycloak.gemeente.example/realms/vtb/', 'https://keycloak.gemeente.example/realms/vtb/certs', 'https://keycloak.gemeente.example/realms/vtb/auth', 'https://keycloak.gemeente.example/realms/vtb/token', false, 'https://keycloak.gemeente.example/realms/vtb/userinfo', '', '', true, 32, 32, '', 'userinfo_endpoint', '{preferred_username}', '{"email": ["email"]}', '{roles}', false, '*', false, '{beheerders}');
INSERT INTO mozilla_django_oidc_db_openidconnectconfig_default_groups VALUES (1, 1, 2);
INSERT INTO token_permission VALUES (1, 1, 1, 'read_only', false);
INSERT INTO token_permission VALUES (2, 1, 2, 'read_and_write', false);
INSERT INTO token_permission VALUES (3, 2, 1, 'read_only', true);
INSERT INTO token_tokenauth VALUES (1, 'open-forms', 'b4edce2e28cfde1ea64a4a2d27147a3595e8d7ad', 'Team Formulieren', 'formulieren@gemeente.example', 'Gemeente', '2026-11-26 20:09:18.128667+00', '2026-11-26 20:09:18.128684+00', 'Open Formulieren', 'Publiekszaken', false);
INSERT INTO token_tokenauth VALUES (2, 'veld-beperkt', 'f712f6dc63f2a7beb82052a7c9741a4e41303854', 'Team Velden', 'velden@gemeente.example', '', '2026-11-26 20:09:18.157412+00', '2026-11-26 20:09:18.157432+00', '', '', false);
INSERT INTO token_tokenauth VALUES (3, 'alles', 'dccf7d970e2fa2ddedbe75266ccd22d35a73c0c8', 'Team Beheer', 'beheer@gemeente.example', '', '2026-11-26 20:09:18.163425+00', '2026-11-26 20:09:18.163442+00', '', '', true);
INSERT INTO token_tokenauth VALUES (4, 'cora', '9877ed109b27bd8a1e6959be6b0ce87f24a25032', 'Cora', 'cora@gemeente.example', '', '2026-11-26 20:09:18.167865+00', '2026-11-26 20:09:18.167882+00', '', '', false);
INSERT INTO token_tokenauth VALUES (5, 'accent', 'geheim-met-é-dat-niet-past', 'Team Accent', 'accent@gemeente.example', '', '2026-11-26 20:09:18.169425+00', '2026-11-26 20:09:18.169439+00', '', '', false);
