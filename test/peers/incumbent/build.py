"""The auth tables of a Django API with django-setup-configuration and mozilla-django-oidc-db, filled.

INCUMBENT, in JSON: database (Django's settings for it), oidc (true: the tables of mozilla-django-oidc-db; they need PostgreSQL),
groups, users, tokens, token_auths, object_types, providers and clients (2.x) or config (0.2x).
"""

import json
import os

import django
from django.conf import settings

given = json.loads(os.environ["INCUMBENT"])
oidc_apps = ["django.contrib.sessions", "mozilla_django_oidc", "mozilla_django_oidc_db"]
if "config" in given:
    # 0.2x keeps its one configuration in a table with one row.
    oidc_apps.append("solo")


class NoMigrations(dict):
    def __contains__(self, app):
        return True

    def __getitem__(self, app):
        return None


settings.configure(
    SECRET_KEY="only-for-tests",
    INSTALLED_APPS=[
        "django.contrib.contenttypes",
        "django.contrib.auth",
        "rest_framework",
        "rest_framework.authtoken",
        "django_setup_configuration",
        "accounts",
        "objects_core",
        "klant_token",
        *(oidc_apps if given["oidc"] else []),
    ],
    AUTH_USER_MODEL=given.get("user_model", "accounts.User"),
    DATABASES={"default": given["database"]},
    DEFAULT_AUTO_FIELD="django.db.models.AutoField",
    PASSWORD_HASHERS=[
        "django.contrib.auth.hashers.Argon2PasswordHasher",
        "django.contrib.auth.hashers.PBKDF2PasswordHasher",
        "django.contrib.auth.hashers.PBKDF2SHA1PasswordHasher",
        "django.contrib.auth.hashers.ScryptPasswordHasher",
        "django.contrib.auth.hashers.BCryptSHA256PasswordHasher",
        "django.contrib.auth.hashers.MD5PasswordHasher",
    ],
    # All tables as they are today, at once.
    MIGRATION_MODULES=NoMigrations(),
    USE_TZ=True,
)
django.setup()

from django.contrib.auth import get_user_model  # noqa: E402
from django.contrib.auth.hashers import make_password  # noqa: E402
from django.contrib.auth.models import Group, Permission  # noqa: E402
from django.core.management import call_command  # noqa: E402
from klant_token.models import Permission as TokenPermission  # noqa: E402
from klant_token.models import TokenAuth  # noqa: E402
from objects_core.models import ObjectType  # noqa: E402
from rest_framework.authtoken.models import Token  # noqa: E402

call_command("migrate", run_syncdb=True, verbosity=0)


def permissions(names):
    found = [name.split(".") for name in names]
    return [Permission.objects.get(content_type__app_label=app, codename=codename) for app, codename in found]


for group in given["groups"]:
    Group.objects.create(name=group["name"]).permissions.set(permissions(group["permissions"]))

for person in given["users"]:
    person = dict(person)
    hasher = person.pop("hasher", "default")
    password = person.pop("password", None)
    groups = person.pop("groups", [])
    given_permissions = person.pop("permissions", [])
    hashed = person.pop("hash", None) or make_password(password, hasher=hasher)
    user = get_user_model().objects.create(password=hashed, **person)
    user.groups.set(Group.objects.filter(name__in=groups))
    user.user_permissions.set(permissions(given_permissions))

for token in given["tokens"]:
    Token.objects.create(user=get_user_model().objects.get(username=token["user"]), key=token["key"])

for uuid in given["object_types"]:
    ObjectType.objects.create(uuid=uuid, name=f"Type {uuid[:4]}")

for token in given["token_auths"]:
    token = dict(token)
    modes = token.pop("permissions", [])
    made = TokenAuth.objects.create(**token)
    for mode in modes:
        object_type = ObjectType.objects.get(uuid=mode["object_type"])
        TokenPermission.objects.create(
            token_auth=made, object_type=object_type, mode=mode["mode"], use_fields=mode.get("use_fields", False)
        )

if given["oidc"]:
    from mozilla_django_oidc_db import models

    for provider in given.get("providers", []):
        models.OIDCProvider.objects.create(**provider)
    for client in given.get("clients", []):
        client = dict(client)
        identifier = client.pop("identifier")
        provider = models.OIDCProvider.objects.filter(identifier=client.pop("provider", "")).first()
        models.OIDCClient.objects.update_or_create(
            identifier=identifier, defaults={**client, "oidc_provider": provider}
        )
    if "config" in given:
        config = dict(given["config"])
        default_groups = config.pop("default_groups", [])
        made = models.OpenIDConnectConfig(**config)
        made.save()
        made.default_groups.set(Group.objects.filter(name__in=default_groups))
