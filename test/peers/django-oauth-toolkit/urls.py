from django.contrib.auth.views import LoginView
from django.http import HttpResponse
from django.template import engines
from django.urls import include, path

page = engines["django"].from_string('<form method="post">{% csrf_token %}{{ form.as_p }}<button>Sign in</button></form>')


class Login(LoginView):
    def render_to_response(self, context, **kwargs):
        return HttpResponse(page.render(context, self.request))


urlpatterns = [path("o/", include("oauth2_provider.urls")), path("login/", Login.as_view())]
