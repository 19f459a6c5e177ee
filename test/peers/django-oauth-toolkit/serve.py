"""django-oauth-toolkit as its documentation sets it up, with one person and two clients.

PEER, in JSON: port, database, key (PEM), person, redirect_uris, post_logout_uris, login, service.
"""

import json
import os
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import django
from django.conf import settings

peer = json.loads(os.environ["PEER"])

settings.configure(
    SECRET_KEY="only-for-tests",
    ALLOWED_HOSTS=["127.0.0.1"],
    ROOT_URLCONF="urls",
    INSTALLED_APPS=[
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.sessions",
        "oauth2_provider",
    ],
    MIDDLEWARE=[
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
    ],
    TEMPLATES=[
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "APP_DIRS": True,
            "OPTIONS": {"context_processors": ["django.template.context_processors.request"]},
        }
    ],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": peer["database"]}},
    USE_TZ=True,
    LOGIN_URL="/login/",
    OAUTH2_PROVIDER={
        "OIDC_ENABLED": True,
        "OIDC_RSA_PRIVATE_KEY": peer["key"],
        "OIDC_RP_INITIATED_LOGOUT_ENABLED": True,
        "OAUTH2_VALIDATOR_CLASS": "claims.Validator",
        "SCOPES": {"openid": "Sign in", "profile": "Name", "email": "E-mail address", "groups": "Groups"},
    },
)
django.setup()

from django.contrib.auth.models import Group, User  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.core.wsgi import get_wsgi_application  # noqa: E402
from oauth2_provider.models import Application  # noqa: E402


def fill():
    call_command("migrate", verbosity=0)
    if User.objects.exists():
        return
    person = peer["person"]
    user = User.objects.create_user(
        person["username"], "jan@gemeente.example", person["password"], first_name="Jan", last_name="de Vries"
    )
    user.groups.set([Group.objects.create(name="vtb-behandelaars"), Group.objects.create(name="anders")])
    for name, grant in (("login", "authorization-code"), ("service", "client-credentials")):
        Application.objects.create(
            name=name,
            client_id=peer[name]["clientId"],
            client_secret=peer[name]["clientSecret"],
            client_type="confidential",
            authorization_grant_type=grant,
            algorithm="RS256",
            skip_authorization=True,
            redirect_uris=" ".join(peer["redirect_uris"]),
            post_logout_redirect_uris=" ".join(peer["post_logout_uris"]),
        )


class Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class Handler(WSGIRequestHandler):
    def address_string(self):
        return self.client_address[0]


fill()
make_server("127.0.0.1", peer["port"], get_wsgi_application(), Server, Handler).serve_forever()
