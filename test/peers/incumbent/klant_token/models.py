"""The tokens of Open Klant and the Objects API."""

from django.db import models
from objects_core.models import ObjectType


class TokenAuth(models.Model):
    identifier = models.SlugField(unique=True)
    token = models.CharField(max_length=40, unique=True)
    contact_person = models.CharField(max_length=200)
    email = models.EmailField()
    organization = models.CharField(max_length=200, blank=True)
    last_modified = models.DateTimeField(auto_now=True)
    created = models.DateTimeField(auto_now_add=True)
    application = models.CharField(max_length=200, blank=True)
    administration = models.CharField(max_length=200, blank=True)
    is_superuser = models.BooleanField(default=False)


class Permission(models.Model):
    token_auth = models.ForeignKey(TokenAuth, on_delete=models.CASCADE, related_name="permissions")
    object_type = models.ForeignKey(ObjectType, on_delete=models.CASCADE)
    mode = models.CharField(max_length=20)
    use_fields = models.BooleanField(default=False)
