from django.db import models


class ObjectType(models.Model):
    uuid = models.UUIDField(unique=True)
    name = models.CharField(max_length=100)
