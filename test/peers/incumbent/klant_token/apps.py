from django.apps import AppConfig


class TokenConfig(AppConfig):
    name = "klant_token"
    # The package can't have that name: Python has a module with it.
    label = "token"
