-- Recorded with pg_dump from what test/peers/incumbent/build.py makes: Django 5.2, djangorestframework, mozilla-django-oidc-db 2.0.1.
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
CREATE TABLE mozilla_django_oidc_db_oidcclient (
    id integer NOT NULL,
    identifier character varying(255) NOT NULL,
    enabled boolean NOT NULL,
    oidc_provider_id integer,
    oidc_rp_client_id character varying(1000) NOT NULL,
    oidc_rp_client_secret character varying(1000) NOT NULL,
    oidc_rp_scopes_list character varying(50)[] NOT NULL,
    oidc_rp_sign_algo character varying(50) NOT NULL,
    oidc_rp_idp_sign_key character varying(1000) NOT NULL,
    oidc_keycloak_idp_hint character varying(1000) NOT NULL,
    userinfo_claims_source character varying(100) NOT NULL,
    check_op_availability boolean NOT NULL,
    options jsonb NOT NULL
);
CREATE TABLE mozilla_django_oidc_db_oidcprovider (
    id integer NOT NULL,
    identifier character varying(255) NOT NULL,
    oidc_op_discovery_endpoint character varying(1000) NOT NULL,
    oidc_op_jwks_endpoint character varying(1000) NOT NULL,
    oidc_op_authorization_endpoint character varying(1000) NOT NULL,
    oidc_op_token_endpoint character varying(1000) NOT NULL,
    oidc_op_user_endpoint character varying(1000) NOT NULL,
    oidc_op_logout_endpoint character varying(1000) NOT NULL,
    oidc_token_use_basic_auth boolean NOT NULL,
    oidc_use_nonce boolean NOT NULL,
    oidc_nonce_size integer NOT NULL,
    oidc_state_size integer NOT NULL,
    CONSTRAINT mozilla_django_oidc_db_oidcprovider_oidc_nonce_size_check CHECK ((oidc_nonce_size >= 0)),
    CONSTRAINT mozilla_django_oidc_db_oidcprovider_oidc_state_size_check CHECK ((oidc_state_size >= 0))
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
INSERT INTO accounts_user VALUES (1, 'pbkdf2_sha256$1000000$gZJM6anPKgHbPfzo4qlyDv$of7wkLeg3tFsPvvc+GHngadDZ7+127FZovMYyyWZEdY=', NULL, true, 'admin', '', '', 'admin@gemeente.example', true, true, '2026-11-26 20:09:08.880568+00');
INSERT INTO accounts_user VALUES (2, 'argon2$argon2id$v=19$m=102400,t=2,p=8$UG42Z0tTd25SS2tIb3FHRk9hMEFLMw$D98mjx7/VZKji/zvvB8AOpgFetMUco17SQuWkCh8CXk', NULL, false, 'anna', 'Anna', 'de Vries', 'anna@gemeente.example', false, true, '2026-11-26 20:09:09.421985+00');
INSERT INTO accounts_user VALUES (3, 'scrypt$16384$fJoHNvNk50jQAD0YUrdAiF$8$5$YeOrc1VinGALnWBInTkvoEuU30oWM95E9GlK3X9iCrOp6PDsskt8StHJsQMDvlwDXCmkAm4A66JkkQSerxx0nw==', NULL, false, 'bert', '', '', '', false, true, '2026-11-26 20:09:09.88002+00');
INSERT INTO accounts_user VALUES (4, 'pbkdf2_sha1$1000000$NPSf2UwqolVSqdaCxo4dVi$9ZLRwJAliUcggGEW8e7CSWcEWus=', NULL, false, 'cora', '', '', 'cora@gemeente.example', true, true, '2026-11-26 20:09:10.654268+00');
INSERT INTO accounts_user VALUES (5, 'pbkdf2_sha256$1000000$hyiJm3cCw58l3REh1w8M9I$g4PVIdLu1lGuKOfkgSphcsoyWR/QJ6lEURLiCzvU9+Q=', NULL, false, 'dirk', '', '', 'dirk@gemeente.example', false, false, '2026-11-26 20:09:11.243043+00');
INSERT INTO accounts_user VALUES (6, 'md5$9cQCNbT7KxT7C3fw1tg6H0$422779f6d79c86737650c64e91861235', NULL, false, 'emma', '', '', 'emma@gemeente.example', false, true, '2026-11-26 20:09:11.25661+00');
INSERT INTO accounts_user VALUES (7, 'pbkdf2_sha256$many$zout$damaged', NULL, false, 'fred', '', '', 'fred@gemeente.example', false, true, '2026-11-26 20:09:11.266978+00');
INSERT INTO accounts_user VALUES (8, 'pbkdf2_sha1$1000000$AN0XkpSsPYDprwTJFOKUom$LEouDE1bNf+lKQwcC1mZZquJyQA=', NULL, false, 'Anna', '', '', 'anna2@gemeente.example', false, true, '2026-11-26 20:09:11.963678+00');
INSERT INTO accounts_user VALUES (9, '!g8Aa3c4geaTLCIKbC9lNsYatB8lImEGYVCN1lw1Q', NULL, false, 'gast ', '', '', 'gast@gemeente.example', false, true, '2026-11-26 20:09:11.997991+00');
INSERT INTO accounts_user VALUES (10, '!3HiSjRN8G9wFudGDlIAVLAoE4GzvUYSTaumWPkWT', NULL, false, '7d0f3c51-88a1-4c55-9b6e-2a4d1e0c9f77', '', '', 'hanna@gemeente.example', true, true, '2026-11-26 20:09:12.009291+00');
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
INSERT INTO auth_permission VALUES (41, 'Can add OIDC Provider', 11, 'add_oidcprovider');
INSERT INTO auth_permission VALUES (42, 'Can change OIDC Provider', 11, 'change_oidcprovider');
INSERT INTO auth_permission VALUES (43, 'Can delete OIDC Provider', 11, 'delete_oidcprovider');
INSERT INTO auth_permission VALUES (44, 'Can view OIDC Provider', 11, 'view_oidcprovider');
INSERT INTO auth_permission VALUES (45, 'Can add OIDC client', 12, 'add_oidcclient');
INSERT INTO auth_permission VALUES (46, 'Can change OIDC client', 12, 'change_oidcclient');
INSERT INTO auth_permission VALUES (47, 'Can delete OIDC client', 12, 'delete_oidcclient');
INSERT INTO auth_permission VALUES (48, 'Can view OIDC client', 12, 'view_oidcclient');
INSERT INTO authtoken_token VALUES ('e96ef03e9f2ff66b9810d722437fb7438828762b', 1, '2026-11-26 20:09:12.015751+00');
INSERT INTO authtoken_token VALUES ('e36d6da03b8d23905f7c8f5e17148f22fbeddb41', 2, '2026-11-26 20:09:12.017752+00');
INSERT INTO authtoken_token VALUES ('bbe59836c27cda47619d55f51cfb0664aa29d931', 3, '2026-11-26 20:09:12.018618+00');
INSERT INTO authtoken_token VALUES ('ec93aa323dc7a6a1babfdf62adca1d2e0dcd22fb', 5, '2026-11-26 20:09:12.0194+00');
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
INSERT INTO django_content_type VALUES (11, 'mozilla_django_oidc_db', 'oidcprovider');
INSERT INTO django_content_type VALUES (12, 'mozilla_django_oidc_db', 'oidcclient');
INSERT INTO mozilla_django_oidc_db_oidcclient VALUES (1, 'admin-oidc', true, 1, 'vtb-beheer', 'geheim-van-client-vtb-beheer', '{openid,email,profile}', 'RS256', '', '', 'userinfo_endpoint', false, '{"user_settings": {"claim_mappings": {"email": ["email"], "username": ["sub"], "first_name": ["given_name"]}, "sensitive_claims": [], "username_case_sensitive": true}, "groups_settings": {"sync": true, "sync_pattern": "*", "claim_mapping": ["roles"], "default_groups": ["lezers"], "make_users_staff": false, "superuser_group_names": ["beheerders"]}}');
INSERT INTO mozilla_django_oidc_db_oidcclient VALUES (2, 'api-oidc', false, 1, 'vtb-api', 'geheim-van-client-vtb-api', '{openid}', 'RS256', '', '', 'userinfo_endpoint', false, '{"user_settings": {"claim_mappings": {"email": ["email"], "username": ["sub"], "first_name": ["given_name"]}, "sensitive_claims": [], "username_case_sensitive": true}, "groups_settings": {"sync": true, "sync_pattern": "*", "claim_mapping": ["roles"], "default_groups": ["lezers"], "make_users_staff": false, "superuser_group_names": ["beheerders"]}}');
INSERT INTO mozilla_django_oidc_db_oidcclient VALUES (3, 'oidc-eherkenning', false, NULL, '', '', '{openid,email,profile}', 'RS256', '', '', 'userinfo_endpoint', false, '{}');
INSERT INTO mozilla_django_oidc_db_oidcprovider VALUES (1, 'keycloak', 'https://keycloak.gemeente.example/realms/vtb/', 'https://keycloak.gemeente.example/realms/vtb/certs', 'https://keycloak.gemeente.example/realms/vtb/auth', 'https://keycloak.gemeente.example/realms/vtb/token', 'https://keycloak.gemeente.example/realms/vtb/userinfo', '', false, true, 32, 32);
INSERT INTO token_permission VALUES (1, 1, 1, 'read_only', false);
INSERT INTO token_permission VALUES (2, 1, 2, 'read_and_write', false);
INSERT INTO token_permission VALUES (3, 2, 1, 'read_only', true);
INSERT INTO token_tokenauth VALUES (1, 'open-forms', 'b4edce2e28cfde1ea64a4a2d27147a3595e8d7ad', 'Team Formulieren', 'formulieren@gemeente.example', 'Gemeente', '2026-11-26 20:09:12.02174+00', '2026-11-26 20:09:12.021748+00', 'Open Formulieren', 'Publiekszaken', false);
INSERT INTO token_tokenauth VALUES (2, 'veld-beperkt', 'f712f6dc63f2a7beb82052a7c9741a4e41303854', 'Team Velden', 'velden@gemeente.example', '', '2026-11-26 20:09:12.025228+00', '2026-11-26 20:09:12.025237+00', '', '', false);
INSERT INTO token_tokenauth VALUES (3, 'alles', 'dccf7d970e2fa2ddedbe75266ccd22d35a73c0c8', 'Team Beheer', 'beheer@gemeente.example', '', '2026-11-26 20:09:12.026718+00', '2026-11-26 20:09:12.026725+00', '', '', true);
INSERT INTO token_tokenauth VALUES (4, 'cora', '9877ed109b27bd8a1e6959be6b0ce87f24a25032', 'Cora', 'cora@gemeente.example', '', '2026-11-26 20:09:12.027135+00', '2026-11-26 20:09:12.027141+00', '', '', false);
INSERT INTO token_tokenauth VALUES (5, 'accent', 'geheim-met-é-dat-niet-past', 'Team Accent', 'accent@gemeente.example', '', '2026-11-26 20:09:12.027653+00', '2026-11-26 20:09:12.027659+00', '', '', false);
