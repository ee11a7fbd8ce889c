from django.urls import path

from consent import pages

app_name = "consent"
urlpatterns = [path("withdraw", pages.withdraw, name="withdraw")]
