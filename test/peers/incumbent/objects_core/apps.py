from django.apps import AppConfig


class CoreConfig(AppConfig):
    name = "objects_core"
    label = "core"
